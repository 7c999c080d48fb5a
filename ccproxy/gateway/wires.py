"""Which wires there are, and a request in the form that a target's wire sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from ccproxy.translate.parse import Parsed
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire import anthropic, bedrock_converse, cohere, gemini, openai_chat, openai_responses
from ccproxy.translate.wire.anthropic import bedrock, vertex

TRANSLATING: dict[str, Any] = {
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "cohere": cohere,
    "gemini": gemini,
    "bedrock-converse": bedrock_converse,
}
RELAYING: dict[str, Any] = {"anthropic": anthropic, "anthropic-vertex": vertex, "anthropic-bedrock": bedrock}
"""The wires by name, of either kind (`ccproxy.translate.wire`)."""


def wire_of(target: Target) -> Any:
    """The module of the target's wire."""
    return RELAYING.get(target.wire) or TRANSLATING[target.wire]


def request_for(parsed: Parsed, headers: Mapping[str, str], target: Target) -> UpstreamRequest:
    """The request for the target, and all that it does not carry; `headers` are the client's.

    Raises InvalidRequest for what the target cannot be given.
    """
    if target.wire in RELAYING:
        relayed: UpstreamRequest = RELAYING[target.wire].relay(parsed, headers, target)
        return relayed
    encoded: UpstreamRequest = TRANSLATING[target.wire].encode(parsed.request, target)
    if parsed.unknown:
        return structs.replace(encoded, losses=(*encoded.losses, *parsed.unknown))
    return encoded
