"""A provider's list of models, in whichever shape, as the models of the Messages API.

Shapes seen in recorded traffic and provider docs: `{"data": [...]}` (nearly all), a bare array (Together, GitHub),
`{"models": [...]}` (Gemini, Ollama's own API). Knows the names that providers give to a model's limits, and drops
what they say is no chat model. Models whose list says nothing about that stay in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ccproxy.errors import BadAnswer

# What the Messages API gives for a model whose release date is not known
UNKNOWN_DATE = "1970-01-01T00:00:00Z"

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


class Model(Struct, frozen=True, tag="model", kw_only=True):
    """A model as GET /v1/models shows it. Limits are in tokens, and only there where the provider names them."""

    id: str
    display_name: str
    created_at: str = UNKNOWN_DATE
    # What a provider lists can be used; SDKs take the field for granted.
    lifecycle: str = "active"
    max_input_tokens: int | UnsetType = UNSET
    max_tokens: int | UnsetType = UNSET


def named(provider: str, models: tuple[str, ...]) -> tuple[Model, ...]:
    """Models of which only the names are known."""
    return tuple(Model(id=f"{provider}/{name}", display_name=name) for name in dict.fromkeys(models))


def read(body: bytes, provider: str) -> tuple[Model, ...]:
    """The models in a provider's answer, each once, in its order; ids are `provider/model`. Raises BadAnswer."""
    try:
        answer = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"the list of models is not JSON: {error}") from None
    if isinstance(answer, dict):
        answer = answer.get("data", answer.get("models"))
    if not isinstance(answer, list):
        raise BadAnswer("the list of models is no list")
    models: dict[str, Model] = {}
    for entry in answer:
        model = _model(entry if isinstance(entry, dict) else {"id": entry}, provider)
        if model is not None:
            models.setdefault(model.id, model)
    return tuple(models.values())


def _model(entry: dict[str, Any], provider: str) -> Model | None:
    """The entry as a model; None for one without a name, or that is not for chat."""
    name = _text(entry, "id", "name", "model")
    if name is None or not _chats(entry):
        return None
    name = name.removeprefix("models/")
    limits = [entry, *(inner for key in _INSIDE if isinstance(inner := entry.get(key), dict))]
    return Model(
        id=f"{provider}/{name}",
        display_name=_text(entry, "display_name", "displayName", "name") or name,
        created_at=_date(entry.get("created_at") or entry.get("created")),
        max_input_tokens=_limit(limits, _INPUT_LIMITS),
        max_tokens=_limit(limits, _OUTPUT_LIMITS),
    )


def _chats(entry: dict[str, Any]) -> bool:
    """Whether the entry does not say that the model is for something else than text."""
    architecture = entry.get("architecture")
    modalities = architecture if isinstance(architecture, dict) else entry
    for key in ("input_modalities", "output_modalities"):
        if isinstance(modalities.get(key), list) and modalities[key] and "text" not in modalities[key]:
            return False
    capabilities = entry.get("capabilities")
    if isinstance(capabilities, dict) and capabilities.get("completion_chat") is False:
        return False
    methods = entry.get("supportedGenerationMethods")
    if isinstance(methods, list) and "generateContent" not in methods:
        return False
    kind = entry.get("type")
    return not isinstance(kind, str) or kind not in _OTHER_TYPES


def _text(entry: dict[str, Any], *keys: str) -> str | None:
    return next((value for key in keys if isinstance(value := entry.get(key), str) and value), None)


def _limit(places: list[dict[str, Any]], keys: tuple[str, ...]) -> int | UnsetType:
    for key in keys:
        for place in places:
            value = place.get(key)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return UNSET


def _date(created: Any) -> str:
    """Unix seconds or RFC 3339, as RFC 3339 in UTC."""
    try:
        if isinstance(created, str):
            moment = datetime.fromisoformat(created)
        elif isinstance(created, int | float) and created > 0:
            moment = datetime.fromtimestamp(created, UTC)
        else:
            return UNKNOWN_DATE
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return UNKNOWN_DATE
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
