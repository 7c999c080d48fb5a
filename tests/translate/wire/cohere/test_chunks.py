"""Reading events and bodies: strict and fast first, then with patience."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.wire.cohere.chunks import Body, Content, Event, Said, read_body, read_event


def test_an_event() -> None:
    event = read_event(b'{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"a"}}},"new":[1]}')
    assert (event.type, event.index) == ("content-delta", 1)
    assert event.delta is not None
    assert event.delta.message == Said(content=Content("a"))


@pytest.mark.parametrize(
    "fields",
    [
        {"index": "x"},
        {"delta": {"message": {"content": {"text": "a", "thinking": 5}}, "finish_reason": []}},
        {"delta": {"message": {"content": {"text": "a"}, "tool_plan": {}, "citations": 7, "tool_calls": "x"}}},
    ],
)
def test_a_field_of_a_wrong_type_counts_as_not_sent(fields: dict[str, Any]) -> None:
    delta = {"message": {"content": {"text": "a"}}}
    event = read_event(json.dumps({"type": "content-delta", "delta": delta, **fields}).encode())
    assert event.delta is not None
    assert event.delta.message == Said(content=Content("a"))


def test_counts_with_a_point() -> None:
    body = read_body(b'{"message":{"content":"a"},"usage":{"tokens":{"input_tokens":5.0,"output_tokens":2.5}}}')
    assert isinstance(body.message, Said)
    assert body.usage is not None
    assert body.usage.tokens is not None
    assert (body.usage.tokens.input_tokens, body.usage.tokens.output_tokens) == (5, None)


@pytest.mark.parametrize(("read", "empty"), [(read_event, Event()), (read_body, Body())])
def test_what_is_no_object_is_a_bad_answer(read: Any, empty: Any) -> None:
    assert read(b"{}") == empty
    for data in (b"", b"[]", b"5", b"<html>"):
        with pytest.raises(BadAnswer):
            read(data)
