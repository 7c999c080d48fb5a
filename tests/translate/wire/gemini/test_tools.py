"""Tools and tool choice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from ccproxy.errors import InvalidRequest, Uncarriable
from ccproxy.translate.target import UpstreamRequest
from tests.translate.wire.gemini.requests import NEW, OLD, body, encoded, losses
from tests.translate.wire.openai_chat.requests import request, tool

SEARCH = {"type": "web_search_20250305", "name": "web_search"}
FETCH = {"type": "web_fetch_20250910", "name": "web_fetch"}
CODE = {"type": "code_execution_20250825", "name": "code_execution"}
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"n": {"type": "integer", "exclusiveMinimum": 0}, "s": {"type": ["string", "null"]}},
    "additionalProperties": False,
}


def declared(*tools: dict[str, Any], model: str = OLD, **options: Any) -> list[dict[str, Any]]:
    return body(request(tools=list(tools)), model, **options)["tools"][0]["functionDeclarations"]


def test_json_schemas_go_as_they_are() -> None:
    assert declared(tool(description="looks", input_schema=SCHEMA)) == [
        {"name": "look", "description": "looks", "parametersJsonSchema": SCHEMA}
    ]


def test_schemas_are_put_in_words_that_gemini_knows() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"const": 1}}}
    (one,) = declared(tool(input_schema=schema))
    assert one["parametersJsonSchema"] == {"type": "object", "properties": {"a": {"enum": [1]}}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {}},
        {"type": "object"},
        {"type": "object", "properties": {}, "additionalProperties": False, "$schema": "x", "required": []},
    ],
)
def test_a_function_without_parameters_has_no_schema(schema: dict[str, Any]) -> None:
    assert declared(tool(input_schema=schema)) == [{"name": "look"}]


def test_an_open_object_keeps_its_schema() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": {"type": "string"}}
    assert declared(tool(input_schema=schema)) == [{"name": "look", "parametersJsonSchema": schema}]


def test_the_root_is_an_object_and_what_that_costs_is_reported() -> None:
    wish = request(tools=[tool(), tool("pick", input_schema={"anyOf": [{"type": "string"}, {"type": "object"}]})])
    assert losses(wish, OLD) == ["tools[1].input_schema"]


def test_an_option_asks_for_the_older_form() -> None:
    (one,) = declared(tool(input_schema=SCHEMA), tool_json_schema=False)
    assert one["parameters"] == {
        "type": "OBJECT",
        "properties": {"n": {"type": "INTEGER", "minimum": 1}, "s": {"type": "STRING", "nullable": True}},
    }
    schema = {"type": "object", "properties": {"u": {"type": "string", "format": "uri"}}}
    assert losses(request(tools=[tool(input_schema=schema)]), OLD, tool_json_schema=False) == ["tools[0].input_schema"]


@pytest.mark.parametrize("depth", [330, 700])
def test_a_schema_that_is_nested_too_deep_is_lost(depth: int) -> None:
    wish = request(tools=[tool()])
    deep = b'{"type":"object","properties":{"a":' * depth + b'{"const":1}' + b"}}" * depth
    assert wish.tools is not None
    wish.tools[0].input_schema = Raw(deep)

    def far_down(calls: int) -> UpstreamRequest:
        return far_down(calls - 1) if calls else encoded(wish, OLD)

    found = far_down(100)
    assert json.loads(found.body)["tools"] == [{"functionDeclarations": [{"name": "look"}]}]
    assert found.losses == ("tools[0].input_schema",)


def test_tools_that_anthropic_defines_have_their_schema() -> None:
    (one,) = declared({"type": "bash_20250124", "name": "bash"})
    assert "command" in one["parametersJsonSchema"]["properties"]


def test_long_names_are_shortened_the_same_everywhere() -> None:
    name = "mcp__" + "x" * 90
    wish = request(tools=[tool(name)], tool_choice={"type": "tool", "name": name})
    sent = body(wish, OLD)
    (one,) = sent["tools"][0]["functionDeclarations"]
    assert len(one["name"]) <= 64
    assert sent["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == [one["name"]]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, {"mode": "AUTO"}),
        ({"type": "any"}, {"mode": "ANY"}),
        ({"type": "none"}, {"mode": "NONE"}),
        ({"type": "tool", "name": "look"}, {"mode": "ANY", "allowedFunctionNames": ["look"]}),
    ],
)
def test_tool_choice(choice: dict[str, Any], expected: dict[str, Any]) -> None:
    assert body(request(tools=[tool()], tool_choice=choice))["toolConfig"] == {"functionCallingConfig": expected}


@pytest.mark.parametrize(
    ("tools", "choice", "lost"),
    [
        ([tool(strict=True, cache_control={"type": "ephemeral"})], None, ["tools[0].strict", "tools[0].cache_control"]),
        ([tool()], {"type": "auto", "disable_parallel_tool_use": True}, ["tool_choice.disable_parallel_tool_use"]),
        ([], {"type": "any"}, ["tool_choice"]),
        ([], {"type": "auto"}, []),
        ([SEARCH], {"type": "tool", "name": "web_search"}, ["tool_choice"]),
        ([SEARCH, tool()], {"type": "tool", "name": "web_search"}, ["tool_choice"]),
    ],
)
def test_what_has_no_counterpart_is_reported(tools: Any, choice: Any, lost: list[str]) -> None:
    assert losses(request(tools=tools, **({"tool_choice": choice} if choice else {}))) == lost


def test_a_forced_tool_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"^tool_choice\.name: there is no tool 'other'"):
        body(request(tools=[tool()], tool_choice={"type": "tool", "name": "other"}))


@pytest.mark.parametrize(
    ("tools", "model", "kind", "expected", "lost"),
    [
        ([SEARCH], OLD, "gemini", [{"googleSearch": {}}], []),
        ([SEARCH], "gemini-2.0-flash", "vertex", [{"googleSearch": {}}], []),
        ([SEARCH, FETCH, CODE], OLD, "gemini", [{"googleSearch": {}}, {"urlContext": {}}, {"codeExecution": {}}], []),
        ([FETCH], "gemini-2.0-flash", "gemini", None, ["tools[0]"]),
        ([SEARCH], "gemini-1.5-pro", "gemini", None, ["tools[0]"]),
        (
            [{**SEARCH, "blocked_domains": ["a.b"]}],
            OLD,
            "vertex",
            [{"googleSearch": {"excludeDomains": ["a.b"]}}],
            [],
        ),
        ([{**SEARCH, "blocked_domains": ["a.b"]}], OLD, "gemini", [{"googleSearch": {}}], ["tools[0].blocked_domains"]),
        (
            [{**SEARCH, "allowed_domains": ["a.b"], "max_uses": 5, "user_location": {"type": "approximate"},
              "allowed_callers": ["code_execution_20260120"]}],
            OLD,
            "gemini",
            [{"googleSearch": {}}],
            ["tools[0].allowed_domains", "tools[0].max_uses", "tools[0].user_location", "tools[0].allowed_callers"],
        ),
        ([{**SEARCH, "allowed_callers": ["direct"]}], OLD, "gemini", [{"googleSearch": {}}], []),
    ],
)  # fmt: skip
def test_googles_own_tools(tools: Any, model: str, kind: str, expected: Any, lost: list[str]) -> None:
    wish = request(tools=tools)
    assert body(wish, model, kind).get("tools") == expected
    assert losses(wish, model, kind) == lost


def test_newer_models_take_them_beside_functions() -> None:
    sent = body(request(tools=[SEARCH, tool()]), NEW)
    assert sent["tools"] == [{"functionDeclarations": [{"name": "look"}]}, {"googleSearch": {}}]
    assert sent["toolConfig"] == {"includeServerSideToolInvocations": True}


def test_on_vertex_they_must_not_be_asked_for() -> None:
    sent = body(request(tools=[SEARCH, tool()]), NEW, "vertex")
    assert sent["tools"] == [{"functionDeclarations": [{"name": "look"}]}, {"googleSearch": {}}]
    assert "toolConfig" not in sent


@pytest.mark.parametrize(("model", "kind"), [(OLD, "gemini"), (OLD, "vertex")])
def test_where_they_cannot_stand_beside_functions_they_are_reported(model: str, kind: str) -> None:
    wish = request(tools=[SEARCH, tool()])
    assert body(wish, model, kind)["tools"] == [{"functionDeclarations": [{"name": "look"}]}]
    assert losses(wish, model, kind) == ["tools[0]"]
    with pytest.raises(Uncarriable, match=r"^tools\.1: "):
        body(request(tools=[tool(), CODE]), model, kind)
