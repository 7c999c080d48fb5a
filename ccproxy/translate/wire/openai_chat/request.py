"""A Messages request as a chat completions request. Pure: the target says where to and in which dialect."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import msgspec

from ccproxy.translate import anthropic_only
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.openai_chat import thinking
from ccproxy.translate.wire.openai_chat.conversation import chat
from ccproxy.translate.wire.openai_chat.output import response_format
from ccproxy.translate.wire.openai_chat.tools import choice, tools

_encoder = msgspec.json.Encoder()

_LONGEST_USER = 128


def encode(request: MessagesRequest, target: Target) -> UpstreamRequest:
    """The request for the provider, and what of the client's could not be carried.

    `target.headers` are part of it. Raises ThreadUnsupported, Uncarriable and InvalidRequest (all 400) for what
    must not be lost or what no provider would take.
    """
    anthropic_only.refuse(request, target)
    draft = Draft(target)
    sent, own = tools(request, draft)
    chosen = choice(request, draft, sent, own)
    control = thinking.fields(request, draft, chosen, bool(sent))
    output, instructions = response_format(request, draft, bool(sent or own.tools))
    body: dict[str, Any] = {"model": target.model, "messages": chat(request, draft, instructions)}
    if sent or own.tools:
        body["tools"] = sent + own.tools
        body.update(chosen)
    body.update(own.fields)
    body.update(output)
    local_stops = _sampling(request, draft, body)
    body.update(control)
    _caller(request, draft, body)
    anthropic_only.report(request, draft)
    if request.stream:
        body["stream"] = True
        if draft.dialect.stream_options:
            body["stream_options"] = {"include_usage": True}
        body.update(draft.dialect.stream_fields)
    body.update(draft.dialect.body_fields)
    body.update(target.options.get("extra_body") or {})
    return UpstreamRequest(
        method="POST",
        path=_path(draft),
        headers={"content-type": "application/json", **target.headers},
        body=_encoder.encode(body),
        losses=tuple(draft.losses),
        names=draft.names,
        used_ids=frozenset(draft.used_ids),
        local_stops=local_stops,
    )


def _path(draft: Draft) -> str:
    dialect, target = draft.dialect, draft.target
    version = str(target.options.get("api_version") or "")
    if not dialect.deployments or not version:
        return dialect.path
    query = f"?api-version={quote(version)}"
    in_base = "/deployments/" in target.base_url or target.base_url.endswith("/models")
    if in_base or not version[0].isdigit():
        return dialect.path + query
    deployment = target.options.get("deployment") or target.model
    return f"/deployments/{quote(deployment, safe='')}{dialect.path}{query}"


def _sampling(request: MessagesRequest, draft: Draft, body: dict[str, Any]) -> tuple[str, ...]:
    """Length, randomness and stop sequences; returns those that the provider does not take."""
    dialect = draft.dialect
    if request.max_tokens is not None:
        most = dialect.max_output_tokens
        if most and request.max_tokens > most:
            draft.losses.append("max_tokens")
            body[dialect.max_tokens_field] = most
        else:
            body[dialect.max_tokens_field] = max(1, request.max_tokens)
    for name, value, taken in (
        ("temperature", request.temperature, dialect.temperature),
        ("top_p", request.top_p, dialect.top_p),
        ("top_k", request.top_k, dialect.top_k),
    ):
        if value is not None:
            if taken:
                body[name] = value
            else:
                draft.losses.append(name)
    stops = [stop for stop in request.stop_sequences or () if stop]
    if stops[: dialect.stop_limit]:
        body["stop"] = stops[: dialect.stop_limit]
    return tuple(stops[dialect.stop_limit :])


def _caller(request: MessagesRequest, draft: Draft, body: dict[str, Any]) -> None:
    """Who asks, for the provider's abuse checks and for its prompt cache; and how urgently."""
    dialect = draft.dialect
    user = request.metadata.user_id if request.metadata else None
    if user:
        digest = hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()
        if dialect.prompt_cache_key:
            body["prompt_cache_key"] = digest
        if dialect.user_field:
            body[dialect.user_field] = user if len(user) <= _LONGEST_USER else digest
        else:
            draft.losses.append("metadata.user_id")
    tier = request.service_tier
    if tier is not None:
        if tier in dialect.service_tiers:
            body["service_tier"] = dialect.service_tiers[tier]
        elif tier != "auto":  # auto is what a provider without tiers does
            draft.losses.append("service_tier")
