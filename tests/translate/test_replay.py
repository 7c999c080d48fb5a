"""Whole answers as events and back."""

from __future__ import annotations

import json

import msgspec
import pytest
from msgspec import Raw

from ccproxy.translate import render
from ccproxy.translate.events import ContentBlockDelta, InputJSONDelta, Ping
from ccproxy.translate.messages import (
    Message,
    OutputTokensDetails,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    Usage,
)
from ccproxy.translate.replay import events_of, message_of
from tests.translate.grammar import check, frames

ANSWER = Message(
    id="msg_1",
    model="a/b",
    content=[
        ThinkingBlock("so", "sealed"),
        ThinkingBlock("", "sealed too"),
        RedactedThinkingBlock("secret"),
        TextBlock("see", Raw(b'[{"type":"web_search_result_location","url":"https://x.test"}]')),
        ToolUseBlock("toolu_1", "f", Raw(b'{"n": 12345678901234567890123}')),
        TextBlock("done"),
    ],
    stop_reason="tool_use",
    usage=Usage(3, 5, output_tokens_details=OutputTokensDetails(2)),
)


def test_events_say_what_the_answer_says() -> None:
    said = check(frames(render.events(events_of(ANSWER))))
    assert said.kinds == ["thinking", "thinking", "redacted_thinking", "text", "tool_use", "text"]
    assert said.thinking == "so"
    assert [block["signature"] for block in said.blocks[:2]] == ["sealed", "sealed too"]
    assert said.text == "seedone"
    assert said.blocks[3]["citations"][0]["url"] == "https://x.test"
    assert said.tools == [("f", {"n": 12345678901234567890123})]
    assert said.stop_reason == "tool_use"
    assert said.usage["output_tokens"] == 5
    assert said.message["usage"]["input_tokens"] == 3


def test_there_and_back() -> None:
    again = message_of(events_of(ANSWER))
    assert msgspec.json.encode(again) == msgspec.json.encode(ANSWER)


def test_pings_say_nothing() -> None:
    events = events_of(ANSWER)
    assert message_of([events[0], Ping(), *events[1:]]).content == message_of(events).content


def test_an_answer_is_not_changed_by_being_replayed() -> None:
    before = render.message(ANSWER)
    events_of(ANSWER)
    assert render.message(ANSWER) == before


def test_our_own_note_does_not_reach_the_client() -> None:
    message = msgspec.structs.replace(ANSWER, usage=Usage(3, 5, estimated=True))
    check(frames(render.events(events_of(message))))
    assert message.usage.estimated is True


@pytest.mark.parametrize("text", ["{oops", "[1]"])
def test_input_that_is_no_object_is_kept_in_one(text: str) -> None:
    events = events_of(ANSWER)
    broken = [
        ContentBlockDelta(event.index, InputJSONDelta(text))
        if isinstance(event, ContentBlockDelta) and isinstance(event.delta, InputJSONDelta)
        else event
        for event in events
    ]
    block = message_of(broken).content[4]
    assert isinstance(block, ToolUseBlock)
    assert json.loads(bytes(block.input)) == {"__unparsedToolInput": {"raw": text, "len": len(text)}}
