"""Sums of a span of time against the same sums taken from the requests themselves."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete

from ccproxy.errors import InvalidRequest
from ccproxy.store import usage as module
from ccproxy.store.logbook import RequestRow
from ccproxy.store.models import HISTOGRAM_MS, usage_hours
from ccproxy.store.rollups import count
from ccproxy.store.session import write_engine
from ccproxy.store.usage import Answer, Question, ask, percentile

NOW = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def requests(number: int = 600, days: float = 40) -> list[RequestRow]:
    chance = random.Random(3)
    return [
        RequestRow(
            request_id=str(n),
            started_at=NOW - timedelta(days=chance.random() * days),
            caller=chance.choice(["ann", "bob", None]),
            provider=chance.choice(["groq", "openai"]),
            upstream_model=chance.choice(["a", "b"]),
            status=200,
            input_tokens=chance.randrange(1000),
            cost_usd=0.5,
            duration_ms=chance.randrange(10_000),
        )
        for n in range(number)
    ]


@pytest.fixture
def filled(engine: Engine) -> Engine:
    with write_engine(engine).begin() as connection:
        count(connection, requests())
    return engine


def asked(engine: Engine, since: datetime, until: datetime = NOW, now: datetime = NOW, **rest: Any) -> Answer:
    with engine.connect() as connection:
        return ask(connection, Question(since=since, until=until, **{"where": {}, **rest}), now)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NOW - 30 * DAY, NOW),
        (NOW - DAY, NOW),
        (NOW - timedelta(hours=5), NOW),
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)),
        (datetime(2026, 3, 1, 23, tzinfo=UTC), datetime(2026, 3, 2, 1, tzinfo=UTC)),
        (datetime(2026, 3, 1, 23, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)),
        (datetime(2026, 3, 1, 5, tzinfo=UTC), datetime(2026, 3, 1, 7, tzinfo=UTC)),
    ],
)
def test_a_span_is_whole_days_and_the_hours_around_them(filled: Engine, since: datetime, until: datetime) -> None:
    answer = asked(filled, since, until, by=("key", "day"))
    inside = [one for one in requests() if answer.since <= one.started_at < answer.until]
    wanted = Counter(
        (one.caller or "", one.started_at.replace(hour=0, minute=0, second=0, microsecond=0)) for one in inside
    )
    assert {(row["key"], row["day"]): row["requests"] for row in answer.rows} == wanted
    assert answer.totals["requests"] == len(inside)
    assert answer.totals["input_tokens"] == sum(one.input_tokens or 0 for one in inside)
    assert answer.totals["cost_usd"] == pytest.approx(len(inside) / 2)


def test_what_is_looked_at_are_whole_hours_and_the_answer_says_which(filled: Engine) -> None:
    answer = asked(filled, NOW - DAY)
    assert (answer.since, answer.until) == (NOW - DAY - timedelta(minutes=30), NOW + timedelta(minutes=30))


def test_filters_choose(filled: Engine) -> None:
    where = {"key": "ann", "model": "a"}
    answer = asked(filled, NOW - 50 * DAY, where=where, by=("provider",))
    inside = [one for one in requests() if one.caller == "ann" and one.upstream_model == "a"]
    assert {row["provider"]: row["requests"] for row in answer.rows} == Counter(one.provider for one in inside)
    assert asked(filled, NOW - 50 * DAY, where={"key": "nobody"}).rows == []
    assert asked(filled, NOW - 50 * DAY, where={"key": "nobody"}).totals["requests"] == 0


def test_hour_by_hour(filled: Engine) -> None:
    answer = asked(filled, NOW - 7 * DAY, by=("hour",))
    inside = [one for one in requests() if answer.since <= one.started_at < answer.until]
    hours = Counter(one.started_at.replace(minute=0, second=0, microsecond=0) for one in inside)
    assert {row["hour"]: row["requests"] for row in answer.rows} == hours
    assert [row["hour"] for row in answer.rows] == sorted(hours)


def test_days_stay_when_their_hours_are_gone(filled: Engine) -> None:
    later = NOW + 80 * DAY
    before = asked(filled, NOW - 50 * DAY, NOW + DAY).totals
    with write_engine(filled).begin() as connection:
        gone = (later - module.HOURS_KEPT).timestamp() // 3600
        connection.execute(delete(usage_hours).where(usage_hours.c.hour < gone))
    answer = asked(filled, NOW - 50 * DAY, later, later, by=("day",))
    assert answer.totals == before
    assert answer.since.hour == 0, "the first day is whole, for its hours are not there to be chosen from"


@pytest.mark.parametrize("hour", range(1, 24))
def test_a_day_of_which_some_hours_are_gone_is_told_whole(engine: Engine, hour: int) -> None:
    """The last day of a span, where retention has swept half of its hours."""
    day = datetime(2026, 9, 2, tzinfo=UTC)
    now = day + module.HOURS_KEPT + timedelta(hours=12, minutes=30)
    each = [
        RequestRow(request_id=str(n), started_at=day + timedelta(hours=n, minutes=1), status=200) for n in range(24)
    ]
    with write_engine(engine).begin() as connection:
        count(connection, each)
        gone = (now - module.HOURS_KEPT).timestamp() // 3600
        connection.execute(delete(usage_hours).where(usage_hours.c.hour < gone))
    found = asked(engine, day - DAY, day + timedelta(hours=hour), now)
    assert found.totals["requests"] == (found.until - day) / timedelta(hours=1) == 24


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"since": NOW - 32 * DAY, "by": ("hour",)}, "at most 31 days"),
        (
            {"since": NOW - 8 * DAY, "by": ("hour", "key"), "where": {"model": "a"}},
            "7 days .* by key and model",
        ),
        ({"since": NOW - timedelta(hours=4), "by": ("minute",)}, "at most 3 hours"),
        ({"since": NOW - 100 * DAY, "until": NOW - 99 * DAY, "by": ("hour",)}, "kept for 90 days"),
    ],
)
def test_hours_that_cannot_be_told(filled: Engine, question: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        asked(filled, **question)


def test_an_answer_does_not_grow_without_end(filled: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 5)
    assert len(asked(filled, NOW - 50 * DAY, by=("key",)).rows) == 3
    with pytest.raises(InvalidRequest, match="more than 5 rows"):
        asked(filled, NOW - 50 * DAY, by=("day",))


BUCKETS = len(HISTOGRAM_MS) + 1


@pytest.mark.parametrize(
    ("filled", "percent", "expected"),
    [
        ({}, 50, None),
        ({0: 10}, 50, 25.0),  # evenly between 0 and 50 ms
        ({0: 10}, 95, 47.5),
        ({1: 4}, 50, 75.0),  # between 50 and 100 ms
        ({0: 5, 1: 5}, 50, 50.0),
        ({0: 50, 2: 50}, 95, 190.0),
        ({20: 3}, 50, 300_000.0),  # longer than the last bound: how much is not known
        ({19: 1}, 95, 291_000.0),
    ],
)
def test_percentiles_lie_inside_their_bucket(filled: dict[int, int], percent: int, expected: float | None) -> None:
    assert percentile([filled.get(place, 0) for place in range(BUCKETS)], percent) == expected


def test_percentiles_of_a_group(filled: Engine) -> None:
    totals = asked(filled, NOW - 50 * DAY).totals
    assert totals["ttft_p50_ms"] is None
    assert totals["duration_p50_ms"] == pytest.approx(5000, rel=0.1)
    assert totals["duration_p95_ms"] == pytest.approx(9500, rel=0.1)
