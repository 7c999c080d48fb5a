from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest, Uncarriable
from tests.translate.wire.openai_chat.requests import request, tool

from .requests import body, losses

SEARCH = {"type": "web_search_20250305", "name": "web_search"}
STRICT = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
EMPTY = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("given", "expected", "lost"),
    [
        (tool(), {"parameters": EMPTY}, []),
        (tool(description="Looks."), {"description": "Looks.", "parameters": EMPTY}, []),
        (tool(input_schema=STRICT, strict=True), {"parameters": STRICT, "strict": True}, []),
        (tool(input_schema=STRICT), {"parameters": STRICT}, []),
        (tool(strict=True), {"parameters": EMPTY}, ["tools[0].strict"]),
        (tool(input_schema={"type": "object"}), {"parameters": {"type": "object", "properties": {}}}, []),
        (tool(input_schema={"type": "string"}), {"parameters": EMPTY}, ["tools[0].input_schema"]),
        (tool(cache_control={"type": "ephemeral"}), {"parameters": EMPTY}, ["tools[0].cache_control"]),
    ],
)
def test_functions(given: dict[str, Any], expected: dict[str, Any], lost: list[str]) -> None:
    wish = request(tools=[given])
    out = body(wish, "openai", model="gpt-5.6")["tools"]
    shown = {"type": "function", "name": "look", "strict": False, **expected}
    assert out == [shown] or out == [{**shown, "parameters": {**EMPTY}}]
    assert losses(wish, "openai", model="gpt-5.6") == lost


def test_strict_is_lost_where_it_is_not_known() -> None:
    wish = request(tools=[tool(input_schema=STRICT, strict=True)])
    assert body(wish)["tools"][0]["strict"] is False
    assert losses(wish) == ["tools[0].strict"]


def test_anthropics_own_tools_get_a_schema() -> None:
    out = body(request(tools=[{"type": "bash_20250124", "name": "bash"}]))["tools"]
    assert out[0]["name"] == "bash"
    assert "command" in out[0]["parameters"]["properties"]


@pytest.mark.parametrize(
    ("choice", "flags", "expected", "lost"),
    [
        ({"type": "auto"}, {"top_k": True}, {"tool_choice": "auto"}, []),
        ({"type": "any"}, {"top_k": True}, {"tool_choice": "required"}, []),
        ({"type": "none"}, {"top_k": True}, {"tool_choice": "none"}, []),
        (
            {"type": "tool", "name": "look"},
            {"top_k": True},
            {"tool_choice": {"type": "function", "name": "look"}},
            [],
        ),
        ({"type": "tool", "name": "look"}, {"choice_named": False}, {"tool_choice": "required"}, []),
        (
            {"type": "tool", "name": "look"},
            {"choice_named": False, "choice_required": ""},
            {"tool_choice": "auto"},
            ["tool_choice"],
        ),
        ({"type": "any"}, {"choice_required": ""}, {"tool_choice": "auto"}, ["tool_choice"]),
        (
            {"type": "auto", "disable_parallel_tool_use": True},
            {"parallel_tool_calls": True},
            {"tool_choice": "auto", "parallel_tool_calls": False},
            [],
        ),
        (
            {"type": "auto", "disable_parallel_tool_use": True},
            {"top_k": True},
            {"tool_choice": "auto"},
            ["tool_choice.disable_parallel_tool_use"],
        ),
    ],
)
def test_choice(choice: dict[str, Any], flags: dict[str, Any], expected: dict[str, Any], lost: list[str]) -> None:
    wish = request(tools=[tool(), tool("other")], tool_choice=choice)
    out = body(wish, **flags)
    assert {name: out[name] for name in ("tool_choice", "parallel_tool_calls") if name in out} == expected
    assert losses(wish, **flags) == lost
    names = [one["name"] for one in out["tools"]]
    assert names == (["look"] if expected["tool_choice"] == "required" and "name" in choice else ["look", "other"])


def test_no_choice_without_tools() -> None:
    for kind, lost in (("auto", []), ("any", ["tool_choice"]), ("none", [])):
        out = body(request(tool_choice={"type": kind, "disable_parallel_tool_use": True}))
        assert "tool_choice" not in out
        assert "parallel_tool_calls" not in out
        assert losses(request(tool_choice={"type": kind})) == lost


def test_none_where_it_is_no_choice() -> None:
    out = body(
        request(tools=[tool(), SEARCH], tool_choice={"type": "none"}), choice_none=False, web_search="web_search"
    )
    assert "tools" not in out
    assert "tool_choice" not in out
    assert "include" not in out


def test_the_providers_own_search_can_be_forced() -> None:
    wish = request(tools=[tool(), SEARCH], tool_choice={"type": "tool", "name": "web_search"})
    out = body(wish, "openai", model="gpt-5.6")
    assert (out["tool_choice"], out["tools"]) == ("required", [{"type": "web_search"}])
    one = request(tools=[tool(), SEARCH], tool_choice={"type": "tool", "name": "look"})
    out = body(one, "openai", model="gpt-5.6")
    assert out["tool_choice"] == {"type": "function", "name": "look"}
    assert len(out["tools"]) == 2


@pytest.mark.parametrize(
    ("choice", "error", "word"),
    [
        ({"type": "tool"}, InvalidRequest, "is required"),
        ({"type": "tool", "name": "x"}, InvalidRequest, "there is no tool"),
        ({"type": "tool", "name": "web_search"}, Uncarriable, "cannot be given"),
    ],
)
def test_choices_that_cannot_be(choice: dict[str, Any], error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=rf"tool_choice\.name: .*{word}"):
        body(request(tools=[tool(), SEARCH], tool_choice=choice))
