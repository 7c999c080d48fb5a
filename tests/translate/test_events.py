"""Each event, as the Anthropic SDK's own types read it."""

from __future__ import annotations

import msgspec
import pytest
from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

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
    Verbatim,
)
from ccproxy.translate.messages import (
    Message,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    Usage,
)

SDK: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
LOCATION = b"""{"type": "char_location", "cited_text": "x", "document_index": 0, "document_title": null,
    "file_id": null, "start_char_index": 0, "end_char_index": 1}"""

EVENTS: list[Event] = [
    MessageStart(Message(id="msg_1", model="box/x", content=[], usage=Usage(input_tokens=7))),
    ContentBlockStart(0, TextBlock("")),
    ContentBlockStart(1, ThinkingBlock("")),
    ContentBlockStart(2, RedactedThinkingBlock("sealed")),
    ContentBlockStart(3, ToolUseBlock("call_1", "add", msgspec.Raw(b"{}"))),
    ContentBlockDelta(0, TextDelta("Hello")),
    ContentBlockDelta(0, CitationsDelta(msgspec.Raw(LOCATION))),
    ContentBlockDelta(1, ThinkingDelta("Hm")),
    ContentBlockDelta(1, SignatureDelta("signed")),
    ContentBlockDelta(3, InputJSONDelta('{"a": 1')),
    ContentBlockStop(3),
    MessageDelta(Stop("tool_use"), Usage(input_tokens=7, output_tokens=3)),
    MessageDelta(Stop("stop_sequence", "END"), Usage()),
    MessageStop(),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: msgspec.json.encode(event).decode()[:60])
def test_the_sdk_reads_it_as_it_was_written(event: Event) -> None:
    written = msgspec.json.encode(event)
    read = SDK.validate_json(written, strict=True)
    assert read.type == type(event).__struct_config__.tag
    assert _held(msgspec.json.decode(written), read.model_dump(mode="json"))


def test_every_kind_is_in_the_table() -> None:
    kinds = {type(event).__name__ for event in EVENTS} | {Ping.__name__, Verbatim.__name__}
    # the SDK swallows pings before its types; what is handed on verbatim has no type
    assert kinds == {kind.__name__ for kind in Event.__args__}


def test_a_ping_is_only_its_type() -> None:
    assert msgspec.json.encode(Ping()) == b'{"type":"ping"}'


def _held(part: object, whole: object) -> bool:
    """Whether the SDK's value holds all that was written; it adds fields of its own as null."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _held(value, whole[name]) for name, value in part.items())
    return part == whole
