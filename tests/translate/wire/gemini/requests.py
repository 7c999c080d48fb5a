"""Requests for Gemini, and what the encoder makes of them."""

from __future__ import annotations

import json
from typing import Any

from ccproxy import presets
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.store.providers import Provider
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.gemini.request import encode

KEY = b"k" * 32
NEW, OLD, OLDEST = "gemini-3-pro-preview", "gemini-2.5-flash", "gemini-2.0-flash"


def target(model: str = NEW, kind: str = "gemini", **options: Any) -> Target:
    """A target of the preset, as routing makes it."""
    preset = presets.find(kind)
    assert preset is not None
    if kind == "vertex":
        options = {"project": "my-project", **options}
    url = presets.base_url(preset, None, options)
    provider = Provider(name=kind, type=kind, api_base_url=url, api_key="k", options=options)
    return for_model(connect(provider, (KEY,)), model)


def encoded(wish: MessagesRequest, model: str = NEW, kind: str = "gemini", **options: Any) -> UpstreamRequest:
    """What goes to the provider."""
    return encode(wish, target(model, kind, **options))


def body(wish: MessagesRequest, model: str = NEW, kind: str = "gemini", **options: Any) -> dict[str, Any]:
    """The JSON that goes to the provider."""
    return json.loads(encoded(wish, model, kind, **options).body)


def contents(wish: MessagesRequest, model: str = NEW, kind: str = "gemini") -> list[dict[str, Any]]:
    """The contents that go to the provider."""
    return body(wish, model, kind)["contents"]


def losses(wish: MessagesRequest, model: str = NEW, kind: str = "gemini", **options: Any) -> list[str]:
    """What could not be carried."""
    return list(encoded(wish, model, kind, **options).losses)
