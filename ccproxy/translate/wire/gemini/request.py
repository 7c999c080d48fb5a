"""A Messages request as a generateContent request. Pure: the target says where to and in which dialect."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import UNSET

from ccproxy.translate import anthropic_only
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest, OutputFormat
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.gemini import thinking
from ccproxy.translate.wire.gemini.contents import contents, system
from ccproxy.translate.wire.gemini.fitted import fitted
from ccproxy.translate.wire.gemini.parts import Part
from ccproxy.translate.wire.gemini.plain import plain
from ccproxy.translate.wire.gemini.tools import tools

_encoder = msgspec.json.Encoder()

_NAMED = ("models/", "tunedModels/", "endpoints/")


def encode(request: MessagesRequest, target: Target) -> UpstreamRequest:
    """The request for the provider, and what of the client's could not be carried.

    `target.headers` are part of it. Raises ThreadUnsupported, Uncarriable and InvalidRequest (all 400) for what
    must not be lost or what no provider would take.
    """
    anthropic_only.refuse(request, target)
    draft = Draft(target)
    body, local_stops = written(request, draft)
    body.update(target.options.get("extra_body") or {})
    method = "streamGenerateContent?alt=sse" if request.stream else "generateContent"
    return UpstreamRequest(
        method="POST",
        path=f"{model_path(target.model)}:{method}",
        headers={"content-type": "application/json", **target.headers},
        body=_encoder.encode(body),
        losses=tuple(draft.losses),
        names=draft.names,
        used_ids=frozenset(draft.used_ids),
        local_stops=local_stops,
    )


def model_path(model: str) -> str:
    """The path of a model below the API's root; its name may have the collection before it already."""
    for prefix in _NAMED:
        if model.startswith(prefix):
            return f"/{prefix}{quote(model[len(prefix) :], safe='')}"
    return f"/models/{quote(model, safe='')}"


def written(request: MessagesRequest, draft: Draft) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The body, and those stop sequences that the provider does not take."""
    fields = tools(request, draft)
    output, instructions = _output(request, draft, "tools" in fields)
    prompt = system(request, draft) + instructions
    body: dict[str, Any] = {"contents": contents(request, draft)}
    if prompt:
        body["systemInstruction"] = {"parts": prompt}
    body.update(fields)
    settings, local_stops = _sampling(request, draft)
    settings.update(output)
    thought = thinking.config(request, draft)
    if thought:
        settings["thinkingConfig"] = thought
    if settings:
        body["generationConfig"] = settings
    safety = draft.target.options.get("safety_settings")
    if safety:
        body["safetySettings"] = safety
    _rest(request, draft)
    return body, local_stops


def _sampling(request: MessagesRequest, draft: Draft) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Length, randomness and stop sequences."""
    dialect = draft.dialect
    settings: dict[str, Any] = {}
    if request.max_tokens is not None:
        most = dialect.max_output_tokens
        if most and request.max_tokens > most:
            draft.losses.append("max_tokens")
        settings["maxOutputTokens"] = min(max(1, request.max_tokens), most or request.max_tokens or 1)
    for name, field, value, taken in (
        ("temperature", "temperature", request.temperature, dialect.temperature),
        ("top_p", "topP", request.top_p, dialect.top_p),
        ("top_k", "topK", request.top_k, dialect.top_k),
    ):
        if value is not None:
            if taken:
                settings[field] = value
            else:
                draft.losses.append(name)
    stops = [stop for stop in request.stop_sequences or () if stop]
    if stops[: dialect.stop_limit]:
        settings["stopSequences"] = stops[: dialect.stop_limit]
    return settings, tuple(stops[dialect.stop_limit :])


def _output(request: MessagesRequest, draft: Draft, tools: bool) -> tuple[dict[str, Any], list[Part]]:
    """Structured output: settings, and text for the system prompt where the model takes no schema beside tools."""
    config = request.output_config
    if config and config.format:
        wish, path = config.format, "output_config.format"
    elif request.output_format:
        wish, path = request.output_format, "output_format"
    else:
        return {}, []
    if wish.type != "json_schema" or wish.schema is UNSET:
        draft.losses.append(path)
        return {}, []
    if not draft.dialect.json_schema or (tools and not draft.dialect.format_with_tools):
        draft.losses.append(path)
        return {}, [{"text": _words(wish)}]
    if wish.name:
        draft.losses.append(f"{path}.name")
    settings: dict[str, Any] = {"responseMimeType": "application/json"}
    if draft.dialect.tool_json_schema:
        try:
            settings["responseJsonSchema"] = plain(wish.schema)
        except RecursionError:  # nested hundreds of levels deep: the provider says what it thinks of it
            settings["responseJsonSchema"] = wish.schema
        return settings, []
    settings["responseSchema"], lost = fitted(wish.schema)
    if lost:
        draft.losses.append(f"{path}.schema")
    return settings, []


def _words(wish: OutputFormat) -> str:
    text = str(wish.schema, "utf-8")  # type: ignore[arg-type]
    return f"Answer with one JSON value and nothing else, no code fence. It must fit this JSON schema:\n{text}"


def _rest(request: MessagesRequest, draft: Draft) -> None:
    """What has no place in the body."""
    if request.metadata and request.metadata.user_id:
        draft.losses.append("metadata.user_id")
    if request.service_tier not in (None, "auto"):
        draft.losses.append("service_tier")
    anthropic_only.report(request, draft)
