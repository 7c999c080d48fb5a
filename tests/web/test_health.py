"""What the request log says of providers, and the one word that follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ccproxy.app import create_app
from ccproxy.settings import Settings
from ccproxy.store.migrations import migrate
from ccproxy.store.providers import Provider
from ccproxy.store.session import open_engine
from ccproxy.web import health
from ccproxy.web.services import EXTENSION
from tests.fake_upstream import FakeUpstream, Reply, closed_port
from tests.web.conftest import Health

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def ago(**duration: float) -> datetime:
    return NOW - timedelta(**duration)


def provider(name: str = "groq", **fields: Any) -> Provider:
    return Provider(**{"name": name, "type": "groq", "api_base_url": "x", "updated_at": ago(days=30), **fields})


def details(one: Provider, log: dict[str, Any], standing: dict[str, Any] | None = None) -> dict[str, Any]:
    found = standing or {"state": "ok", "until": None, "reason": None, "targets": {}, "keys": []}
    return health.details([one], log, NOW, lambda _provider: found)


def error(status: int, time: datetime, asked: datetime | None = None) -> dict[str, Any]:
    return {"time": time, "type": "api_error", "status": status, "asked": asked or time}


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
        (None, error(401, ago(seconds=1), ago(days=31)), True),  # changed while it was under way
        (None, error(400, ago(seconds=1)), True),  # the request's fault
        (None, error(404, ago(seconds=1)), True),
        (None, error(429, ago(seconds=1)), True),
    ],
)
def test_a_provider_is_as_healthy_as_its_last_answers(
    success: datetime | None, failure: dict[str, Any] | None, healthy: bool
) -> None:
    seen = details(provider(), {"groq": {"last_success": success, "last_error": failure}})
    assert seen["groq"]["healthy"] is healthy
    assert seen["groq"]["enabled"] is True
    assert health.status(False, True, [provider()], seen) == ("healthy" if healthy else "degraded")


def test_times_are_told_in_utc() -> None:
    log = {"groq": {"last_success": ago(hours=1), "last_error": error(502, ago(hours=2))}}
    assert details(provider(), log)["groq"] == {
        "enabled": True,
        "healthy": True,
        "state": "ok",
        "resting": {"until": None, "reason": None, "targets": {}, "keys": []},
        "last_error": {"time": "2026-11-23T10:00:00.000Z", "type": "api_error", "status": 502},
        "last_success": "2026-11-23T11:00:00.000Z",
    }


def test_one_that_cannot_be_used_says_why() -> None:
    broken = provider(enabled=False, error="its key cannot be decrypted")
    seen = details(broken, {})
    assert seen["groq"]["healthy"] is False
    assert seen["groq"]["last_error"]["message"] == "its key cannot be decrypted"
    assert health.status(False, True, [broken], seen) == "degraded"


def test_a_disabled_provider_degrades_nothing() -> None:
    off = provider(enabled=False)
    seen = details(off, {"groq": {"last_error": error(401, ago(seconds=1))}})
    assert seen["groq"] == {
        "enabled": False,
        "healthy": False,
        "state": "ok",
        "resting": seen["groq"]["resting"],
        "last_error": seen["groq"]["last_error"],
        "last_success": None,
    }
    assert health.status(False, True, [off], seen) == "healthy"


class Reports:
    """The gateway's health, which says of every provider the same."""

    def __init__(self, state: str, *keys: str) -> None:
        self.said: dict[str, Any] = {"state": state, "until": NOW, "reason": "api_error", "status": 503}
        self.keys = [{**self.said, "state": state, "fingerprint": "f"} for state in keys]

    def report(self, provider: Provider) -> dict[str, Any]:
        return {**self.said, "targets": {"m": self.said}, "keys": self.keys}


@pytest.mark.parametrize(("state", "healthy"), [("ok", True), ("probing", True), ("resting", False)])
def test_who_rests_as_a_whole_is_not_healthy(state: str, healthy: bool) -> None:
    one = provider(api_key="sk-provider-0123456789", api_keys=("sk-provider-0123456789", "sk-provider-abcdefghij"))
    gateway: Any = Reports(state, "ok", state)
    standing = health.standing_of(gateway, one)
    told = {"state": state, "until": "2026-11-23T12:00:00.000Z", "reason": "api_error", "status": 503}
    last = {"hint": "ghij", **told}
    assert standing == {**told, "targets": {"m": told}, "keys": [{**last, "state": "ok", "hint": "6789"}, last]}
    seen = details(one, {}, standing)
    assert (seen["groq"]["healthy"], seen["groq"]["state"]) == (healthy, state)
    assert seen["groq"]["resting"] == {
        "until": told["until"],
        "reason": "api_error",
        "targets": {"m": told},
        "keys": [] if state == "ok" else [last],
    }
    assert health.status(False, True, [one], seen) == ("healthy" if healthy else "degraded")


def test_a_provider_of_one_key_or_none_has_as_many() -> None:
    one: Any = Reports("ok", "ok")
    assert [key["hint"] for key in health.standing_of(one, provider(api_key="short"))["keys"]] == [None]
    none: Any = Reports("ok")
    assert health.standing_of(none, provider())["keys"] == []


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


def test_a_provider_that_fails_behind_a_fallback_is_not_healthy(tmp_path: Path) -> None:
    with FakeUpstream() as upstream:
        upstream.script("good", Reply("well"))
        places = {"dead": f"http://127.0.0.1:{closed_port()}/v1", "good": upstream.base_url}
        providers = [{"name": name, "type": "openai-chat", "api_base_url": url} for name, url in places.items()]
        target = [{"provider": "dead", "model": "m"}, {"provider": "good", "model": "good"}]
        route = {"name": "both", "match": {"model": "both"}, "targets": target, "retries": 0}
        settings = Settings(
            database_url=f"sqlite:///{tmp_path / 'c.db'}", providers=tuple(providers), routes={"both": route}
        )
        migrate(open_engine(settings.database_url))
        app = create_app(settings)
        client, parts = app.test_client(), app.extensions[EXTENSION]
        body = {"model": "both", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
        local = {"base_url": "http://localhost:3456"}
        answer = client.post("/v1/messages", json=body, **local)
        assert answer.headers["X-CCProxy-Attempts"] == "dead/m 502, good/good 200"
    parts.logbook.stop()
    told = client.get("/health", **local).get_json()
    parts.providers.close()
    parts.routes.close()
    assert told["status"] == "degraded"
    dead, good = (told["providers"]["details"][name] for name in places)
    assert (dead["healthy"], dead["state"], dead["last_success"]) == (False, "ok", None)
    assert (dead["last_error"]["status"], set(dead["last_error"])) == (502, {"time", "type", "status"})
    assert (good["healthy"], good["last_error"]) == (True, None)
    assert good["last_success"] > dead["last_error"]["time"]
