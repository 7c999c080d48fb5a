"""A recorded stream and the message that it comes to."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ccproxy.translate import render, transcript
from ccproxy.translate.messages import Message, TextBlock, ThinkingBlock, ToolUseBlock, Usage
from ccproxy.translate.replay import events_of

ANSWER = Message(
    id="msg_1",
    model="p/m",
    content=[
        ThinkingBlock("hm", "signed"),
        TextBlock("so …", msgspec.Raw(b'[{"type": "x"}, {"type": "y"}]')),
        ToolUseBlock("toolu_1", "look", msgspec.Raw(b'{"at": [1, 2]}')),
    ],
    usage=Usage(input_tokens=3, output_tokens=4),
    stop_reason="tool_use",
)


def written(*events: Any) -> bytes:
    return b"".join(b"event: e\ndata: " + json.dumps(event).encode() + b"\n\n" for event in events)


def test_the_message_is_that_of_the_whole_answer() -> None:
    stream = render.PING.join(render.events([event]) for event in events_of(ANSWER))
    told = transcript.events(stream)
    assert told[0]["event"] == "message_start"
    assert transcript.message(told) == json.loads(render.message(ANSWER))
    assert transcript.error(told) is None


START = {"type": "message_start", "message": {"id": "m", "content": [], "usage": {"input_tokens": 5}, "new": 1}}


@pytest.mark.parametrize(
    ("events", "content"),
    [
        ([], []),
        ([{"type": "content_block_delta", "index": 0, "delta": {"text": "x"}}], []),
        (
            [
                {"type": "content_block_start", "index": "0", "content_block": {}},
                5,
                "x",
                {"type": "content_block_stop"},
            ],
            [],
        ),
        (
            [
                {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "b"}},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "new", "odd": 1}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "odd_delta", "odd": 2, "text": 7}},
            ],
            [{"type": "new", "odd": 2, "text": 7}, {"type": "text", "text": "b"}],
        ),
        (
            [
                {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "input": {}}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "x", "partial_json": '{"a": '}},
            ],
            [{"type": "tool_use", "input": '{"a": '}],
        ),
    ],
)
def test_whatever_came(events: list[Any], content: list[Any]) -> None:
    found = transcript.message(transcript.events(written(START, *events)))
    assert found is not None
    assert (found["content"], found["new"], found["usage"]) == (content, 1, {"input_tokens": 5})


def test_what_ended_it() -> None:
    error = {"type": "api_error", "message": "it broke off"}
    told = transcript.events(written(START, {"type": "error", "error": error}) + b"data: {no json}\n\ndata: {cut")
    assert transcript.error(told) == error
    assert told[-1] == {"event": "", "data": "{no json}"}
    assert transcript.message([]) is None
    assert transcript.message(transcript.events(written({"type": "message_delta", "delta": {}}))) is None


def test_an_event_without_an_end() -> None:
    assert transcript.events(b"data: " + b"x" * (17 * 1024 * 1024)) == []
