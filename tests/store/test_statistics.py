from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from ccproxy.store import answers
from ccproxy.store.logbook import Logbook, RequestRow
from ccproxy.store.session import open_engine
from ccproxy.store.statistics import LATENCY_ROWS, Statistics

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


def test_provider_health_is_how_they_answered_last(engine, providers):
    add(providers, "a", "b")
    attempt = {"provider": "a", "status": 200, "error_type": None, "started_ms": 0.0, "ended_ms": 1000.0}
    with engine.begin() as connection:
        answers.note(connection, [(START, [attempt])])
    assert Statistics(engine).provider_health() == {
        "a": {"last_success": START + timedelta(seconds=1), "last_error": None},
        "b": {"last_success": None, "last_error": None},
    }


def test_database_ok(engine, tmp_path):
    assert Statistics(engine).database_ok() is True
    assert Statistics(open_engine(f"sqlite:///{tmp_path}/empty.db")).database_ok() is False
    (tmp_path / "folder.db").mkdir()
    assert Statistics(open_engine(f"sqlite:///{tmp_path}/folder.db")).database_ok() is False


def test_the_size_of_the_database(engine, tmp_path):
    statistics = Statistics(engine)
    files = [path for path in tmp_path.rglob("*") if ".db" in path.name and path.suffix != ".key"]
    assert statistics.database_bytes() == sum(path.stat().st_size for path in files) > 0
    assert Statistics(open_engine(f"sqlite:///{tmp_path}/none.db")).database_bytes() == 0


def test_only_files_have_a_size():
    class Elsewhere:
        dialect = SimpleNamespace(name="postgresql")
        url = SimpleNamespace(database="ccproxy")

    assert Statistics(Elsewhere()).database_bytes() is None
