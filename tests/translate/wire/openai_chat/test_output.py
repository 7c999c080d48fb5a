from __future__ import annotations

from typing import Any

import pytest

from .requests import body, losses, request, tool

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
LOOSE = {"type": "object", "properties": {"a": {"type": "string"}}}
WORDS = "Answer with one JSON value and nothing else"


def wish(schema: dict[str, Any] = SCHEMA, **more: Any) -> Any:
    return request(output_config={"format": {"type": "json_schema", "schema": schema}}, **more)


@pytest.mark.parametrize(("schema", "strict"), [(SCHEMA, True), (LOOSE, False)])
def test_a_schema_as_response_format(schema: dict[str, Any], strict: bool) -> None:
    assert body(wish(schema))["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema, "strict": strict},
    }
    assert losses(wish(schema)) == []


def test_the_legacy_field_and_a_name() -> None:
    given = request(output_format={"type": "json_schema", "schema": SCHEMA, "name": "my answer"})
    assert body(given)["response_format"]["json_schema"]["name"] == "my_answer"
    assert losses(request(output_format={"type": "text"})) == ["output_format"]


@pytest.mark.parametrize(
    ("flags", "tools", "form", "lost"),
    [
        ({"json_schema": False}, [], {"type": "json_object"}, []),
        ({"json_schema": False, "json_object": False}, [], None, ["output_config.format"]),
        ({"format_with_tools": False}, [tool()], None, ["output_config.format"]),
    ],
)
def test_the_schema_in_words(flags: dict[str, Any], tools: list[Any], form: Any, lost: list[str]) -> None:
    given = wish(system="be brief", tools=tools)
    out = body(given, **flags)
    assert out.get("response_format") == form
    assert out["messages"][0]["content"].startswith(f"be brief\n\n{WORDS}")
    assert '"additionalProperties"' in out["messages"][0]["content"]
    assert losses(given, **flags) == lost


def test_a_format_beside_tools_only_matters_where_tools_go_out() -> None:
    assert "response_format" in body(wish(), format_with_tools=False)


@pytest.mark.parametrize("given", [{"type": "grammar"}, {"type": "json_schema"}])
def test_formats_that_nobody_knows(given: dict[str, Any]) -> None:
    asked = request(output_config={"format": given})
    assert "response_format" not in body(asked)
    assert losses(asked) == ["output_config.format"]
