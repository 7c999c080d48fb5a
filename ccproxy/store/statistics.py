"""What the request log says about how things go: over all workers, and over restarts.

Every query is bounded by an index or a row count, so a long log costs no more than a short one.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, or_, select
from sqlalchemy.exc import SQLAlchemyError

from ccproxy.errors import Draining
from ccproxy.store import version
from ccproxy.store.models import providers, request_logs, request_totals

LATENCY_ROWS = 1_000
"""How many of the latest requests the latencies are taken from."""
NOT_THE_PROVIDER = (400, 404, 413, 499)
"""Statuses that say nothing about the provider's health: the request was at fault, or the client left."""


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
        """For each provider: `last_success` (a datetime) and `last_error` (`{time, type, status}`), None before one.

        Errors that only say that a request was wrong, that its client left or that its worker ended, do not count.
        """
        with self._engine.connect() as connection:
            names = connection.execute(select(providers.c.name).order_by(providers.c.id)).scalars().all()
            return {name: _health(connection, name) for name in names}

    def database_ok(self) -> bool:
        """Whether the database can be read."""
        try:
            with self._engine.connect() as connection:
                version.read(connection)
        except (SQLAlchemyError, OSError):
            return False
        return True


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


def _health(connection: Connection, name: str) -> dict[str, Any]:
    success = connection.execute(_latest(name, request_logs.c.error_type.is_(None)).limit(1)).first()
    # The status is looked at only in the newest of a provider's errors, or clients' mistakes could make this read all.
    errors = _latest(name, request_logs.c.error_type.is_not(None)).limit(LATENCY_ROWS).subquery()
    not_drained = or_(errors.c.status != Draining.status, errors.c.error_type != Draining.type)
    of_its_own = errors.c.status.not_in(NOT_THE_PROVIDER)
    error = connection.execute(select(errors).where(of_its_own, not_drained).limit(1)).first()
    return {
        "last_success": success.started_at if success else None,
        "last_error": {"time": error.started_at, "type": error.error_type, "status": error.status} if error else None,
    }


def _latest(name: str, outcome: ColumnElement[bool]) -> Select[Any, Any, Any]:
    """The provider's requests of that outcome, newest first; there is an index for each of the two outcomes."""
    return (
        select(request_logs.c.started_at, request_logs.c.status, request_logs.c.error_type)
        .where(request_logs.c.provider == name, outcome)
        .order_by(request_logs.c.started_at.desc())
    )
