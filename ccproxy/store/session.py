"""Engines: how the database is opened, and with which promises.

SQLite: the file and its folder belong to their owner alone; WAL, so that readers and the writer do not wait for each
other; transactions are ours, not the driver's, so that a write can take its lock at its beginning (`BEGIN IMMEDIATE`)
instead of failing halfway when it asks for more. Any other SQLAlchemy URL is opened as it is; its driver is the
operator's to install.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from ccproxy.errors import SettingsError

WRITE_SECONDS = 5.0
"""How long a writing transaction waits for SQLite's lock. Another process holds it for milliseconds."""
READ_SECONDS = 0.25
"""How long a reader waits. Under WAL it hardly ever has to, and it does so on the hub."""

_WRITE = "ccproxy_write"
_WAIT = "ccproxy_wait"


def open_engine(url: str) -> Engine:
    """An engine for `url`; no connection is opened yet.

    SQLite connections are not pooled: opening one costs some 0.2 ms, and a pool's locks would tie native threads and
    greenlets together and its connections would cross a fork.

    Raises SettingsError for a URL that cannot be used.
    """
    parsed = _parse(url)
    path = sqlite_path(url)
    if path is None:
        try:
            return create_engine(parsed, pool_pre_ping=True)
        except ImportError as error:
            raise SettingsError(
                f"CCPROXY_DATABASE_URL: the driver of {parsed.drivername} is not installed ({error})"
            ) from None
    engine = create_engine(
        parsed.set(database=str(path)),
        poolclass=NullPool,
        # Connections move between greenlets and the writer's thread, one user at a time.
        connect_args={"check_same_thread": False, "timeout": READ_SECONDS},
    )
    _listen(engine, path)
    return engine


def write_engine(engine: Engine, wait: float | None = None) -> Engine:
    """The same engine for writing: its transactions take SQLite's write lock at once.

    They wait for it for `wait` seconds, WRITE_SECONDS where nothing is said.
    """
    return engine.execution_options(**{_WRITE: True, _WAIT: wait})


def sqlite_path(url: str) -> Path | None:
    """The absolute path of a SQLite URL's file, None for another database.

    Raises SettingsError where SQLite is given no file: a database in memory is a different one for each worker.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    name = parsed.database or ""
    if not name or name == ":memory:" or name.startswith("file:"):
        raise SettingsError(f"CCPROXY_DATABASE_URL: {url!r} names no file; allowed: sqlite:///PATH or postgresql://…")
    return Path(name).absolute()


def make_private_folder(folder: Path) -> None:
    """Create the folder with mode 700; one that exists keeps its mode, it may be shared on purpose."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # its text repeats the URL, which may hold a password
        raise SettingsError(
            "CCPROXY_DATABASE_URL: not a database URL; allowed: sqlite:///PATH or postgresql://…"
        ) from None


def _listen(engine: Engine, path: Path) -> None:
    @event.listens_for(engine, "do_connect")
    def _before_connect(*_: Any) -> None:
        try:
            _make_private_file(path)
        except OSError as error:  # too many open files, a volume that is away: who asks knows what to do without it
            raise sqlite3.OperationalError(f"unable to open database file: {error}") from error

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver would open transactions by itself, deferred, and only before some statements.
        connection.isolation_level = None
        _set_pragmas(connection)

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(_WRITE, False):
            wait = options.get(_WAIT)
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {int((WRITE_SECONDS if wait is None else wait) * 1000)}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")


def _make_private_file(path: Path) -> None:
    """SQLite gives `-wal` and `-shm` the mode of the database, so it has to be right before the first connection."""
    make_private_folder(path.parent)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        status = path.stat()
        if status.st_mode & 0o077 and status.st_uid == os.geteuid():
            path.chmod(0o600)


def _set_pragmas(connection: sqlite3.Connection) -> None:
    _use_wal(connection)
    # In WAL mode NORMAL can lose the last commits in a power cut, never the database.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    """WAL is kept in the file, so all but the first connection only read it.

    The switch needs the file alone and does not wait for it as other statements do, hence the loop. A file system
    that cannot do WAL leaves the journal as it is: slower, not wrong.
    """
    deadline = time.monotonic() + WRITE_SECONDS
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchall() != [("wal",)]:
                connection.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
