from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses.input_token_count_params import InputTokenCountParams
from pydantic import TypeAdapter

from ccproxy.errors import BadAnswer, Uncarriable
from ccproxy.translate.parse import parse
from ccproxy.translate.target import UpstreamRequest
from ccproxy.translate.wire.openai_responses import count, counted
from tests.translate.wire.openai_chat.requests import tool
from tests.translate.wire.openai_responses.requests import said, target

SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}


def asked(kind: str = "openai", model: str = "gpt-5.6", **fields: Any) -> UpstreamRequest | None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], **fields}
    return count(parse(json.dumps(body).encode(), counting=True), {}, target(kind, model))


def test_what_is_sent() -> None:
    sent = asked(system="Be kind.", tools=[tool(), SEARCH], tool_choice={"type": "any"}, thinking={"type": "adaptive"})
    assert sent is not None
    assert (sent.method, sent.path) == ("POST", "/responses/input_tokens")
    body = json.loads(sent.body)
    assert set(body) == {"model", "input", "instructions", "tools", "tool_choice", "reasoning"}
    assert body["input"] == [said("user", "hello")]
    TypeAdapter(InputTokenCountParams).validate_python(body)


@pytest.mark.parametrize(("kind", "model"), [("xai", "grok-4.3"), ("azure", "gpt-5.1"), ("openai-responses", "m")])
def test_who_does_not_count(kind: str, model: str) -> None:
    assert asked(kind, model) is None


def test_what_cannot_be_carried_cannot_be_counted() -> None:
    with pytest.raises(Uncarriable, match="container"):
        asked(container="c")


def test_the_count() -> None:
    assert counted(b'{"object":"response.input_tokens","input_tokens":60}') == 60


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>", b'{"input_tokens":"many"}'])
def test_no_count(body: bytes) -> None:
    with pytest.raises(BadAnswer, match="no count"):
        counted(body)
