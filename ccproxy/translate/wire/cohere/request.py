"""A Messages request as a request of Cohere's chat. Pure: the target says where to and in which dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from ccproxy.translate import anthropic_only
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.cohere import thinking
from ccproxy.translate.wire.cohere.conversation import chat
from ccproxy.translate.wire.cohere.library import Library
from ccproxy.translate.wire.cohere.tools import tools
from ccproxy.translate.wire.openai_chat.output import response_format

_encoder = msgspec.json.Encoder()

# What `p` and `k` may be (provider docs)
_P = (0.01, 0.99)
_K = 500


def encode(request: MessagesRequest, target: Target) -> UpstreamRequest:
    """The request for the provider, and what of the client's could not be carried.

    `target.headers` are part of it. Raises ThreadUnsupported, Uncarriable and InvalidRequest (all 400) for what
    must not be lost or what no provider would take.
    """
    anthropic_only.refuse(request, target)
    draft = Draft(target)
    offered = tools(request, draft)
    output, instructions = response_format(request, draft, bool(offered))
    # Documents beside the conversation go with neither tools nor a response format.
    library = Library(request, beside=not offered and not output)
    body: dict[str, Any] = {"model": target.model, "messages": chat(request, draft, instructions, library)}
    if library.shelf:
        body["documents"] = library.shelf
    body.update(offered)
    body.update(output)
    stops = _sampling(request, draft, body)
    body.update(thinking.fields(request, draft))
    if request.metadata and request.metadata.user_id:
        draft.losses.append("metadata.user_id")
    if request.service_tier not in (None, "auto"):  # auto is what a provider without tiers does
        draft.losses.append("service_tier")
    anthropic_only.report(request, draft)
    body["stream"] = bool(request.stream)
    body.update(target.options.get("extra_body") or {})
    return UpstreamRequest(
        method="POST",
        path=draft.dialect.path,
        headers={"content-type": "application/json", **target.headers},
        body=_encoder.encode(body),
        losses=tuple(draft.losses),
        names=draft.names,
        used_ids=frozenset(draft.used_ids),
        local_stops=stops,
    )


def _sampling(request: MessagesRequest, draft: Draft, body: dict[str, Any]) -> tuple[str, ...]:
    """Length, randomness and stop sequences; returns the stop sequences that the decoder has to know."""
    most = draft.dialect.max_output_tokens
    if request.max_tokens is not None:
        body["max_tokens"] = min(request.max_tokens, most or request.max_tokens)
        if most and request.max_tokens > most:
            draft.losses.append("max_tokens")
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.top_p is not None:
        body["p"] = min(max(request.top_p, _P[0]), _P[1])
        if body["p"] != request.top_p:
            draft.losses.append("top_p")
    if request.top_k is not None:
        body["k"] = min(max(request.top_k, 0), _K)
        if body["k"] != request.top_k:
            draft.losses.append("top_k")
    stops = tuple(stop for stop in request.stop_sequences or () if stop)
    if len(stops) == 1:
        # It takes five, but an answer does not tell which of them it met: more than one are enforced here.
        body["stop_sequences"] = stops
    return stops
