"""The last good answer of each provider, and its last failure: what its health goes by, after a restart too.

The attempts of a request tell them, for the provider that a row names is only the last one that was asked. They are
noted with each batch of the log, since to find them later, a long log would have to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from ccproxy.errors import Draining
from ccproxy.store.models import CLIENT_CLOSED, provider_answers, providers

NOT_THE_PROVIDER = (400, 404, 413, CLIENT_CLOSED)
"""Statuses that say nothing about the provider's health: the request was at fault, or the client left."""

# Workers write their batches in any order. In words that SQLite and PostgreSQL share: SQLAlchemy has this statement in
# dialects only, and another database's would be loaded into every worker, 2 MB.
_NOTE = text(
    "INSERT INTO provider_answers (provider, good, asked_at, ended_at, status, error_type)"
    " VALUES (:provider, :good, :asked_at, :ended_at, :status, :error_type)"
    " ON CONFLICT (provider, good) DO UPDATE SET asked_at = excluded.asked_at, ended_at = excluded.ended_at,"
    " status = excluded.status, error_type = excluded.error_type"
    " WHERE excluded.ended_at >= provider_answers.ended_at"
).bindparams(*(bindparam(column.name, type_=column.type) for column in provider_answers.columns))


def note(connection: Connection, requests: Iterable[tuple[datetime, Iterable[Mapping[str, Any]]]]) -> None:
    """Take in requests, each with its start and its attempts (as in `request_logs`)."""
    newest: dict[tuple[str, bool], tuple[datetime, datetime, Mapping[str, Any]]] = {}
    for started_at, attempts in requests:
        for attempt in attempts:
            good = attempt["error_type"] is None
            if not good and not _of_its_own(attempt["status"], attempt["error_type"]):
                continue
            which = (attempt["provider"], good)
            ended_at = started_at + timedelta(milliseconds=attempt["ended_ms"])
            known = newest.get(which)
            if known is None or known[0] <= ended_at:
                newest[which] = (ended_at, started_at, attempt)
    if newest:
        # In one order, for where rows are locked one by one, two workers could wait for each other
        connection.execute(_NOTE, [_columns(good, *newest[name, good]) for name, good in sorted(newest)])


def _columns(good: bool, ended_at: datetime, started_at: datetime, attempt: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "provider": attempt["provider"],
        "good": good,
        "asked_at": started_at + timedelta(milliseconds=attempt["started_ms"]),
        "ended_at": ended_at,
        "status": attempt["status"],
        "error_type": attempt["error_type"],
    }


def read(connection: Connection) -> dict[str, dict[str, Any]]:
    """For each provider, in their order: `last_success` (when it ended) and `last_error`; None before one.

    An error is `{time, type, status, asked}`: `time` when it ended, `asked` when that attempt had begun.
    """
    found: dict[str, dict[str, Any]] = {}
    every = select(providers.c.name, provider_answers).join_from(
        providers, provider_answers, providers.c.name == provider_answers.c.provider, isouter=True
    )
    for row in connection.execute(every.order_by(providers.c.id)):
        said = found.setdefault(row.name, {"last_success": None, "last_error": None})
        if row.good:
            said["last_success"] = row.ended_at
        elif row.good is not None:
            error = {"time": row.ended_at, "type": row.error_type, "status": row.status, "asked": row.asked_at}
            said["last_error"] = error
    return found


def _of_its_own(status: int, error_type: str) -> bool:
    """Whether it was the provider that failed, not the request, its client or this worker at its end."""
    return status not in NOT_THE_PROVIDER and (status, error_type) != (Draining.status, Draining.type)
