"""A Messages request as a chat completions request. Pure: the target says where to and in which dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.openai_chat.conversation import chat
from ccproxy.translate.wire.openai_chat.draft import Draft
from ccproxy.translate.wire.openai_chat.tools import tools

_encoder = msgspec.json.Encoder()


def encode(request: MessagesRequest, target: Target) -> UpstreamRequest:
    """The request for the provider, and what of the client's could not be carried."""
    draft = Draft(target)
    dialect = draft.dialect
    body: dict[str, Any] = {"model": target.model, "messages": chat(request, draft, [])}
    if found := tools(request, draft):
        body["tools"] = found
    if request.max_tokens is not None:
        body[dialect.max_tokens_field] = max(1, request.max_tokens)
    if request.stream:
        body["stream"] = True
        if dialect.stream_options:
            body["stream_options"] = {"include_usage": True}
    return UpstreamRequest(
        method="POST",
        path=dialect.path,
        headers={"content-type": "application/json", **target.headers},
        body=_encoder.encode(body),
        losses=tuple(draft.losses),
        names=draft.names,
        used_ids=frozenset(draft.used_ids),
    )
