"""Tools and tool choice as Cohere takes them."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest, Uncarriable
from tests.translate.wire.openai_chat.requests import request, tool

from .requests import body, encoded, losses

CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def sent(tools: Any, choice: Any = None, **about: Any) -> dict[str, Any]:
    found = body(request(tools=tools, tool_choice=choice), **about)
    return {name: found[name] for name in ("tools", "tool_choice", "strict_tools") if name in found}


def test_a_tool() -> None:
    assert sent([{"name": "look", "description": "looks", "input_schema": CLOSED}]) == {
        "tools": [{"type": "function", "function": {"name": "look", "description": "looks", "parameters": CLOSED}}]
    }


def test_a_tool_with_nothing_but_a_name() -> None:
    function = sent([{"name": "look"}])["tools"][0]["function"]
    assert function == {"name": "look", "parameters": {"type": "object", "properties": {}}}


def test_an_anthropic_defined_tool_is_written_out() -> None:
    function = sent([{"type": "bash_20250124", "name": "bash"}])["tools"][0]["function"]
    assert "command" in function["parameters"]["properties"]


def test_a_schema_that_has_to_be_changed_and_marks_are_reported() -> None:
    union = {"anyOf": [CLOSED, {"type": "object", "properties": {"b": {}}}]}
    wish = request(tools=[{"name": "look", "input_schema": union, "cache_control": {"type": "ephemeral"}}])
    assert losses(wish) == ["tools[0].input_schema", "tools[0].cache_control"]


def test_names_that_it_would_refuse() -> None:
    wish = request(tools=[tool("a.b")])
    name = body(wish)["tools"][0]["function"]["name"]
    assert encoded(wish).names == {name: "a.b"}


@pytest.mark.parametrize("tools", [None, []])
def test_no_tools(tools: Any) -> None:
    assert sent(tools, {"type": "auto"}) == {}
    assert losses(request(tools=tools, tool_choice={"type": "any"})) == ["tool_choice"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ({"type": "auto"}, None),
        ({"type": "none"}, "NONE"),
        ({"type": "any"}, "REQUIRED"),
    ],
)
def test_choices(choice: Any, expected: str | None) -> None:
    found = sent([tool("a"), tool("b")], choice)
    assert found.get("tool_choice") == expected
    assert len(found["tools"]) == 2


def test_one_tool_is_forced_by_offering_no_other() -> None:
    found = sent([tool("a"), tool("b")], {"type": "tool", "name": "b"})
    assert found["tool_choice"] == "REQUIRED"
    assert [one["function"]["name"] for one in found["tools"]] == ["b"]


@pytest.mark.parametrize("kind", ["any", "tool"])
def test_older_models_cannot_be_forced(kind: str) -> None:
    wish = request(tools=[tool("a"), tool("b")], tool_choice={"type": kind, "name": "a"})
    found = body(wish, model="command-r-plus-08-2024")
    assert "tool_choice" not in found
    assert len(found["tools"]) == 2
    assert losses(wish, model="command-r-plus-08-2024") == ["tool_choice"]
    assert body(wish, model="command-r7b-12-2024")["tool_choice"] == "REQUIRED"


def test_calls_cannot_be_kept_apart() -> None:
    wish = request(tools=[tool("a")], tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert losses(wish) == ["tool_choice.disable_parallel_tool_use"]


class TestStrict:
    """It holds for all tools or none."""

    def test_all(self) -> None:
        assert sent([{"name": "a", "input_schema": CLOSED, "strict": True}])["strict_tools"] is True

    @pytest.mark.parametrize(
        "other",
        [
            {"name": "b", "input_schema": CLOSED},
            {"name": "b", "input_schema": {"type": "object", "properties": {}}, "strict": True},
            {"name": "b", "strict": True},
        ],
    )
    def test_not_all(self, other: dict[str, Any]) -> None:
        wish = request(tools=[{"name": "a", "input_schema": CLOSED, "strict": True}, other])
        assert "strict_tools" not in body(wish)
        assert "tools[0].strict" in losses(wish)
        assert ("tools[1].strict" in losses(wish)) == bool(other.get("strict"))


def test_the_servers_tools() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    assert losses(request(tools=[tool("a"), search])) == ["tools[1]"]
    assert sent([search], {"type": "tool", "name": "web_search"}) == {}
    with pytest.raises(Uncarriable, match=r"^tools\.0: "):
        sent([{"type": "code_execution_20250825", "name": "code_execution"}])


def test_a_forced_tool_that_is_not_there() -> None:
    with pytest.raises(InvalidRequest, match=r"^tool_choice\.name: "):
        sent([tool("a")], {"type": "tool", "name": "b"})
