"""Requests for the encoder, and what it makes of them."""

from __future__ import annotations

import json
from typing import Any

from ccproxy.gateway.connecting import connect, for_model
from ccproxy.store.providers import Provider
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.parse import parse
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.bedrock_converse import encode

KEY = b"k" * 32
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "global.anthropic.claude-opus-4-8"
NOVA = "us.amazon.nova-2-lite-v1:0"
LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0"
MISTRAL = "mistral.mistral-large-2402-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
GPT = "us.openai.gpt-5.6-sol"
TITAN = "amazon.titan-text-express-v1"
OTHER = "somebody.new-v1:0"
ALL = (CLAUDE, OPUS, NOVA, LLAMA, MISTRAL, GPT_OSS, GPT, TITAN, OTHER)

PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}}
MARK = {"type": "ephemeral"}


def request(messages: Any = "hello", **fields: Any) -> MessagesRequest:
    """A parsed request; a string stands for one user message."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    return parse(json.dumps({"model": "m", "max_tokens": 3000, "messages": messages, **fields}).encode()).request


def target(model: str = CLAUDE, **options: Any) -> Target:
    """A target of the preset, through Converse."""
    options = {"api": "converse", **options}
    provider = Provider(name="bedrock", type="bedrock", api_base_url="", api_key="k", options=options)
    return for_model(connect(provider, (KEY,)), model)


def encoded(wish: MessagesRequest, model: str = CLAUDE, **options: Any) -> UpstreamRequest:
    """What goes to the provider."""
    return encode(wish, target(model, **options))


def body(wish: MessagesRequest, model: str = CLAUDE, **options: Any) -> dict[str, Any]:
    """The JSON that goes to the provider."""
    found: dict[str, Any] = json.loads(encoded(wish, model, **options).body)
    return found


def messages(wish: MessagesRequest, model: str = CLAUDE) -> list[dict[str, Any]]:
    """The messages that go to the provider."""
    found: list[dict[str, Any]] = body(wish, model)["messages"]
    return found


def losses(wish: MessagesRequest, model: str = CLAUDE) -> list[str]:
    """What could not be carried."""
    return list(encoded(wish, model).losses)


def text(words: str, **more: Any) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": words, **more}


def use(id: str = "t1", name: str = "look", **input: Any) -> dict[str, Any]:
    """A tool_use block."""
    return {"type": "tool_use", "id": id, "name": name, "input": input}


def result(id: str = "t1", content: Any = "found", **more: Any) -> dict[str, Any]:
    """A tool_result block."""
    return {"type": "tool_result", "tool_use_id": id, "content": content, **more}


def user(*blocks: Any) -> dict[str, Any]:
    """A user message; a lone string is its content."""
    return {"role": "user", "content": blocks[0] if len(blocks) == 1 and isinstance(blocks[0], str) else list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    """An assistant message."""
    return {**user(*blocks), "role": "assistant"}


def system(*blocks: Any) -> dict[str, Any]:
    """A system message among the others."""
    return {**user(*blocks), "role": "system"}


def tool(name: str = "look", **more: Any) -> dict[str, Any]:
    """A tool of the client's own."""
    return {"name": name, "input_schema": {"type": "object", "properties": {}}, **more}
