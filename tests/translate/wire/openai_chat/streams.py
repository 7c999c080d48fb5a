"""Streams for tests: chunks as servers send them, and what the decoder makes of them however they are cut."""

from __future__ import annotations

import json
import random
from typing import Any

from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.openai_chat import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}


def event(value: Any) -> bytes:
    """A value as the data of an event."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def chunk(delta: Any = None, finish: str | None = None, **fields: Any) -> bytes:
    """A chunk with one choice; further fields go to the choice, those in `top` to the chunk."""
    top = fields.pop("top", {})
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": finish} | fields
    return event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]} | top)


def text(*parts: str) -> bytes:
    """Chunks of text."""
    return b"".join(chunk({"content": part}) for part in parts)


def call(
    arguments: Any = None, *, index: int | None = 0, id: str | None = None, name: str | None = None
) -> dict[str, Any]:
    """A delta with one tool call; what is None is left out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    made: dict[str, Any] = {"function": function}
    if index is not None:
        made["index"] = index
    if id is not None:
        made["id"] = id
    return {"tool_calls": [made]}


def ended(finish: str = "stop", usage: dict[str, Any] | None = None) -> bytes:
    """The common end: finish chunk, usage chunk, [DONE]."""
    return chunk({}, finish) + event({"choices": [], "usage": usage or USAGE}) + DONE


def events(pieces: list[bytes], where: DecodeContext | None = None) -> list[Event]:
    """All events of a stream that comes in these pieces."""
    decoder = StreamDecoder(where or context())
    found: list[Event] = []
    for piece in pieces:
        found += decoder.feed(piece)
    return found + decoder.close()


def said(data: bytes, where: DecodeContext | None = None) -> Said:
    """What a client reads of a stream: the same whole, byte by byte and at random cuts, and in good grammar."""
    whole = events([data], where)
    assert events([bytes([byte]) for byte in data], where) == whole
    cutter = random.Random(len(data))
    for _ in range(4):
        cuts = sorted(cutter.randrange(len(data) + 1) for _ in range(5))
        assert events([data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)], where) == whole
    return check(frames(render.events(whole)))
