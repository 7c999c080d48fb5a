"""How much the database takes: bytes on the disk, how many of them are free, and how many requests it keeps.

All of it costs microseconds, however large it is, but for the captures: some 12 ms for 100,000.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, text

from ccproxy.store.models import captures, request_logs
from ccproxy.store.session import sqlite_path


def measure(connection: Connection) -> dict[str, Any]:
    """`{bytes, free_bytes, requests, oldest, captures, capture_bytes}`.

    `free_bytes` are inside the file and filled again before it grows; None for a database that is no file.
    `requests` goes by the first and the last number of a row, which leave no gaps but where writing was refused.
    """
    # One question each: SQLite finds one end of an index at once, and both together by reading all of it
    first, last, oldest = (
        connection.execute(select(end)).scalar()
        for end in (func.min(request_logs.c.id), func.max(request_logs.c.id), func.min(request_logs.c.started_at))
    )
    size, free = _bytes(connection)
    return {
        "bytes": size,
        "free_bytes": free,
        "requests": 0 if first is None or last is None else last - first + 1,
        "oldest": oldest,
        **captured(connection),
    }


def captured(connection: Connection) -> dict[str, int]:
    """`{captures, capture_bytes}`: how many there are and what they take."""
    number, size = connection.execute(select(func.count(), func.coalesce(func.sum(captures.c.size), 0))).one()
    return {"captures": number, "capture_bytes": int(size)}


def used_bytes(connection: Connection) -> int | None:
    """What of SQLite's file is in use. None for another database, which says nothing of what is free in it."""
    if connection.dialect.name != "sqlite":
        return None
    pages, free, size = (_pragma(connection, name) for name in ("page_count", "freelist_count", "page_size"))
    return (pages - free) * size


def _bytes(connection: Connection) -> tuple[int, int | None]:
    if connection.dialect.name != "sqlite":
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()), None
    path = sqlite_path(connection.engine.url.render_as_string(hide_password=False))
    size = sum(_size(Path(f"{path}{ending}")) for ending in ("", "-wal", "-shm"))
    return size, _pragma(connection, "freelist_count") * _pragma(connection, "page_size")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
