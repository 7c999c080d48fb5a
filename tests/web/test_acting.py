"""Every change over HTTP is told with whoever asked for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.web.conftest import KEY, Site

PROVIDER = {"name": "a", "type": "openai-chat", "api_base_url": "http://127.0.0.1:1/v1", "api_key": "sk-0123456789abcd"}
ROUTE = {"name": "r", "targets": ["a/m"]}
CHANGES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/providers", PROVIDER),
    ("POST", "/providers", {"name": "a", "models": ["m"]}),
    ("PUT", "/providers/a", {"models": ["m", "n"]}),
    ("PATCH", "/providers/a/toggle", None),
    ("POST", "/routes", ROUTE),
    ("POST", "/routes", {"name": "r", "priority": 1}),
    ("PUT", "/routes/r", {"priority": 2}),
    ("PATCH", "/routes/r/toggle", None),
    ("DELETE", "/routes/r", None),
    ("DELETE", "/providers/a", None),
]


def test_who_and_from_where(make_site: Callable[..., Site]) -> None:
    site = make_site(apikey=KEY, address="10.0.0.7")
    headers = {"x-api-key": KEY}
    for method, path, body in CHANGES:
        answer = site.client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code < 300, (method, path, answer.json)
    events = site.get("/audit", headers=headers).json["data"]
    assert [event["action"] for event in reversed(events)] == [
        *("provider.create", "provider.change", "provider.change", "provider.toggle"),
        *("route.create", "route.change", "route.change", "route.toggle", "route.delete", "provider.delete"),
    ]
    assert {(event["actor"], event["address"]) for event in events} == {("key", "10.0.0.7")}


def test_without_a_key_it_is_somebody_on_this_machine(site: Site) -> None:
    site.add(**PROVIDER)
    [event] = site.get("/audit").json["data"]
    assert (event["actor"], event["address"]) == ("local", "127.0.0.1")


def test_what_is_refused_changes_and_tells_nothing(site: Site) -> None:
    assert site.add(name="a", type="openai-chat").status_code == 400
    assert site.client.delete("/providers/a").status_code == 404
    assert site.get("/audit").json["data"] == []


def test_no_secret_is_told(site: Site) -> None:
    site.add(**PROVIDER, headers={"x-token": "tok-secret-123456", "x-team": "team-secret-1234"})
    site.client.put("/providers/a", json={"api_key": "sk-other-9876543210"})
    text = site.get("/audit").text
    assert "sk-0123456789" not in text
    assert "sk-other" not in text
    assert "tok-secret" not in text
    assert "team-secret" not in text, "headers are encrypted in the database, whatever they are called"
    site.client.put("/providers/a", json={"headers": {"x-team": "another"}})
    moved = site.get("/audit").json["data"][0]
    assert (moved["before"], moved["after"]) == (
        {"headers": {"x-token": "…", "x-team": "…"}},
        {"headers": {"x-team": "…"}},
    )
    changed = site.get("/audit?limit=2").json["data"][1]
    assert changed["before"] == {"api_key_hint": "abcd", "api_key_hints": ["abcd"]}
    assert changed["after"] == {"api_key_hint": "3210", "api_key_hints": ["3210"]}
