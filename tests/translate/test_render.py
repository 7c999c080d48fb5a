"""Answers as bytes."""

from __future__ import annotations

import json

import pytest
from msgspec import Raw

from ccproxy.translate import render
from ccproxy.translate.events import (
    CitationsDelta,
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Event,
    InputJSONDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    Ping,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
)
from ccproxy.translate.messages import Message, TextBlock, ToolUseBlock, Usage

USAGE = {
    "input_tokens": 3,
    "output_tokens": 5,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens_details": {"thinking_tokens": 0},
    "server_tool_use": None,
    "service_tier": "standard",
}
MESSAGE = Message(id="msg_1", model="a/b", content=[], usage=Usage(3, 5))


@pytest.mark.parametrize(
    ("event", "value"),
    [
        (
            MessageStart(MESSAGE),
            {
                "type": "message_start",
                "message": {
                    "type": "message",
                    "id": "msg_1",
                    "role": "assistant",
                    "model": "a/b",
                    "content": [],
                    "stop_reason": None,
                    "stop_sequence": None,
                    "usage": USAGE,
                },
            },
        ),
        (
            ContentBlockStart(0, ToolUseBlock("toolu_1", "f", Raw(b"{}"))),
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
            },
        ),
        (
            ContentBlockDelta(0, TextDelta("a\n\nb\u2028")),
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a\n\nb\u2028"}},
        ),
        (
            ContentBlockDelta(1, InputJSONDelta('{"')),
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"'}},
        ),
        (
            ContentBlockDelta(1, ThinkingDelta("so")),
            {"type": "content_block_delta", "index": 1, "delta": {"type": "thinking_delta", "thinking": "so"}},
        ),
        (
            ContentBlockDelta(1, SignatureDelta("s")),
            {"type": "content_block_delta", "index": 1, "delta": {"type": "signature_delta", "signature": "s"}},
        ),
        (
            ContentBlockDelta(1, CitationsDelta(Raw(b'{"type":"x"}'))),
            {
                "type": "content_block_delta",
                "index": 1,
                "delta": {"type": "citations_delta", "citation": {"type": "x"}},
            },
        ),
        (ContentBlockStop(2), {"type": "content_block_stop", "index": 2}),
        (
            MessageDelta(Stop("stop_sequence", "END"), Usage(3, 5)),
            {
                "type": "message_delta",
                "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"},
                "usage": USAGE,
            },
        ),
        (MessageStop(), {"type": "message_stop"}),
        (Ping(), {"type": "ping"}),
    ],
)
def test_a_frame_names_its_event_as_its_data_does(event: Event, value: dict[str, object]) -> None:
    lines = render.events([event]).decode().split("\n")
    assert lines[0] == f"event: {value['type']}"
    assert lines[1].startswith("data: ")
    assert json.loads(lines[1][6:]) == value
    assert lines[2:] == ["", ""]


def test_several_frames_come_in_one_piece() -> None:
    assert render.events([]) == b""
    assert render.events([Ping(), Ping()]) == render.PING * 2


def test_an_answer_is_its_json() -> None:
    answer = Message(id="msg_1", model="a/b", content=[TextBlock("hi")], stop_reason="end_turn", usage=Usage(3, 5))
    assert json.loads(render.message(answer)) == {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "model": "a/b",
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }


def test_an_error_ends_a_stream_as_an_event() -> None:
    body = {"type": "error", "error": {"type": "api_error", "message": "no"}, "request_id": "1"}
    head, data, *rest = render.error_event(body).decode().split("\n")
    assert head == "event: error"
    assert json.loads(data.removeprefix("data: ")) == body
    assert rest == ["", ""]
