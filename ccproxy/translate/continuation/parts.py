"""The frames of a relayed stream, looked into only as far as a continuation has to know them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from ccproxy.translate.wire.anthropic import frames
from ccproxy.translate.wire.anthropic.members import edited, members, replaced


class Block(Struct, frozen=True):
    """A block as it begins."""

    type: str = ""
    text: str = ""


class Delta(Struct, frozen=True):
    """What a block grows by; of a `message_delta` nothing is known here."""

    type: str = ""
    text: str = ""


class Part(Struct, frozen=True):
    """The data of a frame."""

    type: str
    index: int = -1
    content_block: Block = Block()
    delta: Delta = Delta()


_read: msgspec.json.Decoder[Part] = msgspec.json.Decoder(Part)


def parts(data: bytes) -> Iterator[tuple[Part | None, bytes]]:
    """Each frame of these with its data; None in place of what is no event of the API's. Comments are left out."""
    for frame in data.split(b"\n\n"):
        found = frames.read(frame)[1]
        if not found:
            continue
        try:
            yield _read.decode(found), found
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield None, found


def moved(data: bytes, index: int) -> bytes:
    """An event's data with another index; all else stays as it came."""
    return edited(data, replaced(members(data), "index", b"%d" % index))
