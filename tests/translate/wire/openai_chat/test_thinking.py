"""What switches thinking on, and how reasoning of earlier turns goes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate import signature

from .requests import KEY, assistant, body, losses, messages, request, result, text, tool, use, user

ON = {"type": "enabled", "budget_tokens": 5000}
FIELDS = (
    "reasoning_effort",
    "thinking",
    "enable_thinking",
    "thinking_budget",
    "reasoning",
    "chat_template_kwargs",
    "prompt_mode",
)
THREE = ("low", "medium", "high")
EFFORT = {"thinking": "effort", "efforts": THREE, "effort_off": "none"}
TYPE = {"thinking": "type", "efforts": ("high", "max")}


def control(asked: Any, effort: str | None, **flags: Any) -> tuple[dict[str, Any], list[str]]:
    wish = request(thinking=asked, output_config={"effort": effort} if effort else None)
    out = body(wish, **flags)
    return {name: out[name] for name in FIELDS if name in out}, losses(wish, **flags)


@pytest.mark.parametrize(
    ("thinking", "effort", "flags", "expected", "lost"),
    [
        # nothing asked: nothing sent
        (None, None, EFFORT, {}, []),
        ({"type": "adaptive"}, None, EFFORT, {}, []),
        ({"type": "adaptive"}, None, {}, {}, []),
        # a level by name, else by the budget
        (None, "high", EFFORT, {"reasoning_effort": "high"}, []),
        ({"type": "adaptive"}, "max", EFFORT, {"reasoning_effort": "high"}, []),
        (None, "medium", {**EFFORT, "efforts": ("low", "high")}, {"reasoning_effort": "high"}, []),
        (None, "low", {**EFFORT, "efforts": ("default",)}, {"reasoning_effort": "default"}, []),
        (ON, None, EFFORT, {"reasoning_effort": "medium"}, []),
        ({"type": "enabled", "budget_tokens": 4095}, None, EFFORT, {"reasoning_effort": "low"}, []),
        ({"type": "enabled", "budget_tokens": 16384}, None, EFFORT, {"reasoning_effort": "high"}, []),
        (ON, "low", EFFORT, {"reasoning_effort": "low"}, []),
        (None, "extreme", EFFORT, {}, ["output_config.effort"]),
        (None, "high", {**EFFORT, "efforts": ()}, {}, ["output_config.effort"]),
        # off
        ({"type": "disabled"}, None, EFFORT, {"reasoning_effort": "none"}, []),
        ({"type": "disabled"}, None, {**EFFORT, "effort_off": ""}, {}, ["thinking"]),
        ({"type": "disabled"}, None, {"thinks_by_default": False}, {}, []),
        ({"type": "disabled"}, None, {}, {}, ["thinking"]),
        # a type inside `thinking`
        (ON, None, TYPE, {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}, []),
        ({"type": "between_tools"}, None, TYPE, {"thinking": {"type": "enabled"}}, []),
        ({"type": "disabled"}, None, TYPE, {"thinking": {"type": "disabled"}}, []),
        ({"type": "disabled"}, None, {**TYPE, "can_stop_thinking": False}, {}, ["thinking"]),
        (ON, None, {"thinking": "type"}, {"thinking": {"type": "enabled"}}, ["thinking.budget_tokens"]),
        (
            None,
            None,
            {**TYPE, "thinking_fields": {"clear_thinking": False}},
            {"thinking": {"clear_thinking": False}},
            [],
        ),
        # enable_thinking
        (ON, None, {"thinking": "enable_thinking"}, {"enable_thinking": True, "thinking_budget": 5000}, []),
        ({"type": "adaptive"}, "high", {"thinking": "enable_thinking"}, {}, ["output_config.effort"]),
        ({"type": "between_tools"}, None, {"thinking": "enable_thinking"}, {"enable_thinking": True}, []),
        ({"type": "disabled"}, None, {"thinking": "enable_thinking"}, {"enable_thinking": False}, []),
        # an object `reasoning`
        (ON, None, {"thinking": "reasoning", "efforts": THREE}, {"reasoning": {"max_tokens": 5000}}, []),
        (ON, "xhigh", {"thinking": "reasoning", "efforts": THREE}, {"reasoning": {"effort": "high"}}, []),
        ({"type": "between_tools"}, None, {"thinking": "reasoning"}, {"reasoning": {"enabled": True}}, []),
        ({"type": "adaptive"}, None, {"thinking": "reasoning"}, {}, []),
        (None, "extreme", {"thinking": "reasoning", "efforts": THREE}, {}, ["output_config.effort"]),
        ({"type": "disabled"}, None, {"thinking": "reasoning"}, {"reasoning": {"enabled": False}}, []),
        # chat templates
        (
            ON,
            None,
            {"thinking": "template"},
            {"chat_template_kwargs": {"enable_thinking": True}},
            ["thinking.budget_tokens"],
        ),
        ({"type": "adaptive"}, None, {"thinking": "template"}, {}, []),
        (
            {"type": "disabled"},
            None,
            {"thinking": "template"},
            {"chat_template_kwargs": {"enable_thinking": False}},
            [],
        ),
        # prompt_mode
        (
            ON,
            "low",
            {"thinking": "prompt_mode"},
            {"prompt_mode": "reasoning"},
            ["output_config.effort", "thinking.budget_tokens"],
        ),
        ({"type": "adaptive"}, None, {"thinking": "prompt_mode"}, {}, []),
        ({"type": "disabled"}, None, {"thinking": "prompt_mode"}, {"prompt_mode": None}, []),
        # no control
        (ON, "high", {}, {}, ["output_config.effort", "thinking"]),
        # display
        ({"type": "adaptive", "display": "summarized"}, None, EFFORT, {}, []),
        ({"type": "adaptive", "display": "omitted"}, None, EFFORT, {}, ["thinking.display"]),
    ],
)
def test_control(thinking: Any, effort: str | None, flags: dict[str, Any], expected: Any, lost: list[str]) -> None:
    assert control(thinking, effort, **(flags or {"top_k": True})) == (expected, lost)


@pytest.mark.parametrize(
    ("thinking", "effort", "streamed", "lost"),
    [
        (None, None, {}, []),
        (ON, "high", {"enable_thinking": True, "thinking_budget": 5000}, ["thinking", "output_config.effort"]),
        ({"type": "adaptive"}, None, {}, ["thinking"]),
        ({"type": "disabled"}, None, {"enable_thinking": False}, []),
    ],
)
def test_models_that_think_only_in_streams(thinking: Any, effort: str | None, streamed: Any, lost: list[str]) -> None:
    flags = {"thinking": "enable_thinking", "thinks_streamed_only": True}
    wish = request(thinking=thinking, output_config={"effort": effort} if effort else None)
    assert body(wish, **flags)["enable_thinking"] is False
    assert losses(wish, **flags) == lost
    wish.stream = True
    assert {name: value for name, value in body(wish, **flags).items() if "think" in name} == streamed


@pytest.mark.parametrize(
    ("thinking", "effort", "lost"),
    [
        (None, None, []),
        ({"type": "adaptive"}, "high", ["thinking", "output_config.effort"]),
        ({"type": "disabled"}, None, []),
    ],
)
def test_models_that_refuse_tools_beside_an_effort(thinking: Any, effort: str | None, lost: list[str]) -> None:
    flags = {**EFFORT, "effort_with_tools": False}
    wish = request(thinking=thinking, output_config={"effort": effort} if effort else None, tools=[tool()])
    assert body(wish, **flags)["reasoning_effort"] == "none"
    assert losses(wish, **flags) == lost
    assert "reasoning_effort" not in body(wish, **{**flags, "effort_off": ""})
    assert control(None, "high", **flags) == ({"reasoning_effort": "high"}, [])


FORCED = {"choice_while_thinking": False, "thinks_by_default": True}


@pytest.mark.parametrize(
    ("thinking", "effort", "flags", "choice", "expected", "lost"),
    [
        (None, None, {**TYPE, **FORCED}, "any", ("required", {"type": "disabled"}), []),
        (
            ON,
            "high",
            {**TYPE, **FORCED},
            "any",
            ("required", {"type": "disabled"}),
            ["thinking", "output_config.effort"],
        ),
        (None, None, {**TYPE, **FORCED}, "auto", ("auto", None), []),
        (None, None, {**TYPE, **FORCED, "thinks_by_default": False}, "any", ("required", None), []),
        ({"type": "disabled"}, None, {**TYPE, **FORCED}, "any", ("required", {"type": "disabled"}), []),
        (None, None, {**TYPE, **FORCED, "can_stop_thinking": False}, "any", ("auto", None), ["tool_choice"]),
        (None, None, {**FORCED, "thinking": "none"}, "any", ("auto", None), ["tool_choice"]),
        (None, None, TYPE, "any", ("required", None), []),
    ],
)
def test_a_forced_choice_where_thinking_refuses_it(
    thinking: Any, effort: str | None, flags: dict[str, Any], choice: str, expected: Any, lost: list[str]
) -> None:
    config = {"effort": effort} if effort else None
    wish = request(thinking=thinking, output_config=config, tools=[tool()], tool_choice={"type": choice})
    out = body(wish, **flags)
    assert (out["tool_choice"], out.get("thinking")) == expected
    assert losses(wish, **flags) == lost


DETAILS = [{"type": "reasoning.text", "text": "hm"}]


def thought(words: str = "hm", payload: bytes = b"", kind: str = "openai-chat", key: bytes = KEY) -> dict[str, Any]:
    return {"type": "thinking", "thinking": words, "signature": signature.seal(kind, words, payload, key)}


def replayed(*blocks: Any, **about: Any) -> dict[str, Any]:
    wish = request([user("a"), assistant(*blocks), user(result())], thinking=about.pop("asked", None))
    message = messages(wish, **about)[1]
    return {name: value for name, value in message.items() if name not in ("role", "tool_calls")}


@pytest.mark.parametrize(
    ("form", "block", "expected"),
    [
        ("none", thought(), {"content": "b"}),
        ("reasoning_content", thought(), {"content": "b", "reasoning_content": "hm"}),
        ("reasoning", thought(), {"content": "b", "reasoning": "hm"}),
        ("reasoning_details", thought(), {"content": "b", "reasoning": "hm"}),
        (
            "reasoning_details",
            thought("hm", json.dumps(DETAILS).encode()),
            {"content": "b", "reasoning_details": DETAILS},
        ),
        (
            "reasoning_details",
            thought("", json.dumps(DETAILS).encode()),
            {"content": "b", "reasoning_details": DETAILS},
        ),
        (
            "content",
            thought(),
            {"content": [{"type": "thinking", "thinking": [text("hm")]}, text("b")]},
        ),
        ("tags", thought(), {"content": "<think>\nhm\n</think>\n\nb"}),
        ("tags", thought("", json.dumps(DETAILS).encode()), {"content": "b"}),
        # foreign, of another kind, by another key, changed: left out without a word
        ("reasoning", {"type": "thinking", "thinking": "hm", "signature": "Ep0BCk"}, {"content": "b"}),
        ("reasoning", {"type": "thinking", "thinking": "hm", "signature": ""}, {"content": "b"}),
        ("reasoning", thought(kind="groq"), {"content": "b"}),
        ("reasoning", thought(key=b"x"), {"content": "b"}),
        ("reasoning", {**thought(), "thinking": "changed"}, {"content": "b"}),
    ],
)
def test_reasoning_of_earlier_turns(form: str, block: dict[str, Any], expected: dict[str, Any]) -> None:
    assert replayed(block, text("b"), replay=form) == expected
    assert losses(request([user("a"), assistant(block, text("b")), user("c")]), replay=form) == []


def test_several_thoughts_of_one_turn() -> None:
    assert replayed(thought("one"), thought("two"), use(), replay="reasoning")["reasoning"] == "one\n\ntwo"
    both = [thought("one", b'[{"a":1}]'), thought("two", b'[{"b":2}]')]
    assert replayed(*both, use(), replay="reasoning_details")["reasoning_details"] == [{"a": 1}, {"b": 2}]


def test_a_thought_without_text_beside_calls() -> None:
    assert replayed(thought(), use(), replay="content")["content"] == [{"type": "thinking", "thinking": [text("hm")]}]


@pytest.mark.parametrize(
    ("blocks", "asked", "expected"),
    [
        ([use()], None, {"content": "", "reasoning_content": ""}),
        ([thought(), use()], None, {"content": "", "reasoning_content": "hm"}),
        ([text("b")], None, {"content": "b"}),
        ([use()], {"type": "disabled"}, {"content": ""}),
    ],
)
def test_calls_must_carry_their_reasoning(blocks: list[Any], asked: Any, expected: dict[str, Any]) -> None:
    flags = {"replay": "reasoning_content", "replay_required": True, "thinking": "type"}
    assert replayed(*blocks, asked=asked, **flags) == expected
