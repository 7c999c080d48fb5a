"""Whole requests: what stands beside the conversation and the tools."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import InvalidRequest, Uncarriable
from tests.translate.wire.openai_chat.requests import request, tool

from .requests import MODEL, body, encoded, losses

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
# All that the API documents.
_FIELDS = {
    "model", "messages", "tools", "strict_tools", "documents", "citation_options", "response_format", "safety_mode",
    "max_tokens", "stop_sequences", "temperature", "seed", "frequency_penalty", "presence_penalty", "k", "p",
    "logprobs", "tool_choice", "thinking", "priority", "stream",
}  # fmt: skip


def test_a_request() -> None:
    made = encoded(request("hi", temperature=0.5, top_p=0.5, top_k=40, stream=True))
    assert (made.method, made.path) == ("POST", "/v2/chat")
    assert made.headers == {"content-type": "application/json", "authorization": "Bearer k"}
    assert json.loads(made.body) == {
        "model": MODEL,
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 100,
        "temperature": 0.5,
        "p": 0.5,
        "k": 40,
        "stream": True,
    }
    assert made.losses == ()


@pytest.mark.parametrize(
    ("asked", "sent", "lost"),
    [
        ({"top_p": 1.0}, {"p": 0.99}, ["top_p"]),
        ({"top_p": 0.0}, {"p": 0.01}, ["top_p"]),
        ({"top_k": 501}, {"k": 500}, ["top_k"]),
        ({"top_k": 0}, {"k": 0}, []),
    ],
)
def test_values_that_it_would_refuse(asked: dict[str, Any], sent: dict[str, Any], lost: list[str]) -> None:
    wish = request(**asked)
    assert body(wish).items() >= sent.items()
    assert losses(wish) == lost


def test_a_limit_that_the_administrator_knows() -> None:
    wish = request(max_tokens=9000)
    assert body(wish, options={"max_output_tokens": 4000})["max_tokens"] == 4000
    assert losses(wish, options={"max_output_tokens": 4000}) == ["max_tokens"]


@pytest.mark.parametrize(
    ("stops", "sent", "local"), [(None, None, ()), (["x", ""], ["x"], ("x",)), (["x", "y"], None, ("x", "y"))]
)
def test_stop_sequences(stops: Any, sent: Any, local: tuple[str, ...]) -> None:
    made = encoded(request(stop_sequences=stops))
    assert json.loads(made.body).get("stop_sequences") == sent
    assert made.local_stops == local


def test_a_schema_for_the_answer() -> None:
    wish = request(output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
    assert body(wish)["response_format"] == {"type": "json_object", "json_schema": SCHEMA}
    assert losses(wish) == []


def test_a_schema_beside_tools_is_said_in_words() -> None:
    wish = request(tools=[tool("look")], output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
    assert "response_format" not in body(wish)
    assert "JSON schema" in body(wish)["messages"][0]["content"]
    assert losses(wish) == ["output_config.format"]


def test_who_asks_and_how_urgently_cannot_be_told() -> None:
    wish = request(metadata={"user_id": "u"}, service_tier="standard_only", speed="fast")
    assert losses(wish) == ["metadata.user_id", "service_tier", "speed"]
    assert losses(request(service_tier="auto", metadata={})) == []


def test_what_the_administrator_adds_wins() -> None:
    found = body(request(temperature=1), options={"extra_body": {"safety_mode": "STRICT", "temperature": 0}})
    assert (found["safety_mode"], found["temperature"]) == ("STRICT", 0)


@pytest.mark.parametrize("field", ["container", "mcp_servers"])
def test_what_must_not_be_lost(field: str) -> None:
    with pytest.raises(Uncarriable, match=f"^{field}: "):
        body(request(**{field: [{"type": "url"}]}))


def test_no_message() -> None:
    with pytest.raises(InvalidRequest, match=r"^messages: "):
        body(request([]))


def test_nothing_goes_out_that_is_not_documented(shared: Any) -> None:
    count = 0
    for path in sorted((shared / "clients").glob("cc_*_request.json")):
        fields = json.loads(path.read_bytes())
        found = body(request(**{**fields, "model": "m"}), model="command-a-plus-05-2026")
        assert set(found) <= _FIELDS, path.name
        count += 1
    assert count >= 9
