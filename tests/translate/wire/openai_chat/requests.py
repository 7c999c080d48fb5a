"""Requests for the encoder, and what it makes of them."""

from __future__ import annotations

import json
from typing import Any

from ccproxy import presets
from ccproxy.translate.dialect import Dialect, resolve
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.parse import parse
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.openai_chat import encode

KEY = b"k" * 32
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}}


def request(messages: Any = "hello", **fields: Any) -> MessagesRequest:
    """A parsed request; a string stands for one user message."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    return parse(json.dumps({"model": "m", "max_tokens": 100, "messages": messages, **fields}).encode()).request


def target(
    kind: str = "openai-chat", model: str = "some-model", options: dict[str, Any] | None = None, **flags: Any
) -> Target:
    """A target of that preset; flags make a dialect of their own instead."""
    preset = presets.find(kind)
    assert preset is not None
    return Target(
        provider="somewhere",
        kind=kind,
        wire=preset.wire,
        model=model,
        base_url=preset.base_url or "http://127.0.0.1:1/v1",
        dialect=resolve(Dialect(**flags) if flags else preset.dialect, model, options or {}),
        options=options or {},
        seal_keys=(KEY,),
    )


def encoded(wish: MessagesRequest, kind: str = "openai-chat", **about: Any) -> UpstreamRequest:
    """What goes to the provider."""
    return encode(wish, target(kind, **about))


def body(wish: MessagesRequest, kind: str = "openai-chat", **about: Any) -> dict[str, Any]:
    """The JSON that goes to the provider."""
    return json.loads(encoded(wish, kind, **about).body)


def messages(wish: MessagesRequest, kind: str = "openai-chat", **about: Any) -> list[dict[str, Any]]:
    """The chat messages that go to the provider."""
    return body(wish, kind, **about)["messages"]


def losses(wish: MessagesRequest, kind: str = "openai-chat", **about: Any) -> list[str]:
    """What could not be carried."""
    return list(encoded(wish, kind, **about).losses)


def use(id: str = "t1", name: str = "look", **input: Any) -> dict[str, Any]:
    """A tool_use block."""
    return {"type": "tool_use", "id": id, "name": name, "input": input}


def result(id: str = "t1", content: Any = "found", **more: Any) -> dict[str, Any]:
    """A tool_result block."""
    return {"type": "tool_result", "tool_use_id": id, "content": content, **more}


def text(words: str, **more: Any) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": words, **more}


def user(*blocks: Any) -> dict[str, Any]:
    """A user message; a lone string is its content."""
    return {"role": "user", "content": blocks[0] if len(blocks) == 1 and isinstance(blocks[0], str) else list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    """An assistant message; a lone string is its content."""
    return {**user(*blocks), "role": "assistant"}


def system(*blocks: Any) -> dict[str, Any]:
    """A system message among the others."""
    return {**user(*blocks), "role": "system"}


def tool(name: str = "look", **more: Any) -> dict[str, Any]:
    """A tool of the client's own."""
    return {"name": name, "input_schema": {"type": "object", "properties": {}}, **more}
