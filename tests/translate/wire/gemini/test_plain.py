"""JSON schemas as current Gemini models take them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from ccproxy.translate.wire.gemini.plain import plain

A = {"type": "string", "description": "an a"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": "a"}, {"enum": ["a"]}),
        ({"const": ["a"]}, {"const": ["a"]}),
        ({"anyOf": [{"const": 1}, {"const": None}]}, {"anyOf": [{"enum": [1]}, {"enum": [None]}]}),
        ({"properties": {"const": {"const": 1}}}, {"properties": {"const": {"enum": [1]}}}),
        ({"const": 1, "enum": [1, 2]}, {"enum": [1]}),
        ({"default": {"const": 1}, "$ref": "#/$defs/a", "$defs": {"a": A}}, {**A, "default": {"const": 1}}),
        (
            {"properties": {"x": {"$ref": "#/definitions/a", "description": "mine"}}, "definitions": {"a": A}},
            {"properties": {"x": {"type": "string", "description": "mine"}}},
        ),
        (
            {"items": {"$ref": "#/$defs/b"}, "$defs": {"a": A, "b": {"$ref": "#/$defs/a"}}},
            {"items": A},
        ),
        (
            {"properties": {"x": {"$ref": "#/properties/y/items"}, "y": {"items": A}}},
            {"properties": {"x": A, "y": {"items": A}}},
        ),
        (
            {"items": {"$ref": "#/$defs/a~1b"}, "$defs": {"a/b": A}, "additionalProperties": False},
            {"items": A, "additionalProperties": False},
        ),
    ],
)
def test_a_schema_in_words_that_gemini_knows(schema: Any, expected: Any) -> None:
    found = plain(Raw(json.dumps(schema).encode()))
    assert {key: value for key, value in found.items() if key != "$defs"} == expected
    assert plain(schema) == found


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"next": {"$ref": "#"}}},
        {"items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}, "b": A}},
        {"items": {"$ref": "#/$defs/none"}},
        {"items": {"$ref": "https://example.com/schema"}},
        {"items": {"$ref": 5}},
    ],
)
def test_what_cannot_be_written_out_keeps_its_references(schema: Any) -> None:
    assert plain(schema) == schema
    constant = {**schema, "title": "t", "not": {"const": 1}}
    assert plain(constant) == {**schema, "title": "t", "not": {"enum": [1]}}


def test_many_definitions_that_refer_to_each_other_keep_theirs() -> None:
    names = [f"d{number}" for number in range(14)]
    definitions = {
        name: {"anyOf": [{"$ref": f"#/$defs/{other}"} for other in names[at + 1 :]]} for at, name in enumerate(names)
    }
    schema = {"$defs": definitions, "items": {"$ref": "#/$defs/d0"}}
    assert plain(schema) == schema


def test_text_that_needs_no_change_is_not_even_parsed() -> None:
    text = Raw(b'{"type": "object", "properties": {"a": {"type": "string"}}}')
    assert plain(text) is text
