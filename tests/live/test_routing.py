"""Requests through a real server with routes: each comes to its target, and the log says by which route."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_upstream import FakeUpstream, Json
from tests.live.sdk import provider_of
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


ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "Found."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}


def test_a_search_goes_to_who_searches(server: Server, provider: FakeUpstream, routed: None) -> None:
    body = {"model": "claude-opus-5-5", "max_tokens": 2000, "messages": [HELLO], "tools": [SEARCH]}
    with FakeUpstream() as searches, provider_of(server, "searches", searches.url, type="anthropic", api_key="sk-x"):
        searches.script("*", Json(ANSWER))
        assert server.request("PUT", "/routes/search", {"targets": ["searches/claude"]})[0] == 200
        try:
            for more in ({}, {"thinking": {"type": "adaptive"}}, {"model": "claude-haiku-4-5"}):
                status, answer, told = server.request("POST", "/v1/messages", body | more)
                assert (status, answer["model"]) == (200, "searches/claude")
                assert server.row(told["x-request-id"])["route"] == "search"
        finally:
            assert server.request("PUT", "/routes/search", {"targets": ["fake/to-search"]})[0] == 200
        assert [received.json["tools"] for received in searches.requests] == [[SEARCH]] * 3
    assert provider.requests == []


def test_a_count_goes_to_who_counts_and_the_request_where_it_did(
    server: Server, provider: FakeUpstream, routed: None
) -> None:
    body = {"model": "claude-opus-5-5", "messages": [HELLO]}
    count = {"name": "count", "match": {"scenario": "count_tokens"}, "targets": ["counts/claude"]}
    with FakeUpstream() as counts, provider_of(server, "counts", counts.url, type="anthropic", api_key="sk-x"):
        counts.script("*", Json({"input_tokens": 4242}))
        assert server.request("POST", "/routes", count)[0] == 201
        try:
            for more in ({}, {"tools": [SEARCH]}, {"model": "claude-haiku-4-5"}):
                assert server.request("POST", "/v1/messages/count_tokens", body | more)[1] == {"input_tokens": 4242}
            assert len(counts.requests) == 3
            # a model that a route is for goes there with its counts too, and that provider does not count
            told = server.request("POST", "/v1/messages/count_tokens", body | {"model": "claude-opus-4-5"})[1]
            assert told["input_tokens"] < 100
            answer = server.request("POST", "/v1/messages", {**body, "max_tokens": 9})[1]
            assert answer["model"] == "fake/to-default"
            assert len(counts.requests) == 3
        finally:
            assert server.request("DELETE", "/routes/count")[0] == 200


def test_a_change_of_a_route_holds_for_the_next_request_in_every_worker(
    server: Server, provider: FakeUpstream, routed: None
) -> None:
    body = {"model": "changing", "max_tokens": 20, "messages": [HELLO]}
    route = {"name": "changing", "match": {"model": "changing"}, "targets": ["fake/to-nobody"]}
    assert server.request("POST", "/routes", route)[0] == 201
    try:
        for number in range(10):
            assert server.request("PUT", "/routes/changing", {"targets": [f"fake/to-{number}"]})[0] == 200
            assert server.request("POST", "/v1/messages", body)[1]["model"] == f"fake/to-{number}"
    finally:
        assert server.request("DELETE", "/routes/changing")[0] == 200
