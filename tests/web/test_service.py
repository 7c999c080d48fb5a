"""`/`, `/health`, `/status` and `/api/hello`, field by field."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ccproxy import __version__
from ccproxy.errors import Unavailable
from ccproxy.web.service import in_words
from tests.web.conftest import KEY, Health, Site
from tests.web.test_errors import assert_error, assert_id

AUTH = {"x-api-key": KEY}
PUBLIC = {"status", "timestamp"}
DETAILS = {"status", "timestamp", "uptime", "version", "config", "providers", "performance", "storage"}


@pytest.fixture(params=["open", "locked", "elsewhere"])
def any_site(request: pytest.FixtureRequest, make_site: Callable[..., Site]) -> Site:
    """Asked from here without a key, with one that is not sent, and from another machine."""
    options: dict[str, dict[str, Any]] = {
        "open": {},
        "locked": {"apikey": KEY},
        "elsewhere": {"apikey": KEY, "address": "8.8.8.8"},
    }
    return make_site(**options[request.param])


def test_the_root_says_who_answers(any_site: Site) -> None:
    response = any_site.get("/")
    assert response.status_code == 200
    body = response.get_json()
    assert set(body) == {"message", "version", "docs"}
    assert (body["message"], body["version"]) == ("CCProxy", __version__)
    assert_id(response)
    assert any_site.client.head("/").status_code == 200
    assert response.headers["Vary"] == "Accept"


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html", False),
        ("text/html;q=0.5, application/json", False),
        ("", False),
        ("image/png", False),
    ],
)
def test_a_browser_is_sent_to_the_console(any_site: Site, accept: str, page: bool) -> None:
    response = any_site.get("/", headers={"Accept": accept})
    assert response.status_code == (302 if page else 200)
    assert response.headers.get("Location") == ("/console" if page else None)


def test_every_link_leads_somewhere(site: Site) -> None:
    known = {rule.rule for rule in site.app.url_map.iter_rules()}
    elsewhere = {
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/messages/explain",
        "/v1/models",
        "/presets",
        "/metrics",
    }  # not on this test's application
    assert set(site.get("/").get_json()["docs"].values()) <= known | elsewhere


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_hello_is_empty(any_site: Site, method: str) -> None:
    response = any_site.client.open("/api/hello", method=method)
    assert (response.status_code, response.data) == (200, b"")
    assert_id(response)


# --- health ------------------------------------------------------------------------------------------------------


def test_health_tells_strangers_one_word(any_site: Site) -> None:
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"x-api-key": "wrong"}):
        response = any_site.get("/health", headers=headers)
        assert response.status_code == 200
        if headers != {"x-api-key": "wrong"} or any_site.services.gate.key_configured:
            assert set(response.get_json()) == PUBLIC
    assert response.get_json()["status"] == "healthy"
    when = datetime.fromisoformat(response.get_json()["timestamp"])
    assert abs(datetime.now(UTC) - when) < timedelta(minutes=1)
    assert response.headers["Cache-Control"] == "no-store"
    assert any_site.client.head("/health").status_code == 200


@pytest.mark.parametrize("apikey", [None, KEY])
def test_health_tells_callers_the_rest(make_site: Callable[..., Site], apikey: str | None) -> None:
    now = datetime.now(UTC)
    error = {"time": now, "type": "api_error", "status": 502, "asked": now}
    log = {
        "groq": {"last_success": now, "last_error": None},
        "openai": {"last_success": None, "last_error": error},
    }
    site = make_site(apikey=apikey, statistics=Health(log))
    for name in ("groq", "openai"):
        site.client.post("/providers", json={"name": name}, headers=AUTH)
    error["time"] = error["asked"] = datetime.now(UTC)  # after it was set up
    body = site.get("/health", headers=AUTH).get_json()
    assert set(body) == DETAILS
    assert body["status"] == "degraded"
    assert 8130 <= body["uptime"] < 8190
    assert body["version"] == __version__
    assert body["config"] == {
        "host": "127.0.0.1",
        "port": 3456,
        "providers": 2,
        "api_key_configured": apikey is not None,
    }
    assert (body["providers"]["healthy"], body["providers"]["total"]) == (1, 2)
    assert list(body["providers"]["details"]) == ["groq", "openai"]
    for detail in body["providers"]["details"].values():
        assert set(detail) == {"enabled", "healthy", "state", "resting", "last_error", "last_success"}
    assert set(body["performance"]) == {"memory_mb", "requests", "latency"}
    assert body["performance"]["memory_mb"] > 1
    assert body["performance"]["requests"] == {"total": 3, "success": 2, "failed": 1}
    assert set(body["performance"]["latency"]) == {"avg_ms", "p50_ms", "p95_ms", "p99_ms"}


def test_health_of_a_fresh_database(site: Site) -> None:
    body = site.get("/health").get_json()
    assert body["status"] == "healthy"
    assert body["providers"] == {"healthy": 0, "total": 0, "details": {}}
    assert body["performance"]["requests"] == {"total": 0, "success": 0, "failed": 0}


def test_a_worker_that_drains_is_not_to_be_asked(any_site: Site) -> None:
    any_site.services.lifecycle.draining = True
    for headers in ({}, AUTH):
        response = any_site.get("/health", headers=headers)
        assert response.status_code == 503
        assert response.get_json()["status"] == "draining"


def test_a_database_that_cannot_be_read_is_a_503(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(statistics=Health(ok=False))

    def unreadable(_: object) -> None:
        raise Unavailable("the provider database cannot be read")

    monkeypatch.setattr(type(site.services.providers), "snapshot", unreadable)
    response = site.get("/health")
    assert response.status_code == 503
    body = response.get_json()
    assert body["status"] == "unhealthy"
    assert set(body) == DETAILS
    assert body["performance"]["requests"] == {"total": None, "success": None, "failed": None}
    assert site.get("/status").get_json()["providers"] == {"count": 0, "active": []}


def test_a_real_database_that_is_gone_is_a_503(site: Site, tmp_path: Any) -> None:
    assert site.get("/health").status_code == 200
    for file in tmp_path.glob("ccproxy.db*"):
        file.unlink()
    (tmp_path / "ccproxy.db").write_bytes(b"this is no database" * 100)
    assert site.get("/health").status_code == 503


def test_strangers_cannot_keep_the_database_busy(make_site: Callable[..., Site]) -> None:
    asked = []

    class Counting(Health):
        def database_ok(self) -> bool:
            asked.append(1)
            return True

    site = make_site(apikey=KEY, statistics=Counting())
    for _ in range(200):
        assert site.get("/health").status_code == 200
    assert 1 <= len(asked) < 100
    before = len(asked)
    for _ in range(3):
        site.get("/health", headers=AUTH)
    assert len(asked) == before + 3


# --- status ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("apikey", [None, KEY])
def test_status(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, apikey: str | None) -> None:
    monkeypatch.setenv("CCPROXY_BUILD_COMMIT", "abc123")
    monkeypatch.setenv("CCPROXY_BUILD_DATE", "2026-11-23")
    site = make_site(apikey=apikey)
    for name, enabled in (("groq", True), ("openai", False)):
        site.client.post("/providers", json={"name": name, "enabled": enabled}, headers=AUTH)
    body = site.get("/status", headers=AUTH).get_json()
    assert re.fullmatch(r"2h 15m 3\ds", body.pop("uptime"))
    assert body == {
        "service": "CCProxy",
        "version": __version__,
        "status": "running",
        "pid": os.getpid(),
        "host": "127.0.0.1",
        "port": 3456,
        "api_key_configured": apikey is not None,
        "providers": {"count": 2, "active": ["groq"]},
        "build": {"version": __version__, "commit": "abc123", "date": "2026-11-23"},
    }


def test_a_checkout_has_no_build(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CCPROXY_BUILD_COMMIT", raising=False)
    monkeypatch.setenv("CCPROXY_BUILD_DATE", "")
    assert site.get("/status").get_json()["build"] == {"version": __version__, "commit": None, "date": None}


def test_status_is_for_callers(locked_site: Site) -> None:
    assert_error(locked_site.get("/status"), 401, "authentication_error")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0s"),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m 0s"),
        (8130, "2h 15m 30s"),
        (3600, "1h 0m 0s"),
        (86400 + 61, "1d 0h 1m 1s"),
        (100 * 86400, "100d 0h 0m 0s"),
    ],
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
