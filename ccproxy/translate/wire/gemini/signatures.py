"""Thought signatures: how they travel to the client and are found again on the next turn.

Gemini signs parts of its answers and, from Gemini 3 on, refuses a conversation whose function calls have come back
without (provider docs). A call's signature is kept in two places. One is the thinking block before the call, inside
the signature that we seal, because a `tool_use` block has no field for it that clients keep; where the model showed
no thoughts, that block is empty. The other is `target.keepsakes`, by the client's id of the call, for clients that
leave thinking blocks out. Of parallel calls only the first is signed.

Signatures hold for the model and the account that made them (provider docs call for a dummy elsewhere), so each is
kept with its maker's label, and one of another maker counts as none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from ccproxy.translate import signature
from ccproxy.translate.messages import RedactedThinkingBlock, ThinkingBlock
from ccproxy.translate.target import Target

Part = Literal["thought", "text", "call"]
"""What is signed: the thought itself, or the first text or call behind it."""


class Mark(Struct, frozen=True):
    """A signature as it came, and the part that it came with."""

    part: Part
    signature: str


class Signed(Struct, frozen=True, array_like=True):
    """The payload of a thinking block's signature: who signed, and what; "" is no signature."""

    maker: str
    thought: str = ""
    text: str = ""
    call: str = ""


class Kept(Struct, frozen=True, array_like=True):
    """What is kept for one call in `target.keepsakes`."""

    maker: str
    call: str


_read_signed = msgspec.json.Decoder(Signed).decode
_read_kept = msgspec.json.Decoder(Kept).decode


def packer(target: Target) -> Callable[[Sequence[Mark]], bytes]:
    """Writes the marks of a thinking block as the payload of its signature; the last mark of each part counts."""

    def pack(marks: Sequence[Mark]) -> bytes:
        return msgspec.json.encode(Signed(target.label, **{mark.part: mark.signature for mark in marks}))

    return pack


def keep(target: Target, id: str, call: str) -> None:
    """Keep the signature of the call that the client knows by this id."""
    if target.keepsakes is not None:
        target.keepsakes.put(id, msgspec.json.encode(Kept(target.label, call)))


class Signatures:
    """The signatures of one assistant turn, found again in the order of its blocks.

    Tell it every block of thinking, and ask it at every text and every call, in their order: what is signed is the
    first of its kind behind the thinking.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._text = ""
        self._call = ""

    def thinking(self, block: ThinkingBlock | RedactedThinkingBlock) -> str | None:
        """The signature of the thought itself, often ""; None where the block is not of this kind of provider."""
        sealed, text = (
            (block.data, "") if isinstance(block, RedactedThinkingBlock) else (block.signature, block.thinking)
        )
        target = self._target
        payload = signature.unseal(sealed, target.kind, text, target.seal_keys)
        if payload is None:
            return None
        signed = _opened(payload)
        if signed is None or signed.maker != target.label:
            signed = Signed("")
        self._text, self._call = signed.text, signed.call
        return signed.thought

    def text(self) -> str:
        """The signature of the next text, or ""."""
        found, self._text = self._text, ""
        return found

    def call(self, id: str) -> str:
        """The signature of the next call, which the client knows by this id, or ""."""
        sealed, self._call = self._call, ""
        return self._kept(id) or sealed

    def _kept(self, id: str) -> str:
        target = self._target
        kept = target.keepsakes.get(id) if target.keepsakes is not None else None
        if kept is None:
            return ""
        try:
            found = _read_kept(kept)
        except msgspec.MsgspecError:
            return ""  # another wire's, for a call of that id
        return found.call if found.maker == target.label else ""


def _opened(payload: bytes) -> Signed | None:
    try:
        return _read_signed(payload) if payload else None
    except msgspec.MsgspecError:
        return None  # an older version's
