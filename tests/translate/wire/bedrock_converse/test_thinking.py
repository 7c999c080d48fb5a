"""Thinking, in the form of each maker."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.bedrock_converse.requests import (
    CLAUDE,
    GPT,
    GPT_OSS,
    NOVA,
    OPUS,
    OTHER,
    body,
    losses,
    request,
    tool,
)

QWEN = "qwen.qwen3-32b-v1:0"
OPUS_5 = "global.anthropic.claude-opus-5"
FABLE = "global.anthropic.claude-fable-5-1"
R1 = "us.deepseek.r1-v1:0"
ASTRA = "global.openai.gpt-6-astra"
ADAPTIVE = {"type": "adaptive"}
OFF = {"type": "disabled"}


def on(budget: int = 2000) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": budget}


def effort(level: str) -> dict[str, Any]:
    return {"output_config": {"effort": level}}


CASES: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    (CLAUDE, {}, {}, []),
    (CLAUDE, {"thinking": on()}, {"thinking": on()}, []),
    (CLAUDE, {"thinking": on(100)}, {"thinking": on(1024)}, []),
    (CLAUDE, {"thinking": on(9000)}, {"thinking": on(2999)}, []),
    (CLAUDE, {"thinking": on(), "max_tokens": 1024}, {}, ["thinking"]),
    (CLAUDE, {"thinking": on(), "max_tokens": 100000}, {"thinking": on()}, ["max_tokens"]),
    (CLAUDE, {"thinking": ADAPTIVE, "max_tokens": 30000}, {"thinking": on(8192)}, []),
    (CLAUDE, {"thinking": ADAPTIVE, "max_tokens": 30000, **effort("high")}, {"thinking": on(16384)}, []),
    (CLAUDE, {"thinking": ADAPTIVE, "max_tokens": 30000, **effort("huge")}, {"thinking": on(8192)}, []),
    (CLAUDE, {"thinking": OFF}, {}, []),
    (CLAUDE, effort("low"), {}, ["output_config.effort"]),
    (CLAUDE, {"thinking": {**on(), "display": "omitted"}}, {"thinking": on()}, ["thinking.display"]),
    (OPUS, {}, {}, []),
    (OPUS, {"thinking": ADAPTIVE}, {"thinking": ADAPTIVE}, []),
    (OPUS, {"thinking": {**ADAPTIVE, "display": "omitted"}}, {"thinking": {**ADAPTIVE, "display": "omitted"}}, []),
    (OPUS, {"thinking": on()}, {"thinking": ADAPTIVE, "output_config": {"effort": "low"}}, []),
    (OPUS, {"thinking": on(20000)}, {"thinking": ADAPTIVE, "output_config": {"effort": "high"}}, []),
    (OPUS, effort("minimal"), {"output_config": {"effort": "low"}}, []),
    (OPUS, effort("huge"), {}, ["output_config.effort"]),
    (OPUS, {"thinking": OFF}, {}, []),
    (OPUS_5, {"thinking": OFF}, {"thinking": OFF}, []),
    (FABLE, {"thinking": OFF}, {}, ["thinking"]),
    (NOVA, {}, {}, []),
    (NOVA, {"thinking": on()}, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}, []),
    (NOVA, {"thinking": ADAPTIVE}, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}, []),
    (
        NOVA,
        {"thinking": on(20000), "temperature": 0.5},
        {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
        ["temperature", "max_tokens"],
    ),
    (
        NOVA,
        effort("huge"),
        {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}},
        ["output_config.effort"],
    ),
    (NOVA, {"thinking": OFF, **effort("low")}, {}, []),
    (GPT_OSS, {"thinking": on()}, {"reasoning_effort": "low"}, []),
    (GPT_OSS, {"thinking": ADAPTIVE}, {}, []),
    (GPT_OSS, effort("max"), {"reasoning_effort": "high"}, []),
    (GPT_OSS, effort("huge"), {}, ["output_config.effort"]),
    (GPT_OSS, {"thinking": OFF}, {}, ["thinking"]),
    (GPT, effort("xhigh"), {"reasoning": {"effort": "xhigh"}}, []),
    (GPT, {"thinking": OFF}, {"reasoning": {"effort": "none"}}, []),
    (ASTRA, {"thinking": OFF}, {}, ["thinking"]),
    (QWEN, {"thinking": on()}, {"reasoning_config": "low"}, []),
    (QWEN, effort("medium"), {"reasoning_config": "high"}, []),
    (R1, {"thinking": OFF}, {}, ["thinking"]),
    (OTHER, {"thinking": on(), **effort("low")}, {}, ["output_config.effort", "thinking"]),
    (OTHER, {"thinking": ADAPTIVE}, {}, []),
    (OTHER, {"thinking": OFF}, {}, []),
]


@pytest.mark.parametrize(("model", "fields", "expected", "lost"), CASES)
def test_the_makers_form(model: str, fields: dict[str, Any], expected: dict[str, Any], lost: list[str]) -> None:
    wish = request(**fields)
    assert body(wish, model).get("additionalModelRequestFields", {}) == expected
    assert losses(wish, model) == lost


@pytest.mark.parametrize("model", [CLAUDE, "global.anthropic.claude-sonnet-4-6"])
def test_what_claude_refuses_beside_thinking(model: str) -> None:
    quiet = request(thinking=on(), temperature=0.3, top_k=5)
    assert body(quiet, model)["inferenceConfig"] == {"maxTokens": 3000}
    assert losses(quiet, model) == ["top_k", "temperature"]
    near = request(thinking=on(), temperature=1)
    assert body(near, model)["inferenceConfig"] == {"maxTokens": 3000, "temperature": 1.0}
    for top_p, lost in ((0.9, ["top_p"]), (0.95, [])):
        assert losses(request(thinking=on(), top_p=top_p), model) == lost


@pytest.mark.parametrize(
    ("model", "sent"),
    [(CLAUDE, {}), (OPUS, {}), (OPUS_5, {"thinking": OFF})],
)
def test_claude_is_forced_to_call_rather_than_to_think(model: str, sent: dict[str, Any]) -> None:
    wish = request(thinking=ADAPTIVE, tools=[tool()], tool_choice={"type": "any"})
    found = body(wish, model)
    assert found["toolConfig"]["toolChoice"] == {"any": {}}
    assert found.get("additionalModelRequestFields", {}) == sent
    assert losses(wish, model) == ["thinking"]
