"""JSON schemas in Gemini's older form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from ccproxy.translate.wire.gemini.fitted import fitted

STRING = {"type": "STRING"}


@pytest.mark.parametrize(
    ("schema", "expected", "lost"),
    [
        ({"type": "string"}, STRING, False),
        ({"type": "string", "description": "d", "title": "t"}, {**STRING, "description": "d", "title": "t"}, False),
        ({"type": "string", "minLength": 1, "pattern": "a"}, {**STRING, "minLength": 1, "pattern": "a"}, False),
        ({"type": "string", "format": "date-time"}, {**STRING, "format": "date-time"}, False),
        ({"type": "string", "format": "uri"}, STRING, True),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "INTEGER", "minimum": 1}, False),
        ({"type": "integer", "exclusiveMaximum": 10}, {"type": "INTEGER", "maximum": 9}, False),
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "NUMBER", "minimum": 0}, True),
        ({"type": "integer", "minimum": 5, "exclusiveMinimum": True}, {"type": "INTEGER", "minimum": 5}, True),
        ({"const": "a"}, {**STRING, "enum": ["a"]}, False),
        ({"enum": ["a", "b"]}, {**STRING, "enum": ["a", "b"]}, False),
        ({"type": "string", "enum": ["a", None]}, {**STRING, "enum": ["a"], "nullable": True}, False),
        ({"type": "integer", "enum": [1, 2]}, {"type": "INTEGER"}, True),
        ({"type": "number", "enum": [1, 2.5]}, {"type": "NUMBER"}, True),
        ({"type": "string", "enum": "a"}, STRING, False),
        ({"type": ["string", "null"]}, {**STRING, "nullable": True}, False),
        ({"type": "string", "nullable": True}, {**STRING, "nullable": True}, False),
        ({"type": ["string", "integer"]}, {"anyOf": [STRING, {"type": "INTEGER"}]}, False),
        ({"enum": ["a", 1]}, {"anyOf": [{**STRING, "enum": ["a"]}, {"type": "INTEGER"}]}, True),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {**STRING, "nullable": True}, False),
        (
            {"oneOf": [{"type": "string"}, {"type": "boolean"}], "description": "d"},
            {"anyOf": [{**STRING, "description": "d"}, {"type": "BOOLEAN", "description": "d"}]},
            False,
        ),
        (
            {"anyOf": [{"type": "string", "title": "t", "description": "one"}, {"type": "integer"}, {"type": "null"}],
             "description": "d"},
            {"anyOf": [{**STRING, "title": "t", "description": "d\none", "nullable": True},
                       {"type": "INTEGER", "description": "d", "nullable": True}]},
            False,
        ),
        ({"anyOf": [{"type": "null"}]}, {"nullable": True}, False),
        ({"anyOf": [{"type": "string"}], "oneOf": [{"type": "string"}]}, STRING, True),
        (
            {"type": "string", "anyOf": [{"minLength": 1}, {"pattern": "a"}]},
            {"anyOf": [{**STRING, "minLength": 1}, {**STRING, "pattern": "a"}]},
            False,
        ),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 2},
         {"type": "ARRAY", "items": STRING, "maxItems": 2}, False),
        ({"type": "array"}, {"type": "ARRAY", "items": STRING}, True),
        ({"items": {"type": "string"}}, {"type": "ARRAY", "items": STRING}, False),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, {"type": "ARRAY", "items": STRING}, True),
        ({"type": "array", "items": [{"type": "string"}]}, {"type": "ARRAY", "items": STRING}, True),
        ({"type": "array", "items": True}, {"type": "ARRAY", "items": STRING}, True),
        ({"type": "object", "properties": {}}, {"type": "OBJECT"}, False),
        ({"type": "object", "additionalProperties": False}, {"type": "OBJECT"}, False),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"type": "OBJECT"}, True),
        (
            {"properties": {"a": {"type": "string"}}, "required": ["a", "b"], "$schema": "x"},
            {"type": "OBJECT", "properties": {"a": STRING}, "required": ["a"]},
            False,
        ),
        ({"type": "object", "propertyNames": {"pattern": "a"}}, {"type": "OBJECT"}, True),
        ({"type": "string", "not": {"const": "a"}}, STRING, True),
        ({"type": "string", "if": {}, "then": {}}, STRING, True),
        ({"type": "tuple"}, STRING, True),
        ({}, STRING, True),
        ({"enum": [[1], {}, True, 1.5]},
         {"anyOf": [{"type": "ARRAY", "items": STRING}, {"type": "OBJECT"}, {"type": "BOOLEAN"}, {"type": "NUMBER"}]},
         True),
    ],
)  # fmt: skip
def test_a_schema_in_the_older_form(schema: Any, expected: Any, lost: bool) -> None:
    assert fitted(schema) == (expected, lost)
    assert fitted(Raw(json.dumps(schema).encode())) == (expected, lost)


def test_references_are_written_out() -> None:
    schema = {"$defs": {"a/b": {"type": "string", "description": "d"}}, "properties": {"x": {"$ref": "#/$defs/a~1b"}}}
    assert fitted(schema) == ({"type": "OBJECT", "properties": {"x": {**STRING, "description": "d"}}}, False)


def test_what_must_all_hold_becomes_one() -> None:
    schema = {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "string"}}, "required": ["b"]},
        ],
        "description": "d",
    }
    whole = {"type": "OBJECT", "description": "d", "properties": {"a": STRING, "b": STRING}, "required": ["a", "b"]}
    found, lost = fitted(schema)
    assert found | {"properties": dict(sorted(found["properties"].items()))} == whole
    assert lost is False


def test_what_contradicts_itself_is_lost() -> None:
    assert fitted({"allOf": [{"type": "string"}, {"type": "integer"}]}) == (STRING, True)


@pytest.mark.parametrize("reference", ["#/$defs/none", "other.json", 5, {}])
def test_a_reference_to_nowhere_is_lost(reference: Any) -> None:
    assert fitted({"type": "string", "$ref": reference}) == (STRING, True)


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}, "name": {"type": "string"}}}
    found, lost = fitted(schema)
    assert found["properties"]["next"]["properties"]["name"] == STRING
    assert lost is True
    assert len(json.dumps(found)) < 10_000


def test_a_tree_that_refers_to_itself_twice_stays_small() -> None:
    schema = {"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
    found, lost = fitted(schema)
    assert lost is True
    assert len(json.dumps(found)) < 100_000


@pytest.mark.parametrize("text", [b"true", b"[]", b"[" * 100_000, b'{"items":' * 500 + b"{}" + b"}" * 500])
def test_what_is_no_schema_becomes_an_open_object(text: bytes) -> None:
    assert fitted(Raw(text)) == ({"type": "OBJECT"}, True)


def test_branches_that_refer_to_the_whole_come_to_an_end() -> None:
    schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#"}}, True]}
    found, lost = fitted(schema)
    assert found["anyOf"][:1] == [STRING]
    assert lost is True


def test_many_definitions_that_refer_to_each_other_stay_small() -> None:
    names = [f"d{number}" for number in range(12)]
    everyone = {name: {"$ref": f"#/$defs/{name}"} for name in names}
    schema = {"$defs": {name: {"type": "object", "properties": everyone} for name in names}, "$ref": "#/$defs/d0"}
    found, lost = fitted(schema)
    assert found["type"] == "OBJECT"
    assert lost is True
    assert len(json.dumps(found)) < 500_000
