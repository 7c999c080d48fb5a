"""Streams of Cohere's for tests."""

from __future__ import annotations

import json
from typing import Any

from ccproxy.translate import render
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.cohere import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames
from tests.translate.replaying import fed_in_all_ways

START = b'event: message-start\ndata: {"id":"x","type":"message-start","delta":{"message":{"content":[]}}}\n\n'
USAGE = {"billed_units": {"input_tokens": 3, "output_tokens": 2}, "tokens": {"input_tokens": 20, "output_tokens": 5}}


def event(kind: str, index: int | None = None, message: Any = None, **delta: Any) -> bytes:
    """An event of that type."""
    if message is not None:
        delta["message"] = message
    value = {"type": kind, "index": index, "delta": delta}
    return f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode()


def text(*parts: str) -> bytes:
    """Deltas of text."""
    return b"".join(event("content-delta", 0, {"content": {"text": part}}) for part in parts)


def thinking(*parts: str) -> bytes:
    """Deltas of thinking."""
    return b"".join(event("content-delta", 0, {"content": {"thinking": part}}) for part in parts)


def call(index: int, *arguments: str, id: str = "look_1", name: str = "look") -> bytes:
    """A tool call with these parts of its input."""
    begun = {"id": id, "type": "function", "function": {"name": name, "arguments": ""}}
    parts = [event("tool-call-delta", index, {"tool_calls": {"function": {"arguments": part}}}) for part in arguments]
    return event("tool-call-start", index, {"tool_calls": begun}) + b"".join(parts) + event("tool-call-end", index)


def cited(*sources: dict[str, Any], kind: str = "TEXT_CONTENT") -> bytes:
    """A citation of these sources."""
    return event("citation-start", 0, {"citations": {"start": 0, "end": 1, "sources": list(sources), "type": kind}})


def ended(finish: str = "COMPLETE", **more: Any) -> bytes:
    """The last event."""
    return event("message-end", None, None, finish_reason=finish, usage=USAGE, **more)


def said(*parts: bytes, about: DecodeContext | None = None) -> Said:
    """What a client reads of the stream, however it is cut."""
    data = START + b"".join(parts)
    return check(frames(render.events(fed_in_all_ways(lambda: StreamDecoder(about or context()), data, "seed"))))
