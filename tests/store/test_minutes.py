"""Minute by minute: that the log, added up, says what the roll-ups say."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from ccproxy.errors import InvalidRequest
from ccproxy.store import minutes as module
from ccproxy.store.logbook import RequestRow, _insert
from ccproxy.store.models import HISTOGRAM_MS
from ccproxy.store.session import write_engine
from ccproxy.store.usage import Answer, Question, ask

NOW = datetime(2026, 3, 20, 9, 30, 20, tzinfo=UTC)
HOUR = NOW.replace(minute=0, second=0)


def requests() -> list[RequestRow]:
    """What an hour and a half may hold, everything that is counted included."""
    chance = random.Random(5)
    edges = [0.0, *HISTOGRAM_MS, *(edge + 0.1 for edge in HISTOGRAM_MS)]
    made = []
    for number in range(900):
        status, error_type = chance.choice([(200, None), (200, None), (499, "client_closed"), (500, "api_error")])
        made.append(
            RequestRow(
                request_id=str(number),
                started_at=NOW - timedelta(minutes=chance.random() * 90),
                caller=chance.choice(["ann", "bob", None]),
                provider=chance.choice(["groq", "openai", None]),
                upstream_model=chance.choice(["a", "m" * 200]),
                route=chance.choice(["r", None]),
                client=chance.choice(["curl", "zed"]),
                status=status,
                error_type=error_type,
                input_tokens=chance.choice([None, 0, 17]),
                output_tokens=chance.choice([None, 0, 5]),
                cache_read_input_tokens=chance.choice([None, 1000]),
                usage_estimated=chance.random() < 0.2,
                cost_usd=chance.choice([None, 0.25]),
                ttft_ms=chance.choice([None, *edges]),
                duration_ms=chance.choice(edges),
            )
        )
    return made


@pytest.fixture
def filled(engine: Engine) -> Engine:
    with write_engine(engine).begin() as connection:
        _insert(connection, requests())
    return engine


def asked(engine: Engine, since: datetime, until: datetime, *by: str, **where: str) -> Answer:
    with engine.connect() as connection:
        return ask(connection, Question(since=since, until=until, by=by, where=where), NOW)


@pytest.mark.parametrize(
    ("by", "where"),
    [
        ((), {}),
        (("key",), {}),
        (("provider", "model", "route", "client"), {}),
        (("client",), {"key": "ann"}),
        ((), {"provider": "groq", "model": "a"}),
        (("key",), {"key": "ann", "provider": "openai", "client": "zed", "route": "r"}),
    ],
)
def test_minutes_add_up_to_their_hour(filled: Engine, by: tuple[str, ...], where: dict[str, str]) -> None:
    until = HOUR + timedelta(hours=1)
    hour, minutes = asked(filled, HOUR, until, *by, **where), asked(filled, HOUR, until, "minute", *by, **where)
    assert minutes.totals == hour.totals
    with filled.connect() as connection:
        assert ask(connection, Question(since=HOUR, until=until, by=by, where=where, fine=True), NOW).rows == hour.rows
    assert hour.totals["requests"] > 10
    sums: Counter[tuple[Any, ...]] = Counter()
    for row in minutes.rows:
        sums[tuple(row[name] for name in by)] += row["requests"]
        assert HOUR <= row["minute"] <= NOW
        assert row["minute"].second == 0
    assert sums == {tuple(row[name] for name in by): row["requests"] for row in hour.rows}


def test_whole_minutes_are_looked_at_and_no_more(filled: Engine) -> None:
    answer = asked(filled, NOW - timedelta(minutes=10), NOW, "minute")
    assert (answer.since, answer.until) == (NOW.replace(minute=20, second=0), NOW.replace(minute=31, second=0))
    inside = Counter(
        one.started_at.replace(second=0, microsecond=0)
        for one in requests()
        if answer.since <= one.started_at < answer.until
    )
    assert {row["minute"]: row["requests"] for row in answer.rows} == inside
    assert [row["minute"] for row in answer.rows] == sorted(inside)


def test_more_requests_than_one_answer_looks_at_are_refused(filled: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REQUESTS", 899)
    with pytest.raises(InvalidRequest, match="at most 899 requests"):
        asked(filled, NOW - timedelta(hours=2), NOW, "minute")
    found = asked(filled, NOW - timedelta(hours=2), NOW, "minute", key="ann")
    assert found.totals["requests"] == sum(one.caller == "ann" for one in requests())


def test_nothing_is_no_minute(engine: Engine) -> None:
    answer = asked(engine, NOW - timedelta(hours=1), NOW, "minute")
    assert (answer.rows, answer.totals["requests"], answer.totals["cost_usd"]) == ([], 0, 0.0)
