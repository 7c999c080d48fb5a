"""Answers as bytes: a Message as JSON, events as server-sent events.

Every frame has an `event:` line equal to its `data.type`: SDKs drop frames without one. Nothing else is known
here, neither upstreams nor HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ccproxy.translate.events import (
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Event,
    MessageDelta,
    MessageStart,
    MessageStop,
    Ping,
    Verbatim,
)
from ccproxy.translate.messages import Message, Relayed

_encoder = msgspec.json.Encoder()

_HEADS: dict[type, bytes] = {
    event: b"event: " + str(event.__struct_config__.tag).encode() + b"\ndata: "
    for event in (
        MessageStart,
        ContentBlockStart,
        ContentBlockDelta,
        ContentBlockStop,
        MessageDelta,
        MessageStop,
        Ping,
    )
}

PING = b'event: ping\ndata: {"type":"ping"}\n\n'


def message(answer: Message | Relayed) -> bytes:
    """The body of a non-streaming answer."""
    return answer.body if isinstance(answer, Relayed) else _encoder.encode(answer)


def events(batch: Iterable[Event]) -> bytes:
    """The frames of some events, to be written in one piece."""
    encode = _encoder.encode
    heads = _HEADS
    parts: list[bytes] = []
    for event in batch:
        if type(event) is Verbatim:
            parts.append(event.data)
            continue
        parts.append(heads[type(event)])
        parts.append(encode(event))
        parts.append(b"\n\n")
    return b"".join(parts)


def error_event(body: dict[str, Any] | bytes) -> bytes:
    """The frame that ends a stream which failed after its start; `body` is the usual error envelope, or its JSON."""
    data = body if isinstance(body, bytes) else _encoder.encode(body)
    return b"event: error\ndata: " + data + b"\n\n"
