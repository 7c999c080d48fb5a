"""Roll-ups: what the requests of each hour and of each day come to, counted on with every batch of the log.

Only written here; `usage` reads them. A batch is added up first, for most of its rows share their hour, their key and
their model: then it costs one statement for each combination, not for each row.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, bindparam, text

from ccproxy.store.models import HISTOGRAM_MS, SUMS, key_uses, usage_days, usage_hours

if TYPE_CHECKING:
    from ccproxy.store.logbook import RequestRow

DIMENSIONS = ("key", "provider", "model", "route", "client")
"""What usage can be grouped by, besides time: columns of both roll-ups."""
HOUR = 3600
DAY = 24 * HOUR
CANCELLED = 499
"""The status of a request whose client left: nobody failed."""

_LENGTHS = {name: usage_days.c[name].type.length for name in DIMENSIONS}  # type: ignore[attr-defined] # all are String
_PLACES = {name: place for place, name in enumerate(SUMS)}
_TTFT, _DURATION = _PLACES["ttft_00"], _PLACES["duration_00"]
_COST = len(SUMS)
_TOKENS = tuple(name for name in SUMS if name.endswith("_tokens"))


def count(connection: Connection, rows: Iterable[RequestRow]) -> None:
    """Add requests to the roll-ups and to when each key was last used."""
    hours: dict[tuple[Any, ...], list[Any]] = {}
    uses: dict[str, Any] = {}
    for row in rows:
        _add(hours.setdefault(_which(row), [0] * len(SUMS) + [0.0]), row)
        if row.caller:
            name = row.caller[: _LENGTHS["key"]]
            uses[name] = max(row.started_at, uses.get(name, row.started_at))
    days: dict[tuple[Any, ...], list[Any]] = {}
    for (hour, *what), sums in hours.items():
        day = days.setdefault((hour * HOUR // DAY, *what), [0] * len(sums))
        day[:] = map(sum, zip(day, sums, strict=True))
    # In one order, for where rows are locked one by one, two workers could wait for each other
    for statement, found in zip(_ADDING[connection.dialect.name == "sqlite"], (hours, days), strict=True):
        connection.exec_driver_sql(statement, [(*which, *found[which]) for which in sorted(found)])
    if uses:
        connection.execute(_USED, [{"key": name, "last_used_at": uses[name]} for name in sorted(uses)])


def _which(row: RequestRow) -> tuple[Any, ...]:
    said = (row.caller, row.provider, row.upstream_model, row.route, row.client)
    return (
        int(row.started_at.timestamp() // HOUR),
        *((name or "")[:most] for name, most in zip(said, _LENGTHS.values(), strict=True)),
    )


def _add(sums: list[Any], row: RequestRow) -> None:
    sums[_PLACES["requests"]] += 1
    if row.status == CANCELLED:
        sums[_PLACES["cancelled"]] += 1
    elif row.error_type is not None:
        sums[_PLACES["errors"]] += 1
    if row.cost_usd is None:
        sums[_PLACES["unpriced"]] += bool(row.input_tokens or row.output_tokens)
    else:
        sums[_COST] += row.cost_usd
    sums[_PLACES["estimated"]] += row.usage_estimated
    for name in _TOKENS:
        sums[_PLACES[name]] += getattr(row, name) or 0
    # How long a failure took says nothing of how long answers take
    if row.error_type is None:
        sums[_DURATION + bisect_left(HISTOGRAM_MS, row.duration_ms)] += 1
    if row.ttft_ms is not None:
        sums[_TTFT + bisect_left(HISTOGRAM_MS, row.ttft_ms)] += 1


def _adding(table: Table, period: str, placeholder: str) -> str:
    """In words that SQLite and PostgreSQL share, as in `answers`."""
    sums = (*SUMS, "cost_usd")
    columns = (period, *DIMENSIONS, *sums)
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join([placeholder] * len(columns))})"  # noqa: S608 - words of ours
        f" ON CONFLICT ({', '.join((period, *DIMENSIONS))}) DO UPDATE SET "
        + ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in sums)
    )


# For the driver itself: there are many names and numbers in these rows, and to look at each of them SQLAlchemy takes
# longer than the database takes to count it.
_ADDING = {
    sqlite: (_adding(usage_hours, "hour", placeholder), _adding(usage_days, "day", placeholder))
    for sqlite, placeholder in ((True, "?"), (False, "%s"))
}
_USED = text(
    "INSERT INTO key_uses (key, last_used_at) VALUES (:key, :last_used_at)"
    " ON CONFLICT (key) DO UPDATE SET last_used_at = excluded.last_used_at"
    " WHERE excluded.last_used_at > key_uses.last_used_at"
).bindparams(*(bindparam(column.name, type_=column.type) for column in key_uses.columns))
