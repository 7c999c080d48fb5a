"""Answers for tests: chunks as Gemini sends them, and what the decoder makes of them however they are cut."""

from __future__ import annotations

import json
import random
from typing import Any

from msgspec import structs

from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.gemini import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames
from tests.translate.wire.gemini.drawer import Drawer

USAGE = {"promptTokenCount": 20, "candidatesTokenCount": 5, "thoughtsTokenCount": 3, "totalTokenCount": 28}


def here(drawer: Drawer | None = None, **about: Any) -> DecodeContext:
    """A context of a Gemini provider."""
    made = context(kind="gemini", **about)
    return structs.replace(made, target=structs.replace(made.target, keepsakes=drawer))


def chunk(*parts: dict[str, Any], finish: Any = None, **beside: Any) -> dict[str, Any]:
    """A chunk with one candidate; what stands beside the parts goes to the candidate."""
    candidate: dict[str, Any] = {"index": 0, **beside}
    if parts:
        candidate["content"] = {"role": "model", "parts": list(parts)}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "gemini-3-pro", "responseId": "r"}


def text(*texts: str) -> list[dict[str, Any]]:
    """Chunks of text."""
    return [chunk({"text": one}) for one in texts]


def call(name: str, signature: str = "", **args: Any) -> dict[str, Any]:
    """A part that calls a function."""
    part: dict[str, Any] = {"functionCall": {"name": name, "args": args}}
    return part | {"thoughtSignature": signature} if signature else part


def piece(name: str = "", *partial: dict[str, Any], more: bool = False) -> dict[str, Any]:
    """A part that is a piece of a call."""
    made: dict[str, Any] = {"name": name} if name else {}
    if partial:
        made["partialArgs"] = list(partial)
    if more:
        made["willContinue"] = True
    return {"functionCall": made}


def ended(finish: Any = "STOP") -> dict[str, Any]:
    """The common end: an empty text with the finish reason and the usage."""
    return chunk({"text": ""}, finish=finish) | {"usageMetadata": USAGE}


def sse(*chunks: dict[str, Any]) -> bytes:
    """The chunks as server-sent events, as the API writes them."""
    return b"".join(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in chunks)


def array(*chunks: dict[str, Any]) -> bytes:
    """The chunks as the items of an array, as the API streams them without `alt=sse`."""
    return b"[" + b"\n,\r\n".join(json.dumps(one, indent=2).encode() for one in chunks) + b"\n]\n"


def events(pieces: list[bytes], where: DecodeContext | None = None) -> list[Event]:
    """All events of a stream that comes in these pieces."""
    decoder = StreamDecoder(where or here())
    found: list[Event] = []
    for one in pieces:
        found += decoder.feed(one)
    return found + decoder.close()


def said(*chunks: dict[str, Any], where: DecodeContext | None = None) -> Said:
    """What a client reads of a stream: the same in both forms, whole, byte by byte and at random cuts."""
    whole = events([sse(*chunks)], where)
    for data in (sse(*chunks), array(*chunks)):
        assert events([data], where) == whole
        assert events([bytes([byte]) for byte in data], where) == whole
        cutter = random.Random(len(data))
        for _ in range(4):
            cuts = sorted(cutter.randrange(len(data) + 1) for _ in range(5))
            assert events([data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)], where) == whole
    return check(frames(render.events(whole)))
