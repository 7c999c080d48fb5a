"""Streams for these tests: an answer's events, cut off somewhere, as values or as a relaying wire gives them."""

from __future__ import annotations

from collections.abc import Sequence

from ccproxy.translate import render
from ccproxy.translate.events import ContentBlockDelta, ContentBlockStart, ContentBlockStop, Event, TextDelta, Verbatim
from ccproxy.translate.messages import Message, ResponseBlock, TextBlock, Usage
from ccproxy.translate.replay import events_of

START = events_of(Message(id="msg_1", model="a/b", content=[], usage=Usage(7, 0)))[:1]


def answer(*blocks: ResponseBlock, stop_reason: str = "end_turn") -> list[Event]:
    """A whole stream with these blocks."""
    usage = Usage(10, 20, cache_read_input_tokens=3)
    return events_of(
        Message(id="msg_2", model="c/d", content=list(blocks), stop_reason=stop_reason, usage=usage)  # type: ignore[arg-type]
    )


def broken(*texts: str, closed: bool = False, before: Sequence[Event] = ()) -> list[Event]:
    """A stream that broke off in a text (`closed`: behind it)."""
    index = sum(isinstance(event, ContentBlockStart) for event in before)
    said: list[Event] = [ContentBlockStart(index, TextBlock(""))]
    said += (ContentBlockDelta(index, TextDelta(text)) for text in texts)
    return [*START, *before, *said, *([ContentBlockStop(index)] if closed else [])]


def relayed(events: Sequence[Event], *, together: bool) -> list[Event]:
    """The same as frames that were handed on, in one piece or one by one."""
    if together:
        return [Verbatim(render.events(events))]
    return [Verbatim(render.events([event])) for event in events]
