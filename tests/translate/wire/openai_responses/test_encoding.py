"""Every recorded request in Anthropic's form, and Claude Code's own, fit the types of OpenAI's package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import TypeAdapter

from ccproxy.errors import InvalidRequest
from ccproxy.translate.parse import parse
from ccproxy.translate.signature import seal
from ccproxy.translate.wire.openai_responses import encode
from ccproxy.translate.wire.openai_responses.reasoning import Reasoning, packed
from tests.translate.wire.openai_chat.requests import assistant, request, result, system, text, tool, use, user
from tests.translate.wire.openai_responses.requests import KEY, body, target
from tests.translate.wire.test_accounted import recorded

STREAMED: TypeAdapter[Any] = TypeAdapter(ResponseCreateParamsStreaming)
WHOLE: TypeAdapter[Any] = TypeAdapter(ResponseCreateParamsNonStreaming)
TARGETS = [
    ("openai", "gpt-5.6"),
    ("openai", "o3"),
    ("openai", "gpt-4o"),
    ("azure", "my-deployment"),
    ("azure", "gpt-5.1"),
    ("xai", "grok-4.3"),
    ("openai-responses", "some-model"),
]
KNOWN = {*get_type_hints(ResponseCreateParamsStreaming), *get_type_hints(ResponseCreateParamsNonStreaming)}
# What these providers have not, or cannot be given.
REFUSED = (
    "has no code execution",
    "Files API",
    "cannot call MCP servers",
    "takes no images",
    "by URL only",
    "base64 only",
)
# Fields of xAI's own.
XAI = {"type": "x_search"}


def check(sent: dict[str, Any]) -> None:
    """Validate against the package's types, which know only messages and reasoning that have an id.

    Those that are sent back without are taken all the same (recorded traffic), and nothing is stored that an id
    could name.
    """
    sent = {**sent, "input": [_with_id(item) for item in sent["input"]]}
    if XAI in sent.get("tools", ()):
        sent["tools"] = [one for one in sent["tools"] if one != XAI]
    (STREAMED if sent.get("stream") else WHOLE).validate_python(sent)
    assert set(sent) <= KNOWN, set(sent) - KNOWN


def _with_id(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("role") == "assistant":
        return {**item, "id": "msg_1", "status": "completed"}
    return {**item, "id": "rs_1"} if item["type"] == "reasoning" else item


@pytest.mark.parametrize(("kind", "model"), TARGETS)
def test_recorded_requests(kind: str, model: str, shared: Path) -> None:
    to = target(kind, model)
    count = 0
    refused = []
    for name, asked in recorded(shared):
        count += 1
        try:
            sent = encode(parse(json.dumps(asked).encode()).request, to)
        except InvalidRequest as error:
            refused.append(f"{name}: {error.message}")
        else:
            check(json.loads(sent.body))
    assert count > 300
    assert len(refused) < count * 0.1
    assert [one for one in refused if not any(words in one for words in REFUSED)] == []


@pytest.mark.parametrize(("kind", "model"), TARGETS)
@pytest.mark.parametrize("stream", [True, False])
def test_a_request_with_everything(kind: str, model: str, stream: bool) -> None:
    sealed = seal(kind, "Hm.", packed([Reasoning("rs_1", "gAAA")]), KEY)
    wish = request(
        [
            user("a"),
            assistant({"type": "thinking", "thinking": "Hm.", "signature": sealed}, text("b"), use("t1"), use("t2")),
            user(
                result("t1", [text("c"), {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}}])
            ),
            system("d"),
            user("e"),
        ],
        system="f",
        stream=stream,
        tools=[
            tool(),
            {
                "type": "web_search_20250305",
                "name": "web_search",
                "max_uses": 3,
                "allowed_domains": ["a.test"],
                "user_location": {"type": "approximate", "city": "Utrecht"},
            },
        ],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        thinking={"type": "adaptive"},
        output_config={
            "effort": "low",
            "format": {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
        },
        metadata={"user_id": "u"},
        service_tier="auto",
        temperature=0.5,
    )
    check(body(wish, kind, model=model))
