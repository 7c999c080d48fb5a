"""Tools, the provider's own ones among them, and what forces a call."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest, Uncarriable
from tests.translate.wire.bedrock_converse.requests import (
    CLAUDE,
    LLAMA,
    MISTRAL,
    NOVA,
    TITAN,
    assistant,
    body,
    losses,
    request,
    result,
    tool,
    use,
    user,
)

V3 = "deepseek.v3-v1:0"
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
CODE = {"type": "code_execution_20260120", "name": "code_execution"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
CALLED = [user("hi"), assistant(use()), user(result())]


def config(model: str = CLAUDE, messages: Any = "hi", **fields: Any) -> tuple[Any, list[str]]:
    """`toolConfig`, and what was lost."""
    wish = request(messages, **fields)
    return body(wish, model).get("toolConfig"), losses(wish, model)


def spec(name: str = "look", schema: Any = None, **more: Any) -> dict[str, Any]:
    schema = schema or {"type": "object", "properties": {}}
    return {"toolSpec": {"name": name, "inputSchema": {"json": schema}, **more}}


@pytest.mark.parametrize(
    ("model", "given", "expected", "lost"),
    [
        (CLAUDE, tool(), spec(), []),
        (CLAUDE, tool(description="looks"), spec(description="looks"), []),
        (CLAUDE, tool(input_schema=SCHEMA), spec(schema=SCHEMA), []),
        (CLAUDE, tool(strict=True), spec(strict=True), []),
        (NOVA, tool(strict=True), spec(), ["tools[0].strict"]),
        (
            CLAUDE,
            tool(input_schema={"anyOf": [{"type": "object", "properties": {}}, {"type": "string"}]}),
            spec(),
            ["tools[0].input_schema"],
        ),
    ],
)
def test_tools(model: str, given: dict[str, Any], expected: Any, lost: list[str]) -> None:
    assert config(model, tools=[given]) == ({"tools": [expected]}, lost)


def test_anthropics_own_tools_are_functions_too() -> None:
    found, lost = config(tools=[{"type": "bash_20250124", "name": "bash"}])
    assert found["tools"][0]["toolSpec"]["inputSchema"]["json"]["type"] == "object"
    assert lost == []


def test_without_tools() -> None:
    assert config() == (None, [])
    assert config(tools=[]) == (None, [])
    assert config(TITAN, tools=[tool(), SEARCH]) == (None, ["tools"])


ANY: dict[str, Any] = {"any": {}}
NAMED = {"tool": {"name": "look"}}


@pytest.mark.parametrize(
    ("model", "choice", "expected", "names", "lost"),
    [
        (CLAUDE, {"type": "auto"}, None, ["look", "find"], []),
        (CLAUDE, {"type": "any"}, ANY, ["look", "find"], []),
        (CLAUDE, {"type": "tool", "name": "look"}, NAMED, ["look", "find"], []),
        (CLAUDE, {"type": "none"}, None, [], []),
        (
            CLAUDE,
            {"type": "auto", "disable_parallel_tool_use": True},
            None,
            ["look", "find"],
            ["tool_choice.disable_parallel_tool_use"],
        ),
        (MISTRAL, {"type": "any"}, ANY, ["look", "find"], []),
        (MISTRAL, {"type": "tool", "name": "look"}, ANY, ["look"], []),
        (V3, {"type": "tool", "name": "find"}, ANY, ["find"], []),
        (LLAMA, {"type": "any"}, None, ["look", "find"], ["tool_choice"]),
        (LLAMA, {"type": "tool", "name": "look"}, None, ["look", "find"], ["tool_choice"]),
    ],
)
def test_choices(model: str, choice: Any, expected: Any, names: list[str], lost: list[str]) -> None:
    found, missing = config(model, tools=[tool(), tool("find")], tool_choice=choice)
    found = found or {"tools": []}
    assert [piece["toolSpec"]["name"] for piece in found["tools"]] == names
    assert (found.get("toolChoice"), missing) == (expected, lost)


def test_a_choice_without_tools() -> None:
    assert config(tool_choice={"type": "any"}) == (None, ["tool_choice"])
    assert config(tool_choice={"type": "none"}) == (None, [])


@pytest.mark.parametrize(
    ("model", "tools", "name", "kind", "words"),
    [
        (CLAUDE, [tool()], "gone", InvalidRequest, "there is no tool 'gone'"),
        (CLAUDE, [tool()], None, InvalidRequest, "is required"),
        (CLAUDE, [tool(), SEARCH], "web_search", Uncarriable, "'web_search' cannot be given"),
    ],
)
def test_a_choice_that_cannot_be(model: str, tools: Any, name: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=rf"tool_choice\.name: .*{words}"):
        config(model, tools=tools, tool_choice={"type": "tool", "name": name})


def test_calls_of_the_past_need_tools() -> None:
    assert config(messages=CALLED) == ({"tools": [spec(schema={"type": "object"})]}, [])
    assert config(messages=CALLED, tools=[tool("find")]) == ({"tools": [spec("find")]}, [])
    none = {"type": "none"}
    assert config(messages=CALLED, tools=[tool()], tool_choice=none) == ({"tools": [spec()]}, ["tool_choice"])
    assert config(messages=CALLED, tool_choice=none) == ({"tools": [spec(schema={"type": "object"})]}, [])


@pytest.mark.parametrize(
    ("given", "own", "lost"),
    [
        (SEARCH, "nova_grounding", []),
        (CODE, "nova_code_interpreter", []),
        ({**SEARCH, "max_uses": 3}, "nova_grounding", ["tools[0].max_uses"]),
        (
            {**SEARCH, "blocked_domains": ["a.example"], "cache_control": {"type": "ephemeral"}, "strict": False},
            "nova_grounding",
            ["tools[0].cache_control", "tools[0].blocked_domains"],
        ),
        ({**SEARCH, "user_location": None}, "nova_grounding", []),
    ],
)
def test_novas_own_tools(given: dict[str, Any], own: str, lost: list[str]) -> None:
    assert config(NOVA, tools=[given]) == ({"tools": [{"systemTool": {"name": own}}]}, lost)


def test_novas_own_tools_cannot_be_forced() -> None:
    choice = {"type": "tool", "name": "web_search"}
    assert config(NOVA, tools=[SEARCH], tool_choice=choice) == (
        {"tools": [{"systemTool": {"name": "nova_grounding"}}]},
        ["tool_choice"],
    )


def test_tools_that_nobody_runs() -> None:
    assert config(CLAUDE, tools=[SEARCH, tool()])[1] == ["tools[0]"]
    with pytest.raises(Uncarriable, match=r"tools\.0: .* has no code execution"):
        config(CLAUDE, tools=[CODE])
