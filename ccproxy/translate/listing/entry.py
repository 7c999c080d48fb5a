"""One entry of a provider's list as a model.

Knows the names that providers give to a model's limits and dates, and drops what they say is no chat model. Models
whose list says nothing about that stay in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType, structs

from ccproxy.translate.dialect import Dialect
from ccproxy.translate.listing.claims import Claims, claimed, known, modalities, shown
from ccproxy.translate.listing.model import UNKNOWN_DATE, Model
from ccproxy.translate.listing.shapes import entries

_INPUT_LIMITS = (
    "max_input_tokens",
    "context_length",
    "context_window",
    "max_context_length",
    "max_model_len",
    "inputTokenLimit",
    "n_ctx",
)
_OUTPUT_LIMITS = (
    "max_output_tokens",
    "max_completion_tokens",
    "max_output_length",
    "maxCompletionTokens",
    "outputTokenLimit",
    "max_tokens",
)
# Where some providers keep the limits: llama.cpp, OpenRouter, GitHub, Venice
_INSIDE = ("meta", "top_provider", "limits", "model_spec")
_OTHER_TYPES = frozenset(
    {"image", "video", "audio", "speech", "tts", "asr", "transcribe", "transcription"}
    | {"embedding", "embeddings", "moderation", "rerank", "upscale", "inpaint"}
)

_DATES = ("deprecated_at", "retires_at")
# What there is for chat among all that Vertex AI's publishers offer.
_ON_VERTEX = re.compile(r"gemini-(?!embedding)|claude-")


class Listed(Struct, frozen=True):
    """A model as a list has it: `name` is what its provider calls it, `claims` what the list says that it can do."""

    name: str
    model: Model
    claims: Claims = Claims()


def named(provider: str, models: Sequence[str]) -> tuple[Listed, ...]:
    """Models of which only the names are known."""
    return tuple(Listed(name, Model(id=f"{provider}/{name}", display_name=name)) for name in dict.fromkeys(models))


def read(answers: Sequence[Any], provider: str) -> tuple[Listed, ...]:
    """The models in a provider's answers (`parsed`), each once, in their order; ids are `provider/model`."""
    models: dict[str, Listed] = {}
    for entry in entries(answers):
        listed = _listed(entry, provider)
        if listed is not None:
            models.setdefault(listed.name, listed)
    return tuple(models.values())


def completed(listed: Listed, dialect: Dialect, *, relays: bool, believed: bool, window: int | None = None) -> Model:
    """The model with what is known where the list says nothing.

    `window` is the context window that the preset knows; for `relays` and `believed` see `claims.known`.
    """
    model = listed.model
    if model.max_input_tokens is UNSET and window is not None:
        model = structs.replace(model, max_input_tokens=window)
    if model.max_tokens is UNSET and dialect.max_output_tokens is not None:
        model = structs.replace(model, max_tokens=dialect.max_output_tokens)
    if model.capabilities is UNSET:
        capabilities = shown(listed.claims, known(dialect, relays=relays, believed=believed))
        model = structs.replace(model, capabilities=capabilities)
    return model


def _listed(entry: dict[str, Any], provider: str) -> Listed | None:
    """The entry as a model; None for one without a name, or that is not for chat."""
    name = _name(entry)
    if name is None or not _chats(entry):
        return None
    limits = [entry, *(inner for key in _INSIDE if isinstance(inner := entry.get(key), dict))]
    lifecycle, dates = _lifecycle(entry)
    model = Model(
        id=f"{provider}/{name}",
        display_name=_text(entry, "display_name", "displayName")
        or (_text(entry, "name") if "id" in entry else None)
        or name,
        created_at=_date(entry.get("created_at") or entry.get("created")) or UNKNOWN_DATE,
        lifecycle=lifecycle,
        max_input_tokens=_limit(limits, _INPUT_LIMITS),
        max_tokens=_limit(limits, _OUTPUT_LIMITS),
        capabilities=_own_capabilities(entry),
        **dates,
    )
    return Listed(name, model, claimed(entry))


def _name(entry: dict[str, Any]) -> str | None:
    name = _text(entry, "id", "name", "model")
    if name is None:
        return None
    publisher, found, model = name.rpartition("models/")
    if not found or (publisher and not publisher.startswith("publishers/")):
        return name
    if publisher:
        if not _ON_VERTEX.match(model):
            return None
        version = _text(entry, "versionId")
        if "anthropic" in publisher and version and version != "default" and "@" not in model:
            return f"{model}@{version}"
    return model


def _lifecycle(entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """How long the model will be there: Anthropic's own words, or a date that another provider ends it on."""
    told = entry.get("lifecycle")
    if told in ("active", "deprecated", "retired"):
        return str(told), {name: entry[name] for name in _DATES if isinstance(entry.get(name), str)} | (
            {"line": entry["line"]} if "line" in entry else {}
        )
    ends = _date(entry.get("deprecation") or entry.get("expiration_date"))  # Mistral, OpenRouter
    if ends is not None:
        return "deprecated", {"retires_at": ends}
    return "deprecated" if entry.get("is_deprecated") is True else "active", {}


def _own_capabilities(entry: dict[str, Any]) -> dict[str, Any] | UnsetType:
    """The entry's capabilities where they are in the Messages API's own form."""
    told = entry.get("capabilities")
    if isinstance(told, dict) and told and all(isinstance(one, dict) and "supported" in one for one in told.values()):
        return told
    return UNSET


def _chats(entry: dict[str, Any]) -> bool:
    """Whether the entry does not say that the model is for something else than text, or not to be used."""
    for side in ("input", "output"):
        kinds = modalities(entry, side)
        if kinds and "text" not in kinds:
            return False
    capabilities = entry.get("capabilities")
    if entry.get("active") is False or (
        isinstance(capabilities, dict) and capabilities.get("completion_chat") is False
    ):
        return False
    for field, wanted in (("supportedGenerationMethods", "generateContent"), ("endpoints", "chat")):
        served = entry.get(field)
        if isinstance(served, list) and served and wanted not in served:
            return False
    kind = entry.get("type")
    return not isinstance(kind, str) or kind not in _OTHER_TYPES


def _text(entry: dict[str, Any], *keys: str) -> str | None:
    return next((value for key in keys if isinstance(value := entry.get(key), str) and value), None)


def _limit(places: list[dict[str, Any]], keys: tuple[str, ...]) -> int | UnsetType:
    for key in keys:
        for place in places:
            value = place.get(key)
            if isinstance(value, float) and value.is_integer():
                value = int(value)  # Cohere's
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return UNSET


def _date(told: Any) -> str | None:
    """Unix seconds or RFC 3339, as RFC 3339 in UTC; None for what is neither."""
    try:
        if isinstance(told, str):
            moment = datetime.fromisoformat(told)
        elif isinstance(told, int | float) and told > 0:
            moment = datetime.fromtimestamp(told, UTC)
        else:
            return None
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
