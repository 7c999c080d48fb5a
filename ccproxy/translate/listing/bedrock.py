"""Bedrock's two lists: foundation models, and the inference profiles that most of them are called through.

A profile says which models it leads to and nothing more, so it takes what it can from the first of them (provider
docs). Models that only work through a profile are left out: a request that names one is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FOUNDATION = "modelSummaries"
PROFILES = "inferenceProfileSummaries"

_ARN = "foundation-model/"


def is_list(answer: Any) -> bool:
    """Whether this is one of Bedrock's."""
    return isinstance(answer, dict) and (FOUNDATION in answer or PROFILES in answer)


def merged(found: Sequence[tuple[Any, list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    """The entries of all lists as entries of one. `found`: the answers with what is in them."""
    models = {str(entry.get("modelId")): entry for answer, listed in found if FOUNDATION in answer for entry in listed}
    entries = [_model(entry) for entry in models.values() if _on_demand(entry)]
    for answer, listed in found:
        if FOUNDATION not in answer:
            entries += [profile for entry in listed if (profile := _profile(entry, models)) is not None]
    return entries


def _on_demand(entry: dict[str, Any]) -> bool:
    kinds = entry.get("inferenceTypesSupported")
    return not isinstance(kinds, list) or not kinds or "ON_DEMAND" in kinds


def _model(entry: dict[str, Any]) -> dict[str, Any]:
    lifecycle = entry.get("modelLifecycle")
    legacy = isinstance(lifecycle, dict) and lifecycle.get("status") == "LEGACY"
    return {
        "id": entry.get("modelId"),
        "display_name": entry.get("modelName"),
        "input_modalities": entry.get("inputModalities"),
        "output_modalities": entry.get("outputModalities"),
        "is_deprecated": legacy,
    }


def _profile(entry: dict[str, Any], models: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """A profile as a model; None for one that is not active, or whose models are no text models."""
    if entry.get("status", "ACTIVE") != "ACTIVE":
        return None
    known = [models[name] for name in _names(entry) if name in models]
    if models and not known:
        return None
    # One that the account made itself is called by its ARN
    own = entry.get("type") == "APPLICATION"
    return {
        **(_model(known[0]) if known else {}),
        "id": entry.get("inferenceProfileArn" if own else "inferenceProfileId"),
        "display_name": entry.get("inferenceProfileName"),
        "created_at": entry.get("createdAt"),
    }


def _names(entry: dict[str, Any]) -> list[str]:
    led_to = entry.get("models")
    arns = [one.get("modelArn") for one in led_to if isinstance(one, dict)] if isinstance(led_to, list) else []
    return [arn.partition(_ARN)[2] for arn in arns if isinstance(arn, str)]
