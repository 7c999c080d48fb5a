"""What requests came to: the sums of a span of time, by key, provider, model, route, client, minute, hour or day.

Reads the roll-ups, so that a month of a busy team costs milliseconds: whole days from the days, what is left of the
first and the last day from the hours. Only single minutes are added up from the log, by `minutes`. Writing the roll-ups
is `rollups`' work.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Integer, Table, cast, func, literal_column, select

from ccproxy.errors import InvalidRequest
from ccproxy.store import minutes
from ccproxy.store.minutes import MINUTE
from ccproxy.store.models import HISTOGRAM_MS, SUMS, usage_days, usage_hours, usage_hours_by
from ccproxy.store.rollups import DAY, DIMENSIONS, HOUR

PERIODS = {"minute": MINUTE, "hour": HOUR, "day": DAY}
GROUPS = (*DIMENSIONS, *PERIODS)
"""What may be grouped by."""
HOURS_KEPT = timedelta(days=90)
"""The hours of older requests are gone (`retention`); what they came to is in the days."""
MOST_MINUTES = timedelta(hours=3)
MOST_HOURS = timedelta(days=31)
MOST_MIXED_HOURS = timedelta(days=7)
"""How much time one question may ask for minute by minute, and hour by hour: by one kind of name at most, and by
several. Sums of an hour by one kind are kept as such; by several they are added up from each combination of names."""
MOST_ROWS = 5_000

_COUNTS = SUMS[: SUMS.index("ttft_00")]
_BUCKETS = {
    name: slice(SUMS.index(f"{name}_00"), SUMS.index(f"{name}_00") + len(HISTOGRAM_MS) + 1)
    for name in ("ttft", "duration")
}

Group = tuple[Any, ...]
Span = tuple[Table, int, int]
"""Periods of a roll-up, from the first until before the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Requests that began from `since` until before `until`, both aware; `where` holds names that must be the same.

    Widened to whole hours (days, where no hours are kept): what is finer is not in the roll-ups. Minute by minute, or
    where it is to be `fine`, it is whole minutes; what is fine has no hours or days in `by`.
    """

    since: datetime
    until: datetime
    by: tuple[str, ...] = ()
    where: Mapping[str, str]
    fine: bool = False

    @property
    def minutely(self) -> bool:
        """Whether the log has to answer it."""
        return self.fine or "minute" in self.by

    @property
    def names(self) -> tuple[str, ...]:
        """The kinds of names it is about."""
        return tuple(name for name in DIMENSIONS if name in self.by or name in self.where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The sums of each group, in the groups' order, and of all together; `since` and `until` are what was looked at.

    A row has the group's values (a time is the beginning of its minute, hour or day), whole numbers as in
    `models.SUMS`, `cost_usd` of what has a known price, and percentiles in milliseconds, None where nothing was
    measured.
    """

    since: datetime
    until: datetime
    rows: list[dict[str, Any]]
    totals: dict[str, Any]


def ask(connection: Connection, question: Question, now: datetime) -> Answer:
    """The answer. Raises InvalidRequest for more time or rows than one answer may have, or hours that are gone."""
    since, until = _widened(question, now)
    found: dict[Group, Sequence[Any]] = {}
    for group, sums in _found(connection, question, since, until):
        known = found.get(group)
        found[group] = sums if known is None else [*map(sum, zip(known, sums, strict=True))]
        if len(found) > MOST_ROWS:
            raise InvalidRequest(
                f"group_by: comes to more than {MOST_ROWS:,} rows; ask for a shorter time or fewer groups"
            )
    rows = [_named(question.by, group) | _shown(found[group]) for group in sorted(found)]
    totals = [sum(column) for column in zip(*found.values(), strict=True)] or [0] * len(SUMS) + [0.0]
    return Answer(since=since, until=until, rows=rows, totals=_shown(totals))


def _widened(question: Question, now: datetime) -> tuple[datetime, datetime]:
    unit = MINUTE if question.minutely else HOUR
    since, until = _down(question.since, unit), _up(question.until, unit)
    if question.minutely:
        _refuse_beyond(MOST_MINUTES, MINUTE, until - since, "minute by minute at most 3 hours can be told")
    elif "hour" in question.by:
        _refuse_beyond(MOST_HOURS, HOUR, until - since, "hour by hour at most 31 days can be told")
        if len(question.names) > 1:
            words = f"hour by hour at most 7 days can be told by {' and '.join(question.names)} at once"
            _refuse_beyond(MOST_MIXED_HOURS, HOUR, until - since, words)
        if since < _up(now - HOURS_KEPT, HOUR):
            raise InvalidRequest(f"group_by: hours are kept for {HOURS_KEPT.days} days; group by day instead")
    elif since < _up(now - HOURS_KEPT, HOUR):
        since = _down(since, DAY)
        until = until if _down(until, DAY) >= _up(now - HOURS_KEPT, HOUR) else _up(until, DAY)
    return since, until


def _refuse_beyond(most: timedelta, unit: int, asked: timedelta, words: str) -> None:
    """One unit more than the most may be asked for: a span up to now hardly ever begins with one."""
    if asked > most + timedelta(seconds=unit):
        raise InvalidRequest(f"group_by: {words}; ask for a shorter time or longer periods")


def _found(
    connection: Connection, question: Question, since: datetime, until: datetime
) -> Iterable[tuple[Group, Sequence[Any]]]:
    if question.minutely:
        yield from minutes.read(connection, since, until, question.by, question.where, MOST_ROWS + 1)
        return
    for span in _spans(since, until, question):
        yield from _read(connection, span, question)


def _spans(since: datetime, until: datetime, question: Question) -> list[Span]:
    hours = usage_hours if len(question.names) > 1 else usage_hours_by
    first, last = int(since.timestamp()), int(until.timestamp())
    first_day, last_day = -(-first // DAY), last // DAY
    if "hour" in question.by or first_day >= last_day:
        spans = [(hours, first // HOUR, last // HOUR)]
    else:
        spans = [
            (hours, first // HOUR, first_day * 24),
            (usage_days, first_day, last_day),
            (hours, last_day * 24, last // HOUR),
        ]
    return [span for span in spans if span[1] < span[2]]


def _read(connection: Connection, span: Span, question: Question) -> Iterable[tuple[Group, Sequence[Any]]]:
    table, first, last = span
    period = table.c.day if table is usage_days else table.c.hour
    columns = _columns(table, question.names)
    groups = [columns[name] for name in question.by]
    where = [period >= first, period < last, *(columns[name] == value for name, value in question.where.items())]
    if table is usage_hours_by:
        where.append(table.c.dimension == "".join(question.names))
    sums = [table.c[name] for name in (*SUMS, "cost_usd")]
    if table is usage_hours_by and "hour" in question.by:
        query = select(*groups, *sums).where(*where)  # each row is a group, and found in time however many there are
    else:
        added = [cast(func.sum(one), one.type) for one in sums]
        some = func.sum(table.c.requests) > 0  # without a group there would be one of nothing
        query = select(*groups, *added).where(*where).group_by(*groups).having(some)
    width = len(groups)
    return ((tuple(row[:width]), row[width:]) for row in connection.execute(query.limit(MOST_ROWS + 1)))


def _columns(table: Table, names: Sequence[str]) -> dict[str, Any]:
    """What a roll-up has for the words of a question."""
    if table is usage_days:
        return dict(table.c)
    hours = {"hour": table.c.hour, "day": table.c.hour // literal_column("24", Integer())}
    if table is usage_hours_by:
        return {**hours, **dict.fromkeys(names, table.c.name)}
    return {**dict(table.c), **hours}


def _named(by: Sequence[str], group: Group) -> dict[str, Any]:
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
    reached = [*accumulate(buckets)]
    rank = reached[-1] * percent / 100
    if not rank:
        return None
    place = bisect_left(reached, rank)
    if place == len(HISTOGRAM_MS):
        return float(HISTOGRAM_MS[-1])
    lower = HISTOGRAM_MS[place - 1] if place else 0
    below = reached[place] - buckets[place]
    return round(lower + (HISTOGRAM_MS[place] - lower) * (rank - below) / buckets[place], 1)


def _down(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def _up(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(-(-moment.timestamp() // seconds) * seconds, UTC)
