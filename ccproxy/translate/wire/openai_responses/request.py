"""A Messages request as a Responses request. Pure: the target says where to and in which dialect.

Nothing is stored at the provider, so every request holds the whole conversation. The API has no stop sequences;
decoding enforces all of them.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import msgspec

from ccproxy.translate import anthropic_only
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.openai_responses.conversation import conversation, prompt
from ccproxy.translate.wire.openai_responses.effort import ENCRYPTED, reasoning
from ccproxy.translate.wire.openai_responses.output import text_format
from ccproxy.translate.wire.openai_responses.tools import choice, tools

Body = dict[str, Any]

_encoder = msgspec.json.Encoder()

_LONGEST_USER = 128


def encode(request: MessagesRequest, target: Target) -> UpstreamRequest:
    """The request for the provider, and what of the client's could not be carried.

    `target.headers` are part of it. Raises ThreadUnsupported, Uncarriable and InvalidRequest (all 400) for what
    must not be lost or what no provider would take.
    """
    anthropic_only.refuse(request, target, mcp_servers=bool(target.dialect.mcp and target.dialect.tools))
    draft = Draft(target)
    body = asked(request, draft)
    body["store"] = False
    include = body.pop("include")
    if include:
        body["include"] = include
    _sampling(request, draft, body)
    _caller(request, draft, body)
    anthropic_only.report(request, draft)
    if request.stream:
        body["stream"] = True
        body.update(draft.dialect.stream_fields)
    body.update(target.options.get("extra_body") or {})
    return UpstreamRequest(
        method="POST",
        path=path(draft, "/responses"),
        headers={"content-type": "application/json", **target.headers},
        body=_encoder.encode(body),
        losses=tuple(draft.losses),
        names=draft.names,
        used_ids=frozenset(draft.used_ids),
        local_stops=tuple(stop for stop in request.stop_sequences or () if stop),
    )


def asked(request: MessagesRequest, draft: Draft) -> Body:
    """What the model is given: the part of the body that counts as input, with a list of what to `include`."""
    functions, run = tools(request, draft)
    chosen = choice(request, draft, functions, run)
    control = reasoning(request, draft, any(tool["type"] == "web_search" for tool in run.tools))
    output, more = text_format(request, draft)
    body: Body = {"model": _model(draft)}
    instructions, first = prompt(request, draft, more)
    if instructions:
        body["instructions"] = instructions
    body["input"] = [*first, *conversation(request, draft)]
    if functions or run.tools:
        body["tools"] = [*functions, *run.tools]
        body.update(chosen)
    if run.tools:
        body.update(run.fields)
    body.update(control)
    body.update(output)
    body["include"] = [*([ENCRYPTED] if draft.dialect.encrypted_reasoning else ()), *(run.include if run.tools else ())]
    return body


def _model(draft: Draft) -> str:
    """The model, or the deployment of it where that has another name: this API takes it in the body only."""
    deployment = draft.target.options.get("deployment") if draft.dialect.deployments else None
    return str(deployment or draft.target.model)


def path(draft: Draft, path: str) -> str:
    """The endpoint, with the api-version in the query where the provider wants one."""
    version = str(draft.target.options.get("api_version") or "")
    return f"{path}?api-version={quote(version)}" if draft.dialect.deployments and version else path


def _sampling(request: MessagesRequest, draft: Draft, body: Body) -> None:
    """Length and randomness."""
    dialect = draft.dialect
    if request.max_tokens is not None:
        most = dialect.max_output_tokens or request.max_tokens
        length = max(dialect.least_output_tokens, min(request.max_tokens, most))
        if length != max(1, request.max_tokens):
            draft.losses.append("max_tokens")
        body["max_output_tokens"] = length
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


def _caller(request: MessagesRequest, draft: Draft, body: Body) -> None:
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
