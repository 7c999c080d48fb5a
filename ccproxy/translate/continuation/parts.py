"""The frames of a relayed stream, looked into only as far as a continuation has to know them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from ccproxy.errors import BadAnswer
from ccproxy.translate.misfits import Halves, fitted, value
from ccproxy.translate.wire.anthropic import frames
from ccproxy.translate.wire.anthropic.members import edited, members, replaced


class Block(Struct, frozen=True):
    """A block as it begins."""

    type: str = ""
    text: str = ""


class Delta(Struct, frozen=True):
    """What a block grows by, or in a `message_delta` how the answer ended."""

    type: str = ""
    text: str = ""
    stop_reason: str | None = None


class Part(Struct, frozen=True):
    """The data of a frame."""

    type: str
    index: int = -1
    content_block: Block = Block()
    delta: Delta = Delta()


_read: msgspec.json.Decoder[Part] = msgspec.json.Decoder(Part)


def parts(data: bytes, halves: Halves) -> Iterator[tuple[Part | None, bytes]]:
    """Each frame of these with its data; None in place of what is no event of the API's. Comments are left out.

    `halves` are those of the stream: a character that two events have one half of each is in the second one's text.
    """
    for frame in data.split(b"\n\n"):
        found = frames.read(frame)[1]
        if not found:
            continue
        try:
            part = _read.decode(found) if not halves else _patiently(found, halves)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            part = _patiently(found, halves)
        yield part, found


def _patiently(data: bytes, halves: Halves) -> Part | None:
    try:
        found = value(data, halves)
        number = found.get("index", 0) if isinstance(found, dict) else None
        return fitted(found, Part, "event of the Messages API") if isinstance(number, int) else None
    except BadAnswer:
        return None


def moved(data: bytes, index: int) -> bytes:
    """An event's data with another index; all else stays as it came."""
    try:
        return edited(data, replaced(members(data), "index", b"%d" % index))
    except ValueError:
        # Half a character, which nothing but the standard library's JSON reads and writes.
        found = json.loads(data.decode("utf-8", "replace"), strict=False)
        return json.dumps({**found, "index": index}).encode()
