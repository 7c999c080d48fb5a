"""countTokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.parse import parse
from ccproxy.translate.wire.gemini import count, counted
from tests.translate.wire.gemini.requests import target
from tests.translate.wire.openai_chat.requests import tool

ASKED = {
    "model": "m",
    "messages": [{"role": "user", "content": "hello"}],
    "system": "be short",
    "tools": [tool()],
    "tool_choice": {"type": "any"},
    "temperature": 1,
}


def asked(kind: str) -> tuple[str, dict[str, Any]]:
    request = count(parse(json.dumps(ASKED).encode(), counting=True), {}, target("gemini-2.5-flash", kind))
    assert request is not None
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    return request.path, json.loads(request.body)


def test_ai_studio_counts_a_whole_request() -> None:
    path, body = asked("gemini")
    assert path == "/models/gemini-2.5-flash:countTokens"
    whole = body["generateContentRequest"]
    assert whole["model"] == "models/gemini-2.5-flash"
    assert set(whole) == {"model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}


def test_vertex_takes_the_fields_that_count() -> None:
    path, body = asked("vertex")
    assert path == "/models/gemini-2.5-flash:countTokens"
    assert set(body) == {"contents", "systemInstruction", "tools", "generationConfig"}


def test_the_answer_is_a_number() -> None:
    assert counted(b'{"totalTokens": 31, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 31}]}') == 31


@pytest.mark.parametrize("body", [b"", b"{}", b'{"totalTokens": "many"}', b"[]"])
def test_another_answer_makes_no_sense(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        counted(body)
