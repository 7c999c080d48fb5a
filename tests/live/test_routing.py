"""Requests through a real server with routes: each comes to its target, and the log says by which route."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_upstream import FakeUpstream
from tests.live.server import Server

HELLO = {"role": "user", "content": "Hello!"}
PICTURE = {
    "type": "image",
    "source": {
        "type": "base64",
        "media_type": "image/png",
        "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    },
}
READ = [
    HELLO,
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Read", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [PICTURE]}]},
]

ROUTES: dict[str, dict[str, Any]] = {
    "default": {"scenario": "default"},
    "background": {"scenario": "background"},
    "think": {"scenario": "think"},
    "image": {"scenario": "image"},
    "long": {"scenario": "long_context", "min_input_tokens": 4000},
    "search": {"scenario": "web_search"},
    "exact": {"model": "claude-opus-4-5"},
    "class": {"model": "sonnet"},
    "team": {"headers": {"X-Team": "blue"}},
    "subagents": {"agent": "subagent"},
    "locals": {"key": "local", "model": "for-*"},
}


@pytest.fixture(scope="module")
def routed(server: Server) -> Iterator[None]:
    """All of ROUTES, each to a model of its own name."""
    for name, match in ROUTES.items():
        document = {"name": name, "match": match, "targets": [f"fake/to-{name}"]}
        assert server.request("POST", "/routes", document)[0] == 201
    yield
    for name in ROUTES:
        assert server.request("DELETE", f"/routes/{name}")[0] == 200


@pytest.mark.parametrize(
    ("route", "model", "headers", "more"),
    [
        ("default", "nobody-knows", {}, {}),
        ("background", "claude-haiku-4-5-20251001", {}, {}),
        ("think", "claude-opus-5-5", {}, {"thinking": {"type": "adaptive"}}),
        ("default", "claude-opus-5-5", {}, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}}),
        ("image", "claude-opus-5-5", {}, {"messages": READ}),
        ("long", "claude-opus-5-5", {}, {"messages": [{"role": "user", "content": "word " * 6000}]}),
        ("exact", "claude-opus-4-5-20251101", {}, {"thinking": {"type": "adaptive"}}),
        ("class", "claude-sonnet-5-5[1m]", {}, {}),
        ("team", "claude-haiku-4-5", {"x-team": "blue"}, {}),
        ("background", "claude-haiku-4-5", {"x-team": "red"}, {}),
        ("subagents", "claude-opus-5-5", {"x-claude-code-agent-id": "a1"}, {}),
        ("locals", "for-me", {}, {}),
        ("think", "think", {}, {}),
    ],
)
def test_each_request_comes_to_its_target(
    server: Server,
    provider: FakeUpstream,
    routed: None,
    route: str,
    model: str,
    headers: dict[str, str],
    more: dict[str, Any],
) -> None:
    body = {"model": model, "max_tokens": 2000, "messages": [HELLO], **more}
    status, answer, told = server.request("POST", "/v1/messages", body, headers=headers)
    assert status == 200, answer
    assert answer["model"] == f"fake/to-{route}"
    assert provider.wait_for().json["model"] == f"to-{route}"
    assert server.row(told["x-request-id"])["route"] == route


@pytest.mark.parametrize("model", ["fake/any", "fake,any", "claude-fake-any"])
def test_who_names_a_provider_gets_it(server: Server, provider: FakeUpstream, routed: None, model: str) -> None:
    body = {"model": model, "max_tokens": 20, "messages": [HELLO], "thinking": {"type": "adaptive"}}
    status, answer, told = server.request("POST", "/v1/messages", body, headers={"x-team": "blue"})
    assert status == 200
    assert answer["model"] == "fake/any"
    assert server.row(told["x-request-id"])["route"] == "outright"


def test_a_change_of_a_route_holds_for_the_next_request_in_every_worker(
    server: Server, provider: FakeUpstream, routed: None
) -> None:
    body = {"model": "for-all", "max_tokens": 20, "messages": [HELLO]}
    for number, _ in zip(itertools.count(), range(10), strict=False):
        assert server.request("PUT", "/routes/locals", {"targets": [f"fake/to-{number}"]})[0] == 200
        assert server.request("POST", "/v1/messages", body)[1]["model"] == f"fake/to-{number}"
