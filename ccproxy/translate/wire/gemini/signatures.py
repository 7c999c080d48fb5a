"""Thought signatures: what Gemini wants back with a part of its earlier answer, and how it gets through the client.

A signature belongs to one part of an answer (text or a function call) and to the model that made it: provider docs
say that they are neither moved to other parts nor shown to other models. Two roads lead through the client:

- the signature of a thinking block, whose payload (`packed`) tells the signatures of the parts that follow the block
- for function calls also `target.keepsakes`, by the client's id of the call, because a client may leave thinking out

Nothing here makes or checks our own seal; that is `translate.signature`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

SKIP = "skip_thought_signature_validator"
"""Stands for the signature of a call that Gemini did not make or that is not known any more (provider docs)."""


class Signed(Struct, frozen=True, array_like=True):
    """One signature, and to which part it belongs: the thought itself, or the next text or call behind it."""

    part: Literal["thought", "text", "call"]
    signature: str


class _Pack(Struct, frozen=True):
    """`of` is the target's label: the provider and model that the signatures are from."""

    of: str
    signed: list[Signed]


class _Kept(Struct, frozen=True):
    of: str
    signature: str


_encode = msgspec.json.Encoder().encode
_read_pack = msgspec.json.Decoder(_Pack).decode
_read_kept = msgspec.json.Decoder(_Kept).decode


def packed(label: str, signed: Sequence[Signed]) -> bytes:
    """The payload for a thinking block's signature; `label` is that of the target that answered."""
    return _encode(_Pack(label, list(signed)))


def unpacked(payload: bytes, label: str) -> list[Signed] | None:
    """The signatures in a payload; None where another model made them. A block without a payload has none."""
    if not payload:
        return []
    try:
        pack = _read_pack(payload)
    except msgspec.MsgspecError:
        return None
    return pack.signed if pack.of == label else None


def kept(label: str, signature: str) -> bytes:
    """The keepsake of a function call that came with this signature."""
    return _encode(_Kept(label, signature))


def restored(keepsake: bytes | None, label: str) -> str | None:
    """The signature in a keepsake; None where there is none, or another model's."""
    if keepsake is None:
        return None
    try:
        found = _read_kept(keepsake)
    except msgspec.MsgspecError:
        return None
    return found.signature if found.of == label else None
