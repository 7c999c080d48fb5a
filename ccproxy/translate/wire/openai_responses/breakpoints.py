"""Marks for the prompt cache: the end of a prefix that is worth keeping, as a breakpoint of the provider's."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, UnsetType

from ccproxy.translate.draft import Draft, given

Part = str | dict[str, Any]


def marked(piece: Part, cache_control: Raw | UnsetType, draft: Draft, path: str) -> Part:
    """The part with a breakpoint behind it, where the client set a mark and the provider takes one.

    `path` is that of the part's block. How long the client wants it kept is reported where it is longer than the
    provider's half an hour.
    """
    if cache_control is UNSET or not given(cache_control):
        return piece
    if not draft.dialect.cache_breakpoints:
        draft.losses.append(f"{path}.cache_control")
        return piece
    if b'"1h"' in bytes(cache_control):
        draft.losses.append(f"{path}.cache_control.ttl")
    part = {"type": "input_text", "text": piece} if isinstance(piece, str) else piece
    return {**part, "prompt_cache_breakpoint": {"mode": "explicit"}}


def is_text(piece: Part) -> bool:
    """Whether the part is text, with a breakpoint or without."""
    return isinstance(piece, str) or piece["type"] == "input_text"
