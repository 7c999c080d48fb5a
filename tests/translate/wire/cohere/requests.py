"""Requests for Cohere's encoder, and what it makes of them."""

from __future__ import annotations

import json
from typing import Any

from ccproxy import presets
from ccproxy.translate.dialect import resolve
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.cohere import encode
from tests.translate.contexts import SEAL_KEY

MODEL = "command-a-03-2025"
REASONING = "command-a-reasoning-08-2025"


def target(model: str = MODEL, options: dict[str, Any] | None = None) -> Target:
    """A target of the preset."""
    preset = presets.PRESETS["cohere"]
    return Target(
        provider="somewhere",
        kind="cohere",
        wire="cohere",
        model=model,
        base_url=preset.base_url,
        dialect=resolve(preset.dialect, model, options or {}),
        headers={"authorization": "Bearer k"},
        options=options or {},
        seal_keys=(SEAL_KEY,),
    )


def encoded(wish: MessagesRequest, **about: Any) -> UpstreamRequest:
    """What goes to the provider."""
    return encode(wish, target(**about))


def body(wish: MessagesRequest, **about: Any) -> dict[str, Any]:
    """The JSON that goes to the provider."""
    found: dict[str, Any] = json.loads(encoded(wish, **about).body)
    return found


def losses(wish: MessagesRequest, **about: Any) -> list[str]:
    """What could not be carried."""
    return list(encoded(wish, **about).losses)
