"""What the request log says of providers, and the one word that follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ccproxy.store.providers import Provider
from ccproxy.web import health
from tests.web.conftest import Health

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def ago(**duration: float) -> datetime:
    return NOW - timedelta(**duration)


def provider(name: str = "groq", **fields: Any) -> Provider:
    return Provider(**{"name": name, "type": "groq", "api_base_url": "x", "updated_at": ago(days=30), **fields})


def error(status: int, time: datetime) -> dict[str, Any]:
    return {"time": time, "type": "api_error", "status": status}


@pytest.mark.parametrize(
    ("success", "failure", "healthy"),
    [
        (None, None, True),
        (ago(seconds=1), None, True),
        (None, error(502, ago(seconds=1)), False),
        (ago(minutes=1), error(503, ago(seconds=1)), False),
        (ago(seconds=1), error(502, ago(minutes=1)), True),
        (ago(seconds=1), error(502, ago(seconds=1)), True),
        (None, error(529, ago(minutes=9)), False),
        (None, error(502, ago(minutes=10)), True),  # long ago, and nobody has tried since
        (None, error(401, ago(days=3)), False),  # until somebody changes the key
        (None, error(402, ago(days=3)), False),
        (None, error(403, ago(days=3)), False),
        (None, error(401, ago(days=31)), True),  # changed since
        (None, error(400, ago(seconds=1)), True),  # the request's fault
        (None, error(404, ago(seconds=1)), True),
        (None, error(429, ago(seconds=1)), True),
    ],
)
def test_a_provider_is_as_healthy_as_its_last_answers(
    success: datetime | None, failure: dict[str, Any] | None, healthy: bool
) -> None:
    seen = health.details([provider()], {"groq": {"last_success": success, "last_error": failure}}, NOW)
    assert seen["groq"]["healthy"] is healthy
    assert seen["groq"]["enabled"] is True
    assert health.status(False, True, [provider()], seen) == ("healthy" if healthy else "degraded")


def test_times_are_told_in_utc() -> None:
    log = {"groq": {"last_success": ago(hours=1), "last_error": error(502, ago(hours=2))}}
    assert health.details([provider()], log, NOW)["groq"] == {
        "enabled": True,
        "healthy": True,
        "last_error": {"time": "2026-11-23T10:00:00.000Z", "type": "api_error", "status": 502},
        "last_success": "2026-11-23T11:00:00.000Z",
    }


def test_one_that_cannot_be_used_says_why() -> None:
    broken = provider(enabled=False, error="its key cannot be decrypted")
    seen = health.details([broken], {}, NOW)
    assert seen["groq"]["healthy"] is False
    assert seen["groq"]["last_error"]["message"] == "its key cannot be decrypted"
    assert health.status(False, True, [broken], seen) == "degraded"


def test_a_disabled_provider_degrades_nothing() -> None:
    off = provider(enabled=False)
    seen = health.details([off], {"groq": {"last_error": error(401, ago(seconds=1))}}, NOW)
    assert seen["groq"] == {
        "enabled": False,
        "healthy": False,
        "last_error": seen["groq"]["last_error"],
        "last_success": None,
    }
    assert health.status(False, True, [off], seen) == "healthy"


@pytest.mark.parametrize(
    ("draining", "database_ok", "word"),
    [(False, True, "healthy"), (True, True, "draining"), (True, False, "draining"), (False, False, "unhealthy")],
)
def test_the_worker_comes_before_its_providers(draining: bool, database_ok: bool, word: str) -> None:
    assert health.status(draining, database_ok, [], {}) == word


def test_a_reading_serves_for_a_moment_and_fresh_ones_are_to_be_had() -> None:
    time = 100.0
    statistics: Any = Health({"groq": {}})
    readings = health.Readings(lambda: time)
    first = readings.take(statistics, 1.0)
    assert first == health.Reading(True, {"groq": {}})
    statistics.ok = False
    time = 100.9
    assert readings.take(statistics, 1.0) is first
    assert readings.take(statistics, 0) == health.Reading(False, {})
    statistics.ok = True
    time = 101.8
    assert readings.take(statistics, 1.0) == health.Reading(False, {})
    time = 101.9
    assert readings.take(statistics, 1.0) == first
