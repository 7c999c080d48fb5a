from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.openai_chat.requests import request

from .requests import body, losses

ENABLED = {"type": "enabled", "budget_tokens": 5000}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


@pytest.mark.parametrize(
    ("kind", "model", "fields", "expected", "lost"),
    [
        # OpenAI
        ("openai", "gpt-5.6", {}, None, []),
        ("openai", "gpt-5.6", {"thinking": ENABLED}, {"effort": "medium", "summary": "auto"}, []),
        ("openai", "gpt-5.6", {"thinking": {"type": "adaptive"}}, {"summary": "auto"}, []),
        ("openai", "gpt-5.6", {"thinking": {"type": "adaptive", "display": "omitted"}}, None, []),
        (
            "openai",
            "gpt-5.6",
            {"thinking": {"type": "adaptive", "display": "x"}},
            {"summary": "auto"},
            ["thinking.display"],
        ),
        ("openai", "gpt-5.6", {"thinking": {"type": "disabled"}}, {"effort": "none"}, []),
        ("openai", "gpt-5.6", {"output_config": {"effort": "max"}}, {"effort": "max"}, []),
        ("openai", "gpt-5.2", {"output_config": {"effort": "max"}}, {"effort": "xhigh"}, []),
        ("openai", "gpt-5.1", {"output_config": {"effort": "max"}}, {"effort": "high"}, []),
        ("openai", "gpt-5.6", {"output_config": {"effort": "huge"}}, None, ["output_config.effort"]),
        # It reasons only if it is told to.
        ("openai", "gpt-5.4", {}, None, []),
        ("openai", "gpt-5.4", {"thinking": {"type": "adaptive"}}, {"effort": "medium", "summary": "auto"}, []),
        (
            "openai",
            "gpt-5",
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
            {"effort": "low", "summary": "auto"},
            [],
        ),
        # It cannot be switched off.
        ("openai", "o3", {"thinking": {"type": "disabled"}}, None, ["thinking"]),
        (
            "openai",
            "o3",
            {"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}},
            None,
            ["output_config.effort", "thinking"],
        ),
        ("openai", "gpt-5-pro", {"output_config": {"effort": "low"}}, {"effort": "high"}, []),
        ("openai", "gpt-5-codex", {"output_config": {"effort": "low"}}, {"effort": "low"}, []),
        # It does not reason.
        ("openai", "gpt-4o", {"thinking": ENABLED}, None, ["thinking.budget_tokens", "thinking"]),
        ("openai", "gpt-4o", {"thinking": {"type": "disabled"}}, None, []),
        ("openai", "gpt-4o", {"output_config": {"effort": "low"}}, None, ["output_config.effort"]),
        # A summary comes unasked and is refused if asked for.
        ("xai", "grok-4.3", {"thinking": ENABLED}, {"effort": "medium"}, []),
        ("xai", "grok-4.3", {"thinking": {"type": "disabled"}}, {"effort": "none"}, []),
        ("xai", "grok-4.5", {"thinking": {"type": "disabled"}}, None, ["thinking"]),
        ("xai", "grok-4.5", {"output_config": {"effort": "xhigh"}}, {"effort": "high"}, []),
        ("xai", "grok-4.6", {"output_config": {"effort": "max"}}, {"effort": "xhigh"}, []),
        ("xai", "grok-3-mini", {"output_config": {"effort": "medium"}}, {"effort": "high"}, []),
        ("xai", "grok-4-0709", {"thinking": ENABLED}, None, ["thinking.budget_tokens"]),
        # A deployment's name tells the model, or nothing.
        ("azure", "gpt-5.5", {"thinking": ENABLED}, {"effort": "medium", "summary": "auto"}, []),
        ("azure", "my-deployment", {"thinking": ENABLED}, None, ["thinking.budget_tokens"]),
        ("openai-responses", "m", {"output_config": {"effort": "max"}}, {"effort": "high"}, []),
    ],
)
def test_reasoning(kind: str, model: str, fields: dict[str, Any], expected: Any, lost: list[str]) -> None:
    wish = request(**fields)
    assert body(wish, kind, model=model).get("reasoning") == expected
    assert losses(wish, kind, model=model) == lost


def test_web_search_wants_more_than_the_least_effort() -> None:
    wish = request(output_config={"effort": "minimal"}, tools=[SEARCH])
    assert body(wish, "openai", model="gpt-5")["reasoning"] == {"effort": "low"}
    alone = request(output_config={"effort": "minimal"})
    assert body(alone, "openai", model="gpt-5")["reasoning"] == {"effort": "minimal"}


def test_an_administrator_can_do_without_summaries() -> None:
    wish = request(thinking={"type": "adaptive"})
    assert "reasoning" not in body(wish, "openai", model="gpt-5.6", options={"reasoning_summary": ""})
