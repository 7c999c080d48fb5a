"""A model's reasoning items, as thinking signatures carry them to the next turn.

Nothing is stored at the provider, so what it wants back has to come from the client: the encrypted content, or the
text of models whose reasoning is open. The payload of a signature is a JSON list, because several items may stand
behind one thinking block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType


class Reasoning(Struct, omit_defaults=True):
    """One reasoning item, with `summary` and `content` as they came.

    `id` is kept for people who look into a conversation. It is never sent: the API would look an item up by it, and
    there is none without storage (`Item with id 'rs_…' not found`).
    """

    id: str | None = None
    encrypted_content: str | None = None
    summary: Raw | UnsetType = UNSET
    content: Raw | UnsetType = UNSET


_read = msgspec.json.Decoder(list[Reasoning]).decode
_encoder = msgspec.json.Encoder()


def packed(items: Sequence[Reasoning]) -> bytes:
    """The payload of a thinking block's signature."""
    return _encoder.encode(items)


def unpacked(payload: bytes) -> list[dict[str, Any]]:
    """The items as input of the next turn; those that hold nothing are left out, and so is a payload of another form.

    The API wants `summary` even where there is none.
    """
    try:
        items = _read(payload)
    except msgspec.MsgspecError:
        return []
    return [_input(item) for item in items if item.encrypted_content or _filled(item.content)]


def _input(item: Reasoning) -> dict[str, Any]:
    sent: dict[str, Any] = {"type": "reasoning", "summary": item.summary if _filled(item.summary) else []}
    if _filled(item.content):
        sent["content"] = item.content
    if item.encrypted_content:
        sent["encrypted_content"] = item.encrypted_content
    return sent


def _filled(value: Raw | UnsetType) -> bool:
    return value is not UNSET and bytes(value) not in (b"null", b"[]")
