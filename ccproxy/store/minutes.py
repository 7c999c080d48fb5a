"""What the requests of some minutes came to, added up from the log: no roll-up is as fine.

The answer of `usage` where minutes are asked for, or a span that is exact to the minute; only it knows what may be
asked. Names are those of the log, cut as the roll-ups cut them, so they are not bounded as those are (`ways`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    case,
    cast,
    func,
    literal_column,
    select,
    text,
)

from ccproxy.errors import InvalidRequest
from ccproxy.store.models import CLIENT_CLOSED, HISTOGRAM_MS, SUMS, request_logs, usage_days

MINUTE = 60
MOST_REQUESTS = 200_000
"""Requests that one answer may look at."""

_NAMES = {"key": "caller", "provider": "provider", "model": "upstream_model", "route": "route", "client": "client"}
_INDEXES = {"key": "ix_request_logs_caller_started_at", "provider": "ix_request_logs_provider_started_at"}
_INDEX = "ix_request_logs_started_at"
_TOKENS = tuple(name for name in SUMS if name.endswith("_tokens"))
# Columns without their table, for the table is written with its index
_C = {column.name: literal_column(column.name, column.type) for column in request_logs.columns}
_EPOCH = {
    "sqlite": "CAST(strftime('%s', started_at) AS INTEGER)",
    "postgresql": "CAST(floor(extract(epoch FROM started_at)) AS INTEGER)",
}


def read(
    connection: Connection,
    since: datetime,
    until: datetime,
    by: Sequence[str],
    where: Mapping[str, str],
    limit: int,
) -> Iterator[tuple[tuple[Any, ...], Sequence[Any]]]:
    """At most `limit` groups with their sums, a minute as its number since 1970; the sums are those of a roll-up.

    Raises InvalidRequest for more than MOST_REQUESTS.
    """
    indexed = next((name for name in _INDEXES if name in where), None)
    begun = [_C["started_at"] >= since, _C["started_at"] < until]
    if indexed is not None:
        begun.append(_C[_NAMES[indexed]] == where[indexed])
    index = _INDEXES.get(indexed or "", _INDEX)
    source = text(f"request_logs INDEXED BY {index}" if connection.dialect.name == "sqlite" else "request_logs")
    # In the index alone, so that it costs nothing where the answer is no
    looked_at = select(_C["started_at"]).select_from(source).where(*begun).limit(MOST_REQUESTS + 1).subquery()
    if connection.execute(select(func.count()).select_from(looked_at)).scalar_one() > MOST_REQUESTS:
        raise InvalidRequest(
            f"group_by: minute by minute at most {MOST_REQUESTS:,} requests can be told; ask for a shorter time"
        )
    others = [_C[_NAMES[name]] == value for name, value in where.items() if name != indexed]
    log = _measured(connection.dialect.name).select_from(source).where(*begun, *others).limit(MOST_REQUESTS).subquery()
    groups = [log.c[name] for name in by]
    width = len(groups)
    some = func.count() > 0  # without a group there would be one of nothing
    for row in connection.execute(select(*groups, *_sums(log)).group_by(*groups).having(some).limit(limit)):
        yield tuple(row[:width]), row[width:]


def _measured(dialect: str) -> Select[Any]:
    """Of each request what is added up, its buckets found once. Its limit keeps SQLite from doing that for each sum."""
    epoch = literal_column(_EPOCH[dialect], Integer())
    names = (
        func.substr(func.coalesce(_C[column], ""), 1, usage_days.c[name].type.length).label(name)  # type: ignore[attr-defined] # all are String
        for name, column in _NAMES.items()
    )
    return select(
        (epoch // MINUTE).label("minute"),
        *names,
        *(_C[name] for name in ("status", "error_type", "cost_usd", "usage_estimated")),
        *(_C[name] for name in _TOKENS),
        case((_C["ttft_ms"].is_not(None), _bucket(_C["ttft_ms"]))).label("ttft"),
        case((_C["error_type"].is_(None), _bucket(_C["duration_ms"]))).label("duration"),
    )


def _bucket(measured: ColumnElement[Any]) -> ColumnElement[int]:
    return case(*((measured <= most, place) for place, most in enumerate(HISTOGRAM_MS)), else_=len(HISTOGRAM_MS))


def _sums(log: Subquery) -> Iterator[ColumnElement[Any]]:
    """In the order of a roll-up's columns, as `rollups` counts them."""
    cancelled = log.c.status == CLIENT_CLOSED
    used = (log.c.input_tokens > 0) | (log.c.output_tokens > 0)
    counts = {
        "requests": None,
        "errors": log.c.error_type.is_not(None) & ~cancelled,
        "cancelled": cancelled,
        "unpriced": log.c.cost_usd.is_(None) & used,
        "estimated": log.c.usage_estimated,
    }
    for name in SUMS:
        if name in counts:
            yield _count(counts[name])
        elif name in _TOKENS:
            yield cast(func.coalesce(func.sum(log.c[name]), 0), BigInteger)
        else:
            measured, _, bucket = name.partition("_")
            yield _count(log.c[measured] == int(bucket))
    yield func.coalesce(func.sum(log.c.cost_usd), 0.0)


def _count(condition: ColumnElement[bool] | None) -> ColumnElement[int]:
    return func.count() if condition is None else func.count(case((condition, 1)))
