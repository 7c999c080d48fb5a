"""Requests for the encoder, and what it makes of them."""

from __future__ import annotations

import json
from typing import Any

from ccproxy import presets
from ccproxy.presets.responses import ANY
from ccproxy.translate.dialect import Dialect, resolve
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.openai_responses import encode

KEY = b"k" * 32


def target(
    kind: str = "openai-responses", model: str = "some-model", options: dict[str, Any] | None = None, **flags: Any
) -> Target:
    """A target of that preset's Responses API; flags make a dialect of their own instead."""
    preset = presets.find(kind)
    assert preset is not None
    options = options or {}
    dialect = ANY
    if preset.apis:
        dialect = presets.api(preset, model, {**options, "api": "responses"}).dialect or preset.dialect
    return Target(
        provider="somewhere",
        kind=kind,
        wire="openai-responses",
        model=model,
        base_url=preset.base_url or "http://127.0.0.1:1/v1",
        dialect=resolve(Dialect(**flags) if flags else dialect, model, options),
        options=options,
        seal_keys=(KEY,),
    )


def encoded(wish: MessagesRequest, kind: str = "openai-responses", **about: Any) -> UpstreamRequest:
    """What goes to the provider."""
    return encode(wish, target(kind, **about))


def body(wish: MessagesRequest, kind: str = "openai-responses", **about: Any) -> dict[str, Any]:
    """The JSON that goes to the provider."""
    return json.loads(encoded(wish, kind, **about).body)


def items(wish: MessagesRequest, kind: str = "openai-responses", **about: Any) -> list[dict[str, Any]]:
    """The input items that go to the provider."""
    return body(wish, kind, **about)["input"]


def losses(wish: MessagesRequest, kind: str = "openai-responses", **about: Any) -> list[str]:
    """What could not be carried."""
    return list(encoded(wish, kind, **about).losses)


def said(role: str, *texts: str) -> dict[str, Any]:
    """A message item that is only text."""
    if role == "assistant":
        content: list[dict[str, Any]] = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    else:
        content = [{"type": "input_text", "text": text} for text in texts]
    return {"type": "message", "role": role, "content": content}


def call(id: str = "t1", name: str = "look", arguments: str = "{}") -> dict[str, Any]:
    """A call as an item."""
    return {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}


def output(id: str = "t1", content: Any = "found") -> dict[str, Any]:
    """A call's output as an item."""
    return {"type": "function_call_output", "call_id": id, "output": content}
