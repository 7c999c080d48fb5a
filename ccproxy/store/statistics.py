"""What the request log says about how things go: over all workers, and over restarts.

Every query is bounded by an index or a row count, so a long log costs no more than a short one.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from ccproxy.store import answers, version
from ccproxy.store.models import request_logs, request_totals

LATENCY_ROWS = 1_000
"""How many of the latest requests the latencies are taken from."""


class Statistics:
    """Read-only questions to the database; each opens a connection and gives it back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def performance(self) -> dict[str, dict[str, Any]]:
        """`{"requests": {total, success, failed}, "latency": {avg_ms, p50_ms, p95_ms, p99_ms}}`.

        Requests are counted from the first start on; latencies are those of the successes among the last
        LATENCY_ROWS requests, None without one.
        """
        with self._engine.connect() as connection:
            total, failed = connection.execute(select(request_totals.c.total, request_totals.c.failed)).one()
            durations = _durations(connection)
        return {
            "requests": {"total": total, "success": total - failed, "failed": failed},
            "latency": {
                "avg_ms": round(sum(durations) / len(durations), 1) if durations else None,
                "p50_ms": _percentile(durations, 50),
                "p95_ms": _percentile(durations, 95),
                "p99_ms": _percentile(durations, 99),
            },
        }

    def provider_health(self) -> dict[str, dict[str, Any]]:
        """For each provider: `last_success` and `last_error` (`answers.read`), None before one.

        Errors that only say that a request was wrong, that its client left or that its worker ended, do not count.
        """
        with self._engine.connect() as connection:
            return answers.read(connection)

    def database_ok(self) -> bool:
        """Whether the database can be read."""
        try:
            with self._engine.connect() as connection:
                version.read(connection)
        except SQLAlchemyError:
            return False
        return True

    def database_bytes(self) -> int | None:
        """What the database takes on the disk, with its `-wal` and `-shm` files; None where it is none of files."""
        name = self._engine.url.database
        if self._engine.dialect.name != "sqlite" or name is None:
            return None
        return sum(_size(Path(f"{name}{suffix}")) for suffix in ("", "-wal", "-shm"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # SQLite removes them with its last connection
        return 0


def _durations(connection: Connection) -> list[float]:
    last = (
        select(request_logs.c.duration_ms, request_logs.c.error_type)
        .order_by(request_logs.c.id.desc())
        .limit(LATENCY_ROWS)
        .subquery()
    )
    rows = connection.execute(select(last.c.duration_ms).where(last.c.error_type.is_(None))).scalars()
    return sorted(rows)


def _percentile(ordered: list[float], percent: int) -> float | None:
    """The nearest rank: a duration that really was measured."""
    if not ordered:
        return None
    return round(ordered[ceil(len(ordered) * percent / 100) - 1], 1)
