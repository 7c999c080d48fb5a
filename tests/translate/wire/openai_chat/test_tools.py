"""Tools and tool choice, as dialects of each kind get them."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest, Uncarriable

from .requests import assistant, body, encoded, losses, request, result, tool, use, user

LONG = "mcp__" + "a" * 100


def sent(tools: list[Any], choice: Any = None, **about: Any) -> dict[str, Any]:
    return body(request(tools=tools, tool_choice=choice), **about)


def test_a_tool_of_the_clients_own() -> None:
    schema = {"$schema": "x", "type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    assert sent([{"name": "Grep", "description": "finds", "input_schema": schema, "type": "custom"}])["tools"] == [
        {"type": "function", "function": {"name": "Grep", "description": "finds", "parameters": schema}}
    ]


@pytest.mark.parametrize("given", [None, []])
def test_no_tools_no_field(given: Any) -> None:
    assert (
        not {"tools", "tool_choice", "parallel_tool_calls"}
        & body(request(tools=given, tool_choice={"type": "auto"})).keys()
    )


def test_a_tool_without_schema_or_description() -> None:
    function = sent([{"name": "ping"}])["tools"][0]["function"]
    assert function == {"name": "ping", "parameters": {"type": "object", "properties": {}}}


def test_anthropic_defined_client_tools_are_written_out() -> None:
    wish = request(tools=[{"type": "bash_20250124", "name": "bash", "cache_control": {"type": "ephemeral"}}])
    function = body(wish)["tools"][0]["function"]
    assert function["name"] == "bash"
    assert function["description"]
    assert "command" in function["parameters"]["properties"]
    assert losses(wish) == ["tools[0].cache_control"]


@pytest.mark.parametrize(
    "given",
    [
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
        {"type": "web_fetch_20250910", "name": "web_fetch"},
        {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"},
        {"type": "mcp_toolset", "mcp_server_name": "x"},
        {"type": "computer_toolset_20260801", "name": "computer"},
        {"type": "something_new", "name": "x"},
        {"name": "DeferredToolPlaceholder", "input_schema": {"type": "object"}, "defer_loading": True},
    ],
)
def test_tools_without_counterpart_are_left_out_and_reported(given: dict[str, Any]) -> None:
    wish = request(tools=[tool("a"), given])
    assert [one["function"]["name"] for one in body(wish)["tools"]] == ["a"]
    assert losses(wish) == ["tools[1]"]
    alone = request(tools=[given], tool_choice={"type": "auto"})
    assert not {"tools", "tool_choice"} & body(alone).keys()


def test_code_execution_is_refused() -> None:
    with pytest.raises(Uncarriable, match=r"^tools\.1: "):
        sent([tool(), {"type": "code_execution_20250825", "name": "code_execution"}])


def test_a_tool_needs_a_name() -> None:
    with pytest.raises(InvalidRequest, match=r"^tools\.0\.name"):
        sent([{"input_schema": {}}])


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"cache_control": {"type": "ephemeral"}}, ["cache_control"]),
        ({"cache_control": None, "defer_loading": False, "eager_input_streaming": False, "strict": False}, []),
        ({"defer_loading": True, "eager_input_streaming": True}, ["defer_loading", "eager_input_streaming"]),
        ({"allowed_callers": ["direct"]}, []),
        ({"allowed_callers": ["direct", "code_execution_20260120"]}, ["allowed_callers"]),
        ({"strict": True}, ["strict"]),
        ({"input_schema": {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}}, ["input_schema"]),
    ],
)
def test_what_a_tool_loses(more: dict[str, Any], expected: list[str]) -> None:
    assert losses(request(tools=[{**tool(), **more}])) == [f"tools[0].{name}" for name in expected]


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"type": "object", "properties": {}, "additionalProperties": False}, True),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}, False),
    ],
)
def test_strict_where_the_client_asks_and_the_schema_qualifies(schema: dict[str, Any], strict: bool) -> None:
    wish = request(tools=[tool(strict=True, input_schema=schema)])
    assert body(wish, strict_tools=True)["tools"][0]["function"].get("strict", False) is strict
    assert losses(wish, strict_tools=True) == ([] if strict else ["tools[0].strict"])


def test_examples_are_told_in_the_description() -> None:
    examples = sent([tool(description="finds", input_examples=[{"a": 1}])])["tools"][0]["function"]["description"]
    assert examples.startswith("finds\n\nExamples of its input: ")
    assert sent([tool(input_examples=[{"a": 1}])])["tools"][0]["function"]["description"].startswith("Examples")


def test_a_description_over_the_limit_is_cut_and_reported() -> None:
    wish = request(tools=[tool(description="x" * 2000)])
    assert len(body(wish, description_limit=1024)["tools"][0]["function"]["description"]) == 1024
    assert losses(wish, description_limit=1024) == ["tools[0].description"]
    assert losses(wish, description_limit=2000) == []


def test_names_are_mapped_everywhere_and_back() -> None:
    wish = request(
        [user("a"), assistant(use("t1", LONG)), user(result())],
        tools=[tool(LONG)],
        tool_choice={"type": "tool", "name": LONG},
    )
    upstream = encoded(wish)
    (legal,) = upstream.names
    assert upstream.names == {legal: LONG}
    out = body(wish)
    assert out["tools"][0]["function"]["name"] == legal
    assert out["tool_choice"]["function"]["name"] == legal
    assert out["messages"][1]["tool_calls"][0]["function"]["name"] == legal


def test_a_provider_without_tools() -> None:
    wish = request(tools=[tool()], tool_choice={"type": "auto"})
    assert not {"tools", "tool_choice"} & body(wish, tools=False).keys()
    assert losses(wish, tools=False) == ["tools"]


NAMED = {"type": "function", "function": {"name": "b"}}


@pytest.mark.parametrize(
    ("choice", "flags", "expected", "names", "lost"),
    [
        ({"type": "auto"}, {}, "auto", "ab", []),
        ({"type": "any"}, {}, "required", "ab", []),
        ({"type": "any"}, {"choice_required": "any"}, "any", "ab", []),
        ({"type": "any"}, {"choice_required": ""}, "auto", "ab", ["tool_choice"]),
        ({"type": "none"}, {}, "none", "ab", []),
        ({"type": "none"}, {"choice_none": False}, None, "", []),
        ({"type": "tool", "name": "b"}, {}, NAMED, "ab", []),
        ({"type": "tool", "name": "b"}, {"choice_named": False}, "required", "b", []),
        ({"type": "tool", "name": "b"}, {"choice_named": False, "choice_required": ""}, "auto", "ab", ["tool_choice"]),
        (None, {}, None, "ab", []),
    ],
)
def test_tool_choice(choice: Any, flags: dict[str, Any], expected: Any, names: str, lost: list[str]) -> None:
    wish = request(tools=[tool("a"), tool("b")], tool_choice=choice)
    out = body(wish, **flags)
    assert out.get("tool_choice") == expected
    assert "".join(one["function"]["name"] for one in out.get("tools", [])) == names
    assert losses(wish, **flags) == lost


@pytest.mark.parametrize(
    ("flags", "expected", "lost"),
    [({"parallel_tool_calls": True}, False, []), ({}, None, ["tool_choice.disable_parallel_tool_use"])],
)
def test_one_call_at_a_time(flags: dict[str, Any], expected: bool | None, lost: list[str]) -> None:
    wish = request(tools=[tool()], tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert body(wish, **flags).get("parallel_tool_calls") is expected
    assert losses(wish, **flags) == lost


def test_a_choice_of_any_tool_where_none_is_left() -> None:
    wish = request(tools=[{"type": "web_search_20250305", "name": "web_search"}], tool_choice={"type": "any"})
    assert losses(wish) == ["tools[0]", "tool_choice"]


@pytest.mark.parametrize(
    ("name", "error", "word"),
    [
        ("web_search", Uncarriable, "'web_search' cannot be given"),
        ("other", InvalidRequest, "no tool 'other'"),
        (None, InvalidRequest, "is required"),
    ],
)
def test_a_choice_of_a_tool_that_does_not_go_out(name: str | None, error: type[Exception], word: str) -> None:
    tools = [tool(), {"type": "web_search_20250305", "name": "web_search"}]
    with pytest.raises(error, match=r"^tool_choice\.name: .*" + word):
        sent(tools, {"type": "tool", "name": name})
