"""Roll-ups: what the requests of each hour and of each day come to, counted on with every batch of the log.

Only written here; `usage` reads them. A batch is added up first, for most of its rows share their hour, their key and
their model: then it costs one statement for each combination, not for each row. Which names are taken is for `ways`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, bindparam, text

from ccproxy.store import ways
from ccproxy.store.models import CLIENT_CLOSED, HISTOGRAM_MS, SUMS, key_uses, usage_days, usage_hours, usage_hours_by
from ccproxy.store.ways import OTHER

if TYPE_CHECKING:
    from ccproxy.store.logbook import RequestRow

DIMENSIONS = ("key", "provider", "model", "route", "client")
"""What usage can be grouped by, besides time: columns of both roll-ups."""
HOUR = 3600
DAY = 24 * HOUR

UNKNOWN = 404
"""The status where a provider does not know the model: any word may stand there."""

_LENGTHS = tuple(usage_days.c[name].type.length for name in DIMENSIONS)  # type: ignore[attr-defined] # all are String
_PLACES = {name: place for place, name in enumerate(SUMS)}
_TTFT, _DURATION = _PLACES["ttft_00"], _PLACES["duration_00"]
_COST = len(SUMS)
_TOKENS = tuple((_PLACES[name], attrgetter(name)) for name in SUMS if name.endswith("_tokens"))

Added = list[tuple[int, Any]]
"""What is added to which place of the sums."""


def count(connection: Connection, rows: Iterable[RequestRow]) -> None:
    """Add requests to the roll-ups and to when each key was last used."""
    counted: dict[tuple[Any, ...], Added] = defaultdict(list)
    uses: dict[str, datetime] = {}
    for row in rows:
        counted[_which(row)] += _added(row)
        if row.caller:
            name = row.caller[: _LENGTHS[0]]
            uses[name] = max(row.started_at, uses.get(name, row.started_at))
    known = ways.read(connection, ((hour * HOUR // DAY, key) for hour, key, *_ in counted))
    hours, days, by = (defaultdict[tuple[Any, ...], list[Any]](lambda: [0] * _COST + [0.0]) for _ in range(3))
    for (hour, key, *way), added in counted.items():
        day = hour * HOUR // DAY
        what = (key, *known[day, key].take((*way,)))
        alone = (by[hour, dimension, name] for dimension, name in zip(("", *DIMENSIONS), ("", *what), strict=True))
        for sums in (hours[(hour, *what)], days[(day, *what)], *alone):
            for place, amount in added:
                sums[place] += amount
    # In one order, for where rows are locked one by one, two workers could wait for each other
    for statement, found in zip(_ADDING[connection.dialect.name == "sqlite"], (hours, days, by), strict=True):
        connection.exec_driver_sql(statement, [(*which, *found[which]) for which in sorted(found)])
    note_uses(connection, uses)


def note_uses(connection: Connection, uses: Mapping[str, datetime]) -> None:
    """When keys were used, by their names; an earlier moment than the one that is known changes nothing."""
    if uses:
        connection.execute(_USED, [{"key": name, "last_used_at": uses[name]} for name in sorted(uses)])


def _which(row: RequestRow) -> tuple[Any, ...]:
    model = row.upstream_model and (OTHER if row.status == UNKNOWN else row.upstream_model)
    said = (row.caller, row.provider, model, row.route, row.client)
    hour = int(row.started_at.timestamp() // HOUR)
    return (hour, *((name or "")[:most] for name, most in zip(said, _LENGTHS, strict=True)))


def _added(row: RequestRow) -> Added:
    added: Added = [(_PLACES["requests"], 1)]
    if row.status == CLIENT_CLOSED:
        added.append((_PLACES["cancelled"], 1))
    elif row.error_type is not None:
        added.append((_PLACES["errors"], 1))
    if row.cost_usd is not None:
        added.append((_COST, row.cost_usd))
    elif row.unpriced:
        added.append((_PLACES["unpriced"], 1))
    if row.usage_estimated:
        added.append((_PLACES["estimated"], 1))
    added += [(place, tokens) for place, of in _TOKENS if (tokens := of(row))]
    # How long a failure took says nothing of how long answers take
    if row.error_type is None:
        added.append((_DURATION + bisect_left(HISTOGRAM_MS, row.duration_ms), 1))
    if row.ttft_ms is not None:
        added.append((_TTFT + bisect_left(HISTOGRAM_MS, row.ttft_ms), 1))
    return added


def _adding(table: Table, placeholder: str) -> str:
    """In words that SQLite and PostgreSQL share, as in `answers`."""
    which = [column.name for column in table.primary_key.columns]
    sums = (*SUMS, "cost_usd")
    columns = (*which, *sums)
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join([placeholder] * len(columns))})"  # noqa: S608 - words of ours
        f" ON CONFLICT ({', '.join(which)}) DO UPDATE SET "
        + ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in sums)
    )


# For the driver itself: there are many names and numbers in these rows, and to look at each of them SQLAlchemy takes
# longer than the database takes to count it.
_ADDING = {
    sqlite: tuple(_adding(table, placeholder) for table in (usage_hours, usage_days, usage_hours_by))
    for sqlite, placeholder in ((True, "?"), (False, "%s"))
}
_USED = text(
    "INSERT INTO key_uses (key, last_used_at) VALUES (:key, :last_used_at)"
    " ON CONFLICT (key) DO UPDATE SET last_used_at = excluded.last_used_at"
    " WHERE excluded.last_used_at > key_uses.last_used_at"
).bindparams(*(bindparam(column.name, type_=column.type) for column in key_uses.columns))
