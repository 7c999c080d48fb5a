from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from ccproxy.errors import Draining
from ccproxy.store.logbook import Logbook, RequestRow
from ccproxy.store.models import request_logs
from ccproxy.store.session import open_engine
from ccproxy.store.statistics import LATENCY_ROWS, NOT_THE_PROVIDER, Statistics, _latest

START = datetime(2026, 3, 1, tzinfo=UTC)


def fill(engine, rows):
    """`rows` are (provider, minute, status, error_type, duration)."""
    logbook = Logbook(engine)
    for provider, minute, status, error, duration in rows:
        logbook.record(
            RequestRow(
                request_id="r",
                started_at=START + timedelta(minutes=minute),
                provider=provider,
                status=status,
                error_type=error,
                duration_ms=duration,
            )
        )
    logbook.stop()
    assert logbook.dropped == 0


def add(providers, *names):
    for name in names:
        providers.save({"name": name, "type": "openai-chat", "api_base_url": "http://x"})


def test_nothing_yet(engine, providers):
    add(providers, "a")
    statistics = Statistics(engine)
    assert statistics.performance() == {
        "requests": {"total": 0, "success": 0, "failed": 0},
        "latency": {"avg_ms": None, "p50_ms": None, "p95_ms": None, "p99_ms": None},
    }
    assert statistics.provider_health() == {"a": {"last_success": None, "last_error": None}}


def test_performance(engine):
    fill(engine, [("a", 0, 200, None, float(number)) for number in range(1, 101)])
    fill(engine, [("a", 0, 500, "api_error", 9999.0)])
    assert Statistics(engine).performance() == {
        "requests": {"total": 101, "success": 100, "failed": 1},
        "latency": {"avg_ms": 50.5, "p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0},
    }


@pytest.mark.parametrize(
    ("durations", "expected"),
    [([7.0], (7.0, 7.0, 7.0, 7.0)), ([1.0, 2.0], (1.5, 1.0, 2.0, 2.0)), ([3.04, 1.0, 2.0], (2.0, 2.0, 3.0, 3.0))],
)
def test_few_rows(engine, durations, expected):
    fill(engine, [("a", 0, 200, None, duration) for duration in durations])
    assert tuple(Statistics(engine).performance()["latency"].values()) == expected


def test_latencies_are_those_of_the_latest(engine):
    fill(engine, [("a", 0, 200, None, 1.0)] * 50 + [("a", 0, 200, None, 5.0)] * LATENCY_ROWS)
    performance = Statistics(engine).performance()
    assert performance["latency"]["avg_ms"] == 5.0
    assert performance["requests"]["total"] == LATENCY_ROWS + 50


def test_provider_health(engine, providers):
    add(providers, "a", "b", "c")
    fill(
        engine,
        [
            ("a", 1, 200, None, 1.0),
            ("a", 2, 200, None, 1.0),
            ("a", 3, 529, "overloaded_error", 1.0),
            *(("a", 4 + index, status, "x", 1.0) for index, status in enumerate(NOT_THE_PROVIDER)),
            ("b", 5, 401, "authentication_error", 1.0),
            ("gone", 6, 200, None, 1.0),
            (None, 7, 503, "api_error", 1.0),
        ],
    )
    error = {"time": START + timedelta(minutes=3), "type": "overloaded_error", "status": 529}
    refused = {"time": START + timedelta(minutes=5), "type": "authentication_error", "status": 401}
    assert Statistics(engine).provider_health() == {
        "a": {"last_success": START + timedelta(minutes=2), "last_error": error},
        "b": {"last_success": None, "last_error": refused},
        "c": {"last_success": None, "last_error": None},
    }


def test_a_worker_that_ended_says_nothing_of_the_provider(engine, providers):
    add(providers, "a")
    fill(engine, [("a", 1, 200, None, 1.0), ("a", 2, Draining.status, Draining.type, 1.0)])
    assert Statistics(engine).provider_health()["a"]["last_error"] is None
    fill(engine, [("a", 3, 503, "api_error", 1.0)])
    assert Statistics(engine).provider_health()["a"]["last_error"]["status"] == 503


@pytest.mark.parametrize(
    ("outcome", "index"),
    [
        (request_logs.c.error_type.is_(None), "ix_request_logs_provider_success"),
        (request_logs.c.error_type.is_not(None), "ix_request_logs_provider_error"),
    ],
)
def test_health_is_read_from_an_index_alone(engine, outcome, index):
    query = _latest("a", outcome).limit(1).compile(engine, compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        plan = " ".join(str(row) for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    assert index in plan
    assert "TEMP B-TREE" not in plan
    assert "SCAN" not in plan


def test_database_ok(engine, tmp_path):
    assert Statistics(engine).database_ok() is True
    assert Statistics(open_engine(f"sqlite:///{tmp_path}/empty.db")).database_ok() is False
    (tmp_path / "folder.db").mkdir()
    assert Statistics(open_engine(f"sqlite:///{tmp_path}/folder.db")).database_ok() is False


def test_other_ways_into_the_table_do_not_break_it(engine, providers):
    add(providers, "a")
    with engine.begin() as connection:
        values = {"request_id": "x", "started_at": START, "stream": False, "status": 200, "usage_estimated": False}
        values |= {"duration_ms": 1.0, "dropped": [], "attempts": [], "provider": "a"}
        connection.execute(insert(request_logs), values)
    assert Statistics(engine).provider_health()["a"]["last_success"] == START
