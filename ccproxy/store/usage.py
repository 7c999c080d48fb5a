"""What requests came to: the sums of a span of time, by key, provider, model, route, client, hour or day.

Reads the roll-ups only, so that a month of a busy team costs milliseconds: whole days from the days, what is left of
the first and the last day from the hours. Writing them is `rollups`' work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Table, cast, func, select

from ccproxy.errors import InvalidRequest
from ccproxy.store.models import HISTOGRAM_MS, SUMS, usage_days, usage_hours
from ccproxy.store.rollups import DAY, DIMENSIONS, HOUR

PERIODS = {"hour": HOUR, "day": DAY}
GROUPS = (*DIMENSIONS, *PERIODS)
"""What may be grouped by."""
HOURS_KEPT = timedelta(days=90)
"""The hours of older requests are gone (`retention`); what they came to is in the days."""
MOST_HOURS = 7 * 24 + 1
"""How many hours one question may ask for one by one: a week up to now. Each has a row for every key with its models
and clients, so a month of them would be as long as a log."""
MOST_ROWS = 5_000

_COUNTS = SUMS[: SUMS.index("ttft_00")]
_BUCKETS = {
    name: slice(SUMS.index(f"{name}_00"), SUMS.index(f"{name}_00") + len(HISTOGRAM_MS) + 1)
    for name in ("ttft", "duration")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Requests that began from `since` until before `until`, both aware; `where` holds names that must be the same.

    Widened to whole hours (days, where no hours are kept): what is finer is not in the roll-ups.
    """

    since: datetime
    until: datetime
    by: tuple[str, ...] = ()
    where: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The sums of each group, in the groups' order, and of all together; `since` and `until` are what was looked at.

    A row has the group's values (a time is the beginning of its hour or day), whole numbers as in `models.SUMS`,
    `cost_usd` of what has a known price, and percentiles in milliseconds, None where nothing was measured.
    """

    since: datetime
    until: datetime
    rows: list[dict[str, Any]]
    totals: dict[str, Any]


def ask(connection: Connection, question: Question, now: datetime) -> Answer:
    """The answer. Raises InvalidRequest for more hours or rows than one answer may have, or hours that are gone."""
    since, until = _widened(question, now)
    found: dict[tuple[Any, ...], list[Any]] = {}
    for table, first, last in _spans(since, until, question.by):
        for group, sums in _read(connection, table, first, last, question):
            known = found.get(group)
            found[group] = sums if known is None else [*map(sum, zip(known, sums, strict=True))]
    if len(found) > MOST_ROWS:
        raise InvalidRequest(f"group_by: comes to more than {MOST_ROWS:,} rows; ask for a shorter time or fewer groups")
    rows = [_named(question.by, group) | _shown(found[group]) for group in sorted(found)]
    totals = [0] * len(SUMS) + [0.0]
    for sums in found.values():
        totals[:] = map(sum, zip(totals, sums, strict=True))
    return Answer(since=since, until=until, rows=rows, totals=_shown(totals))


def _widened(question: Question, now: datetime) -> tuple[datetime, datetime]:
    since, until = _down(question.since, HOUR), _up(question.until, HOUR)
    if "hour" in question.by:
        if until - since > timedelta(hours=MOST_HOURS):
            days = MOST_HOURS // 24
            raise InvalidRequest(f"group_by: hour by hour at most {days} days can be told; group by day instead")
        if since < _up(now - HOURS_KEPT, HOUR):
            raise InvalidRequest(f"group_by: hours are kept for {HOURS_KEPT.days} days; group by day instead")
    elif since < _up(now - HOURS_KEPT, HOUR):
        since = _down(since, DAY)
        until = until if until > now - HOURS_KEPT else _up(until, DAY)
    return since, until


def _spans(since: datetime, until: datetime, by: Sequence[str]) -> list[tuple[Table, int, int]]:
    """Which periods of which table, from the first until before the last."""
    first, last = int(since.timestamp()), int(until.timestamp())
    first_day, last_day = -(-first // DAY), last // DAY
    if "hour" in by or first_day >= last_day:
        spans = [(usage_hours, first // HOUR, last // HOUR)]
    else:
        spans = [
            (usage_hours, first // HOUR, first_day * 24),
            (usage_days, first_day, last_day),
            (usage_hours, last_day * 24, last // HOUR),
        ]
    return [span for span in spans if span[1] < span[2]]


def _read(
    connection: Connection, table: Table, first: int, last: int, question: Question
) -> list[tuple[tuple[Any, ...], list[Any]]]:
    period = table.c.hour if table is usage_hours else table.c.day
    groups = [_group(table, name) for name in question.by]
    query = (
        select(*groups, *(cast(func.sum(table.c[name]), BigInteger) for name in SUMS), func.sum(table.c.cost_usd))
        .where(period >= first, period < last, *(table.c[name] == value for name, value in question.where.items()))
        .group_by(*groups)
        .having(func.sum(table.c.requests) > 0)  # without a group there would be one of nothing
        .limit(MOST_ROWS + 1)
    )
    width = len(groups)
    return [(tuple(row[:width]), list(row[width:])) for row in connection.execute(query)]


def _group(table: Table, name: str) -> Any:
    if name == "day" and table is usage_hours:
        return table.c.hour // 24
    return table.c[name]


def _named(by: Sequence[str], group: Sequence[Any]) -> dict[str, Any]:
    return {
        name: datetime.fromtimestamp(value * PERIODS[name], UTC) if name in PERIODS else value
        for name, value in zip(by, group, strict=True)
    }


def _shown(sums: Sequence[Any]) -> dict[str, Any]:
    shown: dict[str, Any] = dict(zip(_COUNTS, sums, strict=False))
    shown["cost_usd"] = round(sums[-1], 9)
    for name, place in _BUCKETS.items():
        buckets = sums[place]
        shown[f"{name}_p50_ms"] = percentile(buckets, 50)
        shown[f"{name}_p95_ms"] = percentile(buckets, 95)
    return shown


def percentile(buckets: Sequence[int], percent: int) -> float | None:
    """Milliseconds that so many percent stay below, spread evenly inside the bucket where it lies.

    Above the last bound nothing is known but that: the bound itself. None where nothing was counted.
    """
    rank = sum(buckets) * percent / 100
    if not rank:
        return None
    below = 0
    for place, count in enumerate(buckets[:-1]):
        if below + count >= rank:
            lower = HISTOGRAM_MS[place - 1] if place else 0
            return round(lower + (HISTOGRAM_MS[place] - lower) * (rank - below) / count, 1)
        below += count
    return float(HISTOGRAM_MS[-1])


def _down(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def _up(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(-(-moment.timestamp() // seconds) * seconds, UTC)
