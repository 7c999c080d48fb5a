"""A Messages request as a request of Converse, and one that counts its tokens. Pure: the target says where to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from ccproxy.errors import BadAnswer, InvalidRequest
from ccproxy.translate import anthropic_only
from ccproxy.translate.draft import Draft
from ccproxy.translate.inference_profiles import base_model
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.parse import Parsed
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.bedrock_converse import thinking
from ccproxy.translate.wire.bedrock_converse.conversation import has_tools, system, talk
from ccproxy.translate.wire.bedrock_converse.output import text_format
from ccproxy.translate.wire.bedrock_converse.tools import config

_encoder = msgspec.json.Encoder()

_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")


class _Counted(Struct):
    inputTokens: int  # noqa: N815 - the API's name


def encode(request: MessagesRequest, target: Target) -> UpstreamRequest:
    """The request for the provider, and what of the client's could not be carried.

    `target.headers` are part of it. Raises ThreadUnsupported, Uncarriable and InvalidRequest (all 400) for what
    must not be lost or what no model would take.
    """
    draft = Draft(target)
    body, local_stops = _body(request, draft)
    anthropic_only.report(request, draft)
    if request.metadata and request.metadata.user_id:
        draft.losses.append("metadata.user_id")
    for name, value in (target.options.get("extra_body") or {}).items():
        known = body.get(name)
        body[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    streams = request.stream and (draft.dialect.streams_tools or "toolConfig" not in body)
    return UpstreamRequest(
        method="POST",
        path=f"/model/{quote(target.model, safe='')}/{'converse-stream' if streams else 'converse'}",
        headers={"content-type": "application/json", **target.headers},
        body=_encoder.encode(body),
        losses=tuple(draft.losses),
        names=draft.names,
        used_ids=frozenset(draft.used_ids),
        local_stops=local_stops,
    )


def count(
    parsed: Parsed,
    headers: Mapping[str, str],  # noqa: ARG001 - all wires count alike, and some look at them
    target: Target,
) -> UpstreamRequest | None:
    """The request that counts the input tokens; None where the model has no such count, or cannot be given that."""
    if not target.dialect.counts_tokens:
        return None
    try:
        body, _ = _body(parsed.request, Draft(target))
    except InvalidRequest:
        return None
    counted = {name: body[name] for name in _COUNTED if name in body}
    return UpstreamRequest(
        method="POST",
        # Only models are known to it, no inference profiles (recorded traffic).
        path=f"/model/{quote(base_model(target.model), safe='')}/count-tokens",
        headers={"content-type": "application/json", **target.headers},
        body=_encoder.encode({"input": {"converse": counted}}),
    )


def counted(body: bytes) -> int:
    """The number of input tokens. Raises BadAnswer."""
    try:
        return msgspec.json.decode(body, type=_Counted).inputTokens
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadAnswer("the provider's count has no inputTokens") from error


def _body(request: MessagesRequest, draft: Draft) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The body, and the stop sequences that the model does not take."""
    anthropic_only.refuse(request, draft.target)
    output, instructions = text_format(request, draft)
    prompt = system(request, draft, instructions)
    as_user = draft.dialect.system_role == "user"
    messages = talk(request, draft, prompt if as_user else [])
    tools = config(request, draft, messages if has_tools(messages) else None)
    infer, stops = _sampling(request, draft)
    own = _own(request, draft)
    own |= thinking.fields(request, draft, tools, infer)
    fields: dict[str, Any] = {
        "messages": messages,
        "system": [] if as_user else prompt,
        "inferenceConfig": infer,
        "toolConfig": tools,
        "additionalModelRequestFields": own,
        "outputConfig": output,
    }
    body = {name: value for name, value in fields.items() if value}
    if "stopSequences" in infer and draft.dialect.tells_stop:
        body["additionalModelResponseFieldPaths"] = ["/delta/stop_sequence" if request.stream else "/stop_sequence"]
    return body, stops


def _sampling(request: MessagesRequest, draft: Draft) -> tuple[dict[str, Any], tuple[str, ...]]:
    """`inferenceConfig`: length, randomness and stop sequences; and those of them that the model does not take."""
    dialect = draft.dialect
    infer: dict[str, Any] = {}
    if request.max_tokens is not None:
        most = dialect.max_output_tokens
        if most and request.max_tokens > most:
            draft.losses.append("max_tokens")
        infer["maxTokens"] = max(1, min(request.max_tokens, most or request.max_tokens))
    for name, field, value, taken in (
        ("temperature", "temperature", request.temperature, dialect.temperature),
        ("topP", "top_p", request.top_p, dialect.top_p),
    ):
        if value is None:
            continue
        if taken and not (dialect.one_sampling and infer.get("temperature") is not None):
            infer[name] = value
        else:
            draft.losses.append(field)
    stops = [stop for stop in request.stop_sequences or () if stop]
    if stops[: dialect.stop_limit]:
        infer["stopSequences"] = stops[: dialect.stop_limit]
    return infer, tuple(stops[dialect.stop_limit :])


def _own(request: MessagesRequest, draft: Draft) -> dict[str, Any]:
    """What Converse has no field for, where the model has one of its own."""
    if request.top_k is None:
        return {}
    dialect = draft.dialect
    thinks = request.thinking is not None and request.thinking.type != "disabled" and not dialect.samples_while_thinking
    if not dialect.top_k or thinks:
        draft.losses.append("top_k")
        return {}
    return {"inferenceConfig": {"topK": request.top_k}} if dialect.nested_top_k else {"top_k": request.top_k}
