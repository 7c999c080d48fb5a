"""A conversation that changes its provider in the middle: each API goes on from each other's answers.

An answer of one API, with thoughts, text and a call, is decoded, echoed by a client as it came, and encoded for
another API together with the result of the call.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from ccproxy import presets
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.keepsakes import Keepsakes
from ccproxy.gateway.wires import RELAYING, TRANSLATING
from ccproxy.store.providers import Provider
from ccproxy.translate import render
from ccproxy.translate.parse import Parsed, parse
from ccproxy.translate.target import DecodeContext, Target, UpstreamRequest

KEYS = (b"s" * 32,)
OPAQUE = "T3BhcXVl" * 40
"""Stands for what only the provider can read of its thoughts: base64, as some demand, and as long as that is."""

_CALL = {"name": "look", "arguments": '{"at":"sky"}'}
_NATIVE = {
    "id": "msg_native",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [
        {"type": "thinking", "thinking": "I think", "signature": OPAQUE},
        {"type": "text", "text": "I say"},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "sky"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


def _chat(**message: Any) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": _CALL}
    said = {"role": "assistant", "content": "I say", "tool_calls": [call], **message}
    return {"choices": [{"index": 0, "message": said, "finish_reason": "tool_calls"}]}


# Provider type, model, and its answer in its own form.
ANSWERS: list[tuple[str, str, Any]] = [
    ("deepseek", "deepseek-v4-pro", _chat(reasoning_content="I think")),
    (
        "openrouter",
        "openai/gpt-5",
        _chat(
            reasoning="I think",
            reasoning_details=[
                {"type": "reasoning.summary", "summary": "I think", "index": 0},
                {"type": "reasoning.encrypted", "data": OPAQUE, "id": "rs_1", "index": 1},
            ],
        ),
    ),
    (
        "mistral",
        "magistral-medium-latest",
        _chat(
            content=[
                {"type": "thinking", "thinking": [{"type": "text", "text": "I think"}]},
                {"type": "text", "text": "I say"},
            ]
        ),
    ),
    (
        "openai",
        "gpt-5.5",
        {
            "id": "resp_1",
            "object": "response",
            "status": "completed",
            "model": "gpt-5.5",
            "output": [
                {
                    "type": "reasoning",
                    "id": "rs_1",
                    "summary": [{"type": "summary_text", "text": "I think"}],
                    "encrypted_content": OPAQUE,
                },
                {
                    "type": "message",
                    "id": "msg_1",
                    "role": "assistant",
                    "status": "completed",
                    "content": [{"type": "output_text", "text": "I say", "annotations": []}],
                },
                {"type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed", **_CALL},
            ],
        },
    ),
    (
        "gemini",
        "gemini-3-pro",
        {
            "candidates": [
                {
                    "content": {
                        "role": "model",
                        "parts": [
                            {"text": "I think", "thought": True},
                            {"text": "I say"},
                            {"functionCall": {"name": "look", "args": {"at": "sky"}}, "thoughtSignature": OPAQUE},
                        ],
                    },
                    "finishReason": "STOP",
                }
            ]
        },
    ),
    (
        "bedrock",
        "us.amazon.nova-2-lite-v1:0",
        {
            "output": {
                "message": {
                    "role": "assistant",
                    "content": [
                        {"reasoningContent": {"reasoningText": {"text": "I think", "signature": OPAQUE}}},
                        {"text": "I say"},
                        {"toolUse": {"toolUseId": "tooluse_1", "name": "look", "input": {"at": "sky"}}},
                    ],
                }
            },
            "stopReason": "tool_use",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        },
    ),
    (
        "cohere",
        "command-a-reasoning-08-2025",
        {
            "id": "1",
            "finish_reason": "TOOL_CALL",
            "message": {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "I think"}],
                "tool_plan": "I say",
                "tool_calls": [{"id": "look_1", "type": "function", "function": _CALL}],
            },
        },
    ),
    ("anthropic", "claude-sonnet-4-5", _NATIVE),
    ("zai-anthropic", "glm-5.2", _NATIVE),
    ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", _NATIVE),
    ("vertex", "claude-sonnet-4-5", _NATIVE),
]


def _responses(item: dict[str, Any]) -> dict[str, Any]:
    said = {"type": "output_text", "text": "I say", "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [said]}
    return {"id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": [item, message]}


def _gemini(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = {"role": "model", "parts": [*parts, {"text": "I say"}]}
    return {"candidates": [{"content": content, "finishReason": "STOP", **more}]}


_PAGE = {"url": "https://sky.example/", "title": "Skies"}
# Provider type, model, its answer with something that its server did, and words that must not get lost.
SERVED: list[tuple[str, str, Any, tuple[str, ...]]] = [
    (
        "openai",
        "gpt-5.5",
        _responses(
            {
                "type": "web_search_call",
                "id": "ws_1",
                "status": "completed",
                "action": {"type": "search", "query": "blue sky", "sources": [{"type": "url", "url": _PAGE["url"]}]},
            }
        ),
        ("blue sky", _PAGE["url"]),
    ),
    (
        "openai",
        "gpt-5.5",
        _responses(
            {
                "type": "web_search_call",
                "id": "ws_1",
                "status": "failed",
                "action": {"type": "search", "query": "blue sky"},
            }
        ),
        ("blue sky",),
    ),
    (
        "openai",
        "gpt-5.5",
        _responses(
            {
                "type": "mcp_call",
                "id": "mcp_1",
                "server_label": "shop",
                "name": "find",
                "arguments": '{"what":"paint"}',
                "output": "blue paint",
            }
        ),
        ("find", "paint", "blue paint"),
    ),
    (
        "gemini",
        "gemini-3-pro",
        _gemini(
            groundingMetadata={
                "webSearchQueries": ["blue sky"],
                "groundingChunks": [{"web": {"uri": _PAGE["url"], "title": _PAGE["title"]}}],
            }
        ),
        ("blue sky", _PAGE["url"]),
    ),
    (
        "gemini",
        "gemini-3-pro",
        _gemini(
            {"executableCode": {"language": "PYTHON", "code": "print(40 + 2)"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "forty-two"}},
        ),
        ("print(40 + 2)", "forty-two"),
    ),
    (
        "openrouter",
        "openai/gpt-5",
        {
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": "I say",
                        "annotations": [{"type": "url_citation", "url_citation": _PAGE}],
                    },
                    "finish_reason": "stop",
                }
            ]
        },
        (_PAGE["url"],),
    ),
]
PLACES = range(len(ANSWERS))
NAMES = [f"{kind}/{model}" for kind, model, _ in ANSWERS]
NATIVE = {name for name, (_, _, answer) in zip(NAMES, ANSWERS, strict=True) if answer is _NATIVE}
KEEPSAKES = Keepsakes()


def target(kind: str, model: str) -> Target:
    preset = presets.find(kind)
    assert preset is not None
    options = {"project": "p"} if kind == "vertex" else {}
    url = presets.base_url(preset, None, options)
    provider = Provider(name=kind, type=kind, api_base_url=url, api_key="k", options=options)
    return for_model(connect(provider, KEYS, KEEPSAKES), model)


def answered(place: int) -> list[dict[str, Any]]:
    """The content of the answer, as a client has it."""
    kind, model, body = ANSWERS[place]
    return decoded(kind, model, body, place)


def decoded(kind: str, model: str, body: Any, place: int = 0) -> list[dict[str, Any]]:
    to = target(kind, model)
    wire = RELAYING.get(to.wire) or TRANSLATING[to.wire]
    context = DecodeContext(message_id=f"msg_{place}", target=to, input_tokens=1)
    message = wire.decode(json.dumps(body).encode(), context)
    content: list[dict[str, Any]] = json.loads(render.message(message))["content"]
    return content


def turn(content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An answer, and the results of its calls."""
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "it is blue"}
        for block in content
        if block["type"] == "tool_use"
    ]
    return [{"role": "assistant", "content": content}, {"role": "user", "content": results}]


def encoded(place: int, *contents: list[dict[str, Any]]) -> UpstreamRequest:
    kind, model, _ = ANSWERS[place]
    to = target(kind, model)
    request = {
        "model": "m",
        "max_tokens": 4000,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "tools": [{"name": "look", "input_schema": {"type": "object", "properties": {"at": {"type": "string"}}}}],
        "messages": [{"role": "user", "content": "How is the sky?"}, *itertools.chain(*map(turn, contents))],
    }
    parsed: Parsed = parse(json.dumps(request).encode())
    if to.wire in RELAYING:
        relayed: UpstreamRequest = RELAYING[to.wire].relay(parsed, {}, to)
        return relayed
    found: UpstreamRequest = TRANSLATING[to.wire].encode(parsed.request, to)
    return found


def test_every_wire_is_here() -> None:
    assert {target(kind, model).wire for kind, model, _ in ANSWERS} >= {*TRANSLATING, *RELAYING}


@pytest.mark.parametrize("place", PLACES, ids=NAMES)
def test_an_answer_has_its_thoughts_its_text_and_its_call(place: int) -> None:
    content = answered(place)
    thoughts = [block for block in content if block["type"] == "thinking"]
    assert "".join(block["thinking"] for block in thoughts) == "I think"
    assert all(block["signature"] for block in thoughts)
    assert [block["text"] for block in content if block["type"] == "text"] == ["I say"]
    [call] = [block for block in content if block["type"] == "tool_use"]
    assert (call["name"], call["input"]) == ("look", {"at": "sky"})


@pytest.mark.parametrize(("first", "then"), list(itertools.permutations(PLACES, 2)))
def test_each_goes_on_from_each(first: int, then: int) -> None:
    body = encoded(then, answered(first)).body.decode()
    for words in ("I say", "look", "sky", "it is blue"):
        assert words in body
    assert "ccp1." not in body
    if not {NAMES[first], NAMES[then]} <= NATIVE:  # signatures of the Messages API don't tell whose they are
        assert OPAQUE not in body
        assert "I think" not in body


@pytest.mark.parametrize("place", PLACES, ids=NAMES)
def test_its_own_thoughts_go_back(place: int) -> None:
    body = encoded(place, answered(place)).body.decode()
    assert "ccp1." not in body
    assert OPAQUE in body or OPAQUE not in json.dumps(ANSWERS[place][2])
    assert "I think" in body or OPAQUE in body


@pytest.mark.parametrize("place", [place for place in PLACES if NAMES[place] not in NATIVE])
def test_thoughts_that_were_tampered_with_are_left_out(place: int) -> None:
    content = answered(place)
    for block in content:
        if block["type"] == "thinking":
            block["thinking"] = "I think otherwise"
    body = encoded(place, content).body.decode()
    assert "otherwise" not in body
    assert "ccp1." not in body


@pytest.mark.parametrize("last", PLACES, ids=NAMES)
def test_all_of_them_in_one_conversation(last: int) -> None:
    body = encoded(last, *map(answered, PLACES)).body.decode()
    assert body.count("it is blue") == len(PLACES)
    assert "ccp1." not in body


@pytest.mark.parametrize("first", range(len(SERVED)))
@pytest.mark.parametrize("then", PLACES, ids=NAMES)
def test_what_a_server_did_is_known_to_the_next(first: int, then: int) -> None:
    kind, model, body, words = SERVED[first]
    content = decoded(kind, model, body)
    served = [block for block in content if block["type"] not in ("text", "thinking")]
    assert served
    assert all(
        (block.get("id") or block["tool_use_id"]).startswith(("srvtoolu_ccp1", "mcptoolu_ccp1")) for block in served
    )
    upstream = encoded(then, [*content, {"type": "tool_use", "id": "toolu_9", "name": "look", "input": {}}])
    sent = json.dumps(json.loads(upstream.body), ensure_ascii=False)
    for word in ("I say", *words):
        assert word in sent
    for mark in ("ccp1.", "toolu_ccp1", "server_tool_use", "web_search_tool_result", "mcp_tool"):
        assert mark not in sent
    lost = [path for path in upstream.losses if path.startswith("messages")]
    assert all(path.endswith(".citations") for path in lost)  # no API but the Messages API is told of these
