"""What each of Gemini's models takes."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.presets.google import AI_STUDIO, GEMINI_OPTIONS, VERTEX, VERTEX_OPTIONS
from ccproxy.translate.dialect import OVERRIDES, Dialect, resolve


def flags(dialect: Dialect, model: str, *names: str) -> tuple[Any, ...]:
    found = resolve(dialect, model, {})
    return tuple(getattr(found, name) for name in names)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gemini-1.5-flash", ("none", 8192, False)),
        ("gemini-2.0-flash-001", ("none", 8192, False)),
        ("models/gemini-2.0-flash", ("none", 8192, False)),
        ("gemma-3-27b-it", ("none", 8192, False)),
        ("gemini-2.5-flash", ("budget", 65536, False)),
        ("gemini-2.5-pro-preview-05-06", ("budget", 65536, False)),
        ("gemini-2.5-flash-image", ("none", 65536, False)),
        ("gemini-3-pro-preview", ("level", 65536, True)),
        ("gemini-3.8-flash", ("level", 65536, True)),
        ("gemini-4-hydrogen", ("level", 65536, True)),
        ("gemini-flash-latest", ("level", 65536, True)),
        ("endpoints/123", ("none", None, False)),
        ("tunedModels/mine", ("none", None, False)),
    ],
)
def test_generations(model: str, expected: tuple[Any, ...]) -> None:
    for dialect in (AI_STUDIO, VERTEX):
        assert flags(dialect, model, "thinking", "max_output_tokens", "calls_signed") == expected


@pytest.mark.parametrize(
    ("model", "budgets", "stops", "by_default"),
    [
        ("gemini-2.5-pro", (128, 32768), False, True),
        ("gemini-2.5-flash", (1, 24576), True, True),
        ("gemini-2.5-flash-lite", (512, 24576), True, False),
    ],
)
def test_budgets(model: str, budgets: tuple[int, int], stops: bool, by_default: bool) -> None:
    found = flags(AI_STUDIO, model, "thinking_budgets", "can_stop_thinking", "thinks_by_default")
    assert found == (budgets, stops, by_default)


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("gemini-3-pro-preview", ("low", "high")),
        ("gemini-3.1-pro-preview", ("low", "medium", "high")),
        ("gemini-3-flash-preview", ("minimal", "low", "medium", "high")),
        ("gemini-3.1-flash-lite", ("minimal", "low", "medium", "high")),
        ("gemini-3.5-flash", ("minimal", "low", "medium", "high")),
        ("gemini-3.6-flash", ("minimal", "low", "medium", "high")),
        ("gemini-3.7-flash", ("low", "medium", "high")),
        ("gemini-3.8-flash", ("low", "medium", "high")),
        ("gemini-3.1-flash-image-preview", ("minimal", "high")),
        ("gemini-flash-lite-latest", ("minimal", "low", "medium", "high")),
        ("gemini-2.5-pro", ()),
    ],
)
def test_levels(model: str, efforts: tuple[str, ...]) -> None:
    assert flags(AI_STUDIO, model, "efforts") == (efforts,)


def test_vertex_differs_where_google_says_so() -> None:
    names = ("images", "pdf", "call_ids", "count_wrapped", "exclude_domains", "tells_searches")
    assert flags(AI_STUDIO, "gemini-3-pro-preview", *names) == ("any", "file+url", "any", True, False, True)
    assert flags(AI_STUDIO, "gemini-2.5-pro", *names) == ("data", "file", "any", True, False, True)
    for model in ("gemini-3-pro-preview", "gemini-2.5-pro"):
        assert flags(VERTEX, model, *names) == ("any", "file+url", "own", False, True, False)


@pytest.mark.parametrize(
    ("model", "beside", "samples"),
    [
        ("gemini-2.5-pro", False, True),
        ("gemini-3-pro-preview", True, True),
        ("gemini-3.5-flash", True, True),
        ("gemini-3.6-flash", True, False),
        ("gemini-3.10-pro", True, False),
        ("gemini-4-hydrogen", True, False),
        ("gemini-flash-latest", True, False),
    ],
)
def test_search_beside_functions_and_sampling(model: str, beside: bool, samples: bool) -> None:
    for dialect in (AI_STUDIO, VERTEX):
        found = flags(dialect, model, "search_beside_functions", "temperature", "top_p", "top_k")
        assert found == (beside, samples, samples, samples)


def test_options_are_flags_or_fields() -> None:
    assert set(GEMINI_OPTIONS) - set(OVERRIDES) == {"extra_body", "safety_settings"}
    assert set(VERTEX_OPTIONS) - set(GEMINI_OPTIONS) == {"project", "location"}
    assert VERTEX_OPTIONS["project"].default is None
    assert VERTEX_OPTIONS["location"].default == "global"
