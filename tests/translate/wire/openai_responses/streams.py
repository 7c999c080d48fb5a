"""Streams for tests: events as servers send them, and what the decoder makes of them however they are cut."""

from __future__ import annotations

import json
import random
from typing import Any

from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.openai_responses import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames

USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 25,
}
CREATED = (
    b'event: response.created\ndata: {"type":"response.created","response":{"status":"in_progress","output":[]}}\n\n'
)


def event(kind: str, *, named: bool = True, **fields: Any) -> bytes:
    """One event. Without `named` only its data tells its type."""
    head = f"event: response.{kind}\n" if named else ""
    return f"{head}data: {json.dumps({'type': f'response.{kind}'} | fields)}\n\n".encode()


def text(*parts: str, at: int = 0, within: int = 0) -> bytes:
    """Deltas of text."""
    return b"".join(
        event("output_text.delta", delta=part, output_index=at, content_index=within, item_id="m") for part in parts
    )


def added(item: dict[str, Any], at: int = 0) -> bytes:
    """An item begins."""
    return event("output_item.added", item=item, output_index=at)


def done(item: dict[str, Any], at: int = 0) -> bytes:
    """An item is complete."""
    return event("output_item.done", item=item, output_index=at)


def message(*texts: str, **fields: Any) -> dict[str, Any]:
    """A message item with these parts; further fields go to each of them."""
    parts = [{"type": "output_text", "text": text, "annotations": []} | fields for text in texts]
    return {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": parts}


def call(arguments: Any = "{}", *, id: str = "call_1", name: str = "f") -> dict[str, Any]:
    """A function call item."""
    return {"type": "function_call", "id": "fc_1", "call_id": id, "name": name, "arguments": arguments}


def ended(*output: dict[str, Any], kind: str = "completed", **fields: Any) -> bytes:
    """The last event, with the whole output once more."""
    response = {"object": "response", "status": kind, "output": list(output), "usage": USAGE} | fields
    return event(kind, response=response)


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
