"""An answer that the client sends back reaches the provider as the provider said it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate import render, signature
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.openai_chat import decode
from tests.translate.wire.openai_chat.requests import KEY, encoded, messages, request, target

DETAILS = [
    {"type": "reasoning.text", "text": "hm", "signature": "sig", "format": "anthropic-claude-v1", "index": 0},
    {"type": "reasoning.encrypted", "data": "xx", "id": "call_1", "index": 1},
]


def call(id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def sent_back(said: dict[str, Any], kind: str, **about: Any) -> dict[str, Any]:
    """The assistant message that goes to the provider on the turn after it said this."""
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in ("f", "mcp.long" + "x" * 100)]
    first = encoded(request("hello", tools=tools), kind, **about)
    context = DecodeContext(
        message_id="msg_01test",
        target=target(kind, **about),
        input_tokens=1,
        names=first.names,
        used_ids=first.used_ids,
    )
    for made, client in first.names.items():
        for tool_call in said.get("tool_calls") or []:
            if tool_call["function"]["name"] == client:
                tool_call["function"]["name"] = made
    body = json.dumps({"choices": [{"index": 0, "message": said, "finish_reason": "tool_calls"}]}).encode()
    answer = json.loads(render.message(decode(body, context)))
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "done"}
        for block in answer["content"]
        if block["type"] == "tool_use"
    ]
    history = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": answer["content"]},
        {"role": "user", "content": results or "go on"},
    ]
    again = messages(request(history, tools=tools), kind, **about)
    sent = next(message for message in again if message["role"] == "assistant")
    assert [message["tool_call_id"] for message in again if message["role"] == "tool"] == [
        tool_call["id"] for tool_call in sent.get("tool_calls") or []
    ]
    return sent


@pytest.mark.parametrize(
    ("kind", "model", "said"),
    [
        (
            "groq",
            "moonshotai/kimi-k2",
            {"tool_calls": [call("functions.f:0", "f", '{"a": 1}'), call("functions.f:1", "f", "{}")]},
        ),
        (
            "openai",
            "gpt-4.1",
            {"content": "see", "tool_calls": [call("call_1", "f", '{"a": 12345678901234567890123}')]},
        ),
        ("openai", "gpt-4.1", {"tool_calls": [call("call_1", "mcp.long" + "x" * 100, "{}")]}),
        (
            "openrouter",
            "some/model",
            {"content": "see", "reasoning_details": DETAILS, "tool_calls": [call("call_1", "f", "{}")]},
        ),
        (
            "deepseek",
            "deepseek-v4-pro",
            {"content": "see", "reasoning_content": "hm", "tool_calls": [call("call_1", "f", "{}")]},
        ),
        ("mistral", "magistral-medium", {"tool_calls": [call("aB3dE6gH9", "f", "{}")]}),
    ],
)
def test_what_was_said_is_what_is_sent(kind: str, model: str, said: dict[str, Any]) -> None:
    want = json.loads(json.dumps(said))
    sent = sent_back(said, kind, model=model)
    for name, value in want.items():
        if name == "tool_calls":
            assert [tool_call["id"] for tool_call in sent[name]] == [tool_call["id"] for tool_call in value]
            assert [json.loads(one["function"]["arguments"]) for one in sent[name]] == [
                json.loads(one["function"]["arguments"]) for one in value
            ]
            assert [one["function"]["name"] for one in sent[name]] == [one["function"]["name"] for one in said[name]]
        else:
            assert sent[name] == value, name


def test_mistrals_thinking_comes_back_as_content() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    said = {"content": [thought, {"type": "text", "text": "ok"}]}
    assert sent_back(said, "mistral", model="magistral-medium")["content"] == said["content"]


def test_mistrals_signatures_come_back_with_their_thoughts() -> None:
    def thought(words: str, **more: Any) -> dict[str, Any]:
        items = [{"type": "text", "text": words}] if words else []
        return {"type": "thinking", "thinking": items, **more}

    said = {"content": [thought("hm", signature="s1"), {"type": "text", "text": "ok"}]}
    assert sent_back(said, "mistral", model="mistral-medium-3-5")["content"] == said["content"]
    said = {"content": [thought("", signature="s1")], "tool_calls": [call("aB3dE6gH9", "f", "{}")]}
    assert sent_back(said, "mistral", model="mistral-medium-3-5")["content"] == said["content"]


def test_details_of_a_provider_that_has_changed_its_ways_are_left_out() -> None:
    thought = {"type": "thinking", "thinking": "hm"}
    sealed = signature.seal("mistral", "hm", json.dumps([{"type": "reasoning.encrypted"}]).encode(), KEY)
    history = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [{**thought, "signature": sealed}, {"type": "text", "text": "b"}]},
        {"role": "user", "content": "c"},
    ]
    sent = messages(request(history), "mistral")[1]["content"]
    assert sent == [{**thought, "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "b"}]


def test_thoughts_in_tags_come_back_in_them() -> None:
    said = {"content": "<think>\nhm\n</think>\n\nok"}
    assert sent_back(said, "minimax", model="MiniMax-M2") == {"role": "assistant", **said}
    said = {"content": "<think>\nhm\n</think>\n\n", "tool_calls": [call("call_1", "f", "{}")]}
    assert sent_back(dict(said), "minimax", model="MiniMax-M2")["content"] == said["content"]
