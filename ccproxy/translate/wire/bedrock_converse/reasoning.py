"""Reasoning on its way to the next turn: what our signature carries of it.

A signature or encrypted reasoning is of use to models of the same maker only, and others refuse the whole request for
it; so what is packed names the maker.
"""

from __future__ import annotations

from collections.abc import Sequence

from ccproxy.translate.inference_profiles import base_model


def maker(model: str) -> str:
    """Who made the model, told by its id, its inference profile's or an ARN of one.

    >>> maker("us.anthropic.claude-sonnet-4-20250514-v1:0")
    'anthropic'
    """
    return base_model(model).partition(".")[0].lower()


def packed(made_by: str, parts: Sequence[str]) -> bytes:
    """The signature or the encrypted reasoning in `parts`, with its maker."""
    return f"{made_by}:{''.join(parts)}".encode()


def unpacked(payload: bytes, made_by: str) -> str | None:
    """What was packed, which may be empty; None where it is another maker's."""
    name, mark, rest = payload.decode("utf-8", "replace").partition(":")
    return rest if mark and name == made_by else None
