"""thinkingConfig."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.gemini.requests import body, losses
from tests.translate.wire.openai_chat.requests import request

ON = {"type": "enabled", "budget_tokens": 5000}
ADAPTIVE = {"type": "adaptive"}
OFF = {"type": "disabled"}
SHOWN = {"includeThoughts": True}
PRO, FLASH, LITE = "gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"


def config(model: str, thinking: Any, effort: str | None = None) -> tuple[dict[str, Any] | None, list[str]]:
    fields: dict[str, Any] = {}
    if thinking:
        fields["thinking"] = thinking
    if effort:
        fields["output_config"] = {"effort": effort}
    wish = request(max_tokens=50000, **fields)
    return body(wish, model)["generationConfig"].get("thinkingConfig"), losses(wish, model)


@pytest.mark.parametrize(
    ("model", "thinking", "effort", "expected", "lost"),
    [
        (FLASH, None, None, None, []),
        (FLASH, ADAPTIVE, None, SHOWN, []),
        (FLASH, {**ADAPTIVE, "display": "omitted"}, None, None, []),
        (FLASH, ON, None, {"thinkingBudget": 5000, **SHOWN}, []),
        (FLASH, {**ON, "budget_tokens": 31999}, None, {"thinkingBudget": 24576, **SHOWN}, ["thinking.budget_tokens"]),
        (PRO, {**ON, "budget_tokens": 31999}, None, {"thinkingBudget": 31999, **SHOWN}, []),
        (FLASH, OFF, None, {"thinkingBudget": 0}, []),
        (LITE, OFF, None, {"thinkingBudget": 0}, []),
        (PRO, OFF, None, {"thinkingBudget": 128}, ["thinking"]),
        (LITE, ADAPTIVE, None, {"thinkingBudget": -1, **SHOWN}, []),
        (LITE, {**ON, "budget_tokens": 100}, None, {"thinkingBudget": 512, **SHOWN}, ["thinking.budget_tokens"]),
        (FLASH, None, "low", {"thinkingBudget": 1024}, []),
        (FLASH, ADAPTIVE, "medium", {"thinkingBudget": 8192, **SHOWN}, []),
        (PRO, ADAPTIVE, "high", {"thinkingBudget": 24576, **SHOWN}, []),
        (PRO, ADAPTIVE, "max", {"thinkingBudget": 32768, **SHOWN}, []),
        (FLASH, None, "none", {"thinkingBudget": 0}, []),
        (FLASH, ON, "low", {"thinkingBudget": 5000, **SHOWN}, ["output_config.effort"]),
        (FLASH, None, "odd", None, ["output_config.effort"]),
    ],
)
def test_budgets(model: str, thinking: Any, effort: str | None, expected: Any, lost: list[str]) -> None:
    assert config(model, thinking, effort) == (expected, lost)


@pytest.mark.parametrize(
    ("model", "thinking", "effort", "expected", "lost"),
    [
        ("gemini-3-pro-preview", None, None, None, []),
        ("gemini-3-pro-preview", ADAPTIVE, None, SHOWN, []),
        ("gemini-3-pro-preview", ON, None, {"thinkingLevel": "HIGH", **SHOWN}, []),
        ("gemini-3-pro-preview", {**ON, "budget_tokens": 2000}, None, {"thinkingLevel": "LOW", **SHOWN}, []),
        ("gemini-3-pro-preview", OFF, None, {"thinkingLevel": "LOW"}, ["thinking"]),
        ("gemini-3.1-pro-preview", None, "medium", {"thinkingLevel": "MEDIUM"}, []),
        ("gemini-3.1-pro-preview", ADAPTIVE, "max", {"thinkingLevel": "HIGH", **SHOWN}, []),
        ("gemini-3-flash-preview", OFF, None, {"thinkingLevel": "MINIMAL"}, []),
        ("gemini-3.5-flash", None, "minimal", {"thinkingLevel": "MINIMAL"}, []),
        ("gemini-3.6-flash", OFF, None, {"thinkingLevel": "MINIMAL"}, []),
        ("gemini-3.1-flash-lite", OFF, None, {"thinkingLevel": "MINIMAL"}, []),
        ("gemini-3.8-flash", OFF, None, {"thinkingLevel": "LOW"}, ["thinking"]),
        ("gemini-3.7-flash", None, "none", {"thinkingLevel": "LOW"}, ["thinking"]),
        ("gemini-3.1-flash-image-preview", None, "medium", {"thinkingLevel": "HIGH"}, []),
        ("gemini-pro-latest", None, "high", {"thinkingLevel": "HIGH"}, []),
        ("gemini-3.8-flash", {**ON, "display": "omitted"}, None, {"thinkingLevel": "MEDIUM"}, []),
        ("gemini-3.8-flash", ADAPTIVE, "odd", SHOWN, ["output_config.effort"]),
    ],
)
def test_levels(model: str, thinking: Any, effort: str | None, expected: Any, lost: list[str]) -> None:
    assert config(model, thinking, effort) == (expected, lost)


@pytest.mark.parametrize(
    ("thinking", "effort", "lost"),
    [
        (ON, None, ["thinking"]),
        (ADAPTIVE, None, []),
        (OFF, None, []),
        (None, "high", ["output_config.effort"]),
        (ON, "high", ["output_config.effort", "thinking"]),
    ],
)
@pytest.mark.parametrize("model", ["gemini-2.0-flash", "gemini-2.5-flash-image"])
def test_models_that_do_not_think(model: str, thinking: Any, effort: str | None, lost: list[str]) -> None:
    wish = request(
        **({"thinking": thinking} if thinking else {}), **({"output_config": {"effort": effort}} if effort else {})
    )
    assert "thinkingConfig" not in body(wish, model).get("generationConfig", {})
    assert losses(wish, model) == lost
