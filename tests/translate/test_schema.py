"""Schemas of any shape, fitted to what providers take."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import UNSET, Raw

from ccproxy.translate.schema import is_strict, object_schema

STRING = {"type": "string"}
NUMBER = {"type": "number"}
EMPTY = {"type": "object", "properties": {}}


def raw(schema: Any) -> Raw:
    return Raw(msgspec.json.encode(schema))


def fitted(schema: Any, **rules: Any) -> tuple[Any, bool]:
    found, lost = object_schema(raw(schema), **rules)
    return (msgspec.json.decode(found) if isinstance(found, Raw) else found), lost


def test_what_fits_comes_back_unparsed() -> None:
    schema = Raw(b'{"type": "object",  "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}')
    assert object_schema(schema) == (schema, False)
    assert object_schema(schema)[0] is schema


def test_no_schema_at_all() -> None:
    found, lost = object_schema(UNSET)
    assert (msgspec.json.decode(found), lost) == (EMPTY, False)


@pytest.mark.parametrize(
    ("schema", "expected", "lost"),
    [
        # nothing is lost
        (None, EMPTY, False),
        (True, EMPTY, False),
        ({}, EMPTY, False),
        ({"type": "object"}, EMPTY, False),
        ({"type": ["object", "null"]}, EMPTY, False),
        ({"properties": {"a": STRING}}, {"type": "object", "properties": {"a": STRING}}, False),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"a": STRING}}}},
            {
                "type": "object",
                "properties": {"a": STRING},
                "$defs": {"A": {"type": "object", "properties": {"a": STRING}}},
            },
            False,
        ),
        (
            {"$ref": "#/definitions/a~1b", "definitions": {"a/b": {"$ref": "#/definitions/c"}, "c": {"title": "C"}}},
            {
                "type": "object",
                "properties": {},
                "title": "C",
                "definitions": {"a/b": {"$ref": "#/definitions/c"}, "c": {"title": "C"}},
            },
            False,
        ),
        (
            {
                "type": "object",
                "allOf": [{"properties": {"a": STRING}, "required": ["a"]}, {"properties": {"b": NUMBER}}],
            },
            {"type": "object", "properties": {"a": STRING, "b": NUMBER}, "required": ["a"]},
            False,
        ),
        (
            {"properties": {"a": STRING}, "allOf": [{"properties": {"a": {"minLength": 1}}, "description": "d"}]},
            {"type": "object", "properties": {"a": {"allOf": [STRING, {"minLength": 1}]}}, "description": "d"},
            False,
        ),
        (
            {"anyOf": [{"type": "object", "properties": {"a": STRING}, "required": ["a"]}]},
            {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
            False,
        ),
        # something is
        (False, EMPTY, True),
        ({"type": "string"}, {"type": "object", "properties": {}}, True),
        ({"type": ["string", "null"]}, EMPTY, True),
        ({"type": "object", "properties": 5}, EMPTY, True),
        ({"type": "object", "properties": {}, "not": {"required": ["a"]}}, EMPTY, True),
        ({"type": "object", "properties": {}, "if": {}, "then": {}, "else": {}}, EMPTY, True),
        ({"enum": [{"a": 1}]}, EMPTY, True),
        ({"const": {}}, EMPTY, True),
        ({"$ref": "https://x.test/schema"}, EMPTY, True),
        ({"$ref": "#/$defs/none"}, EMPTY, True),
        ({"$ref": 5}, EMPTY, True),
        ({"$ref": "#"}, EMPTY, True),
        ({"allOf": [{"minProperties": 1}, {"minProperties": 2}]}, {**EMPTY, "minProperties": 1}, True),
        ({"anyOf": 5}, EMPTY, False),
        (
            {"anyOf": [STRING, {"type": "object", "properties": {"a": STRING}}]},
            {"type": "object", "properties": {"a": STRING}},
            True,
        ),
        ({"anyOf": [STRING]}, EMPTY, True),
        (
            {
                "type": "object",
                "properties": {"a": STRING},
                "required": ["a"],
                "anyOf": [{"required": ["b"]}, {"required": ["c"]}],
            },
            {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
            True,
        ),
        (
            {
                "oneOf": [
                    {"properties": {"k": {"const": 1}, "a": STRING}, "required": ["k", "a"], "$defs": {"X": STRING}},
                    {"properties": {"k": {"const": 2}}, "required": ["k"]},
                    {"properties": {"k": {"const": 2}, "a": STRING}, "required": ["k"]},
                    {"properties": {"k": {"const": 3}}, "required": ["k"]},
                ]
            },
            {
                "type": "object",
                "properties": {"k": {"anyOf": [{"const": 1}, {"const": 2}, {"const": 3}]}, "a": STRING},
                "required": ["k"],
                "$defs": {"X": STRING},
            },
            True,
        ),
    ],
)
def test_an_object_at_the_root(schema: Any, expected: Any, lost: bool) -> None:
    assert fitted(schema) == (expected, lost)


def test_a_schema_that_refers_to_itself_ends() -> None:
    loop = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}
    assert fitted(loop)[1] is True
    many = {"anyOf": [{"$ref": "#/$defs/a"}] * 30}
    found, lost = fitted({**many, "$defs": {"a": many}})
    assert lost is True
    assert (found["type"], found["properties"]) == ("object", {})


def test_a_schema_nested_too_deep_is_lost() -> None:
    deep = b'{"items":' * 50_000 + b"{}" + b"}" * 50_000
    schema = Raw(b'{"type":"object","properties":{"a":' + deep + b"}}")
    found, lost = object_schema(schema, drops=("const",))
    assert (msgspec.json.decode(found), lost) == (EMPTY, True)
    assert is_strict(schema) is False


def test_keywords_that_a_provider_refuses_are_dropped_where_they_are_keywords() -> None:
    schema = {
        "$schema": "x",
        "type": "object",
        "properties": {
            "$schema": STRING,
            "n": {"type": "integer", "exclusiveMinimum": 0},
            "l": {"type": "array", "items": {"const": 1}, "prefixItems": [{"const": 2}]},
        },
        "$defs": {"A": {"const": 3}},
    }
    found, lost = fitted(schema, drops=("$schema", "exclusiveMinimum", "const"))
    assert lost is True
    assert found == {
        "type": "object",
        "properties": {
            "$schema": STRING,
            "n": {"type": "integer"},
            "l": {"type": "array", "items": {}, "prefixItems": [{}]},
        },
        "$defs": {"A": {}},
    }
    assert fitted({"$schema": "x", **EMPTY}, drops=("$schema",)) == (EMPTY, False)
    assert fitted({**EMPTY, "additionalProperties": False}, drops=("const",))[1] is False


def test_a_type_beside_a_union_moves_into_it() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "object", "anyOf": [{"required": ["x"]}, {"type": "string"}, {"$ref": "#/$defs/y"}, True]},
            "b": {"anyOf": [STRING]},
        },
    }
    found, lost = fitted(schema, type_beside_any_of=False)
    assert lost is False
    assert found["properties"] == {
        "a": {"anyOf": [{"required": ["x"], "type": "object"}, STRING, {"$ref": "#/$defs/y"}, True]},
        "b": {"anyOf": [STRING]},
    }


CLOSED = {"type": "object", "properties": {"a": STRING}, "required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        ({**CLOSED, "properties": {"a": {"anyOf": [STRING, {"type": "null"}]}}}, True),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": CLOSED}}}, True),
        ({**CLOSED, "required": []}, False),
        ({**CLOSED, "additionalProperties": True}, False),
        ({"type": "object"}, False),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": {"type": "object", "properties": {}}}}}, False),
        ({**CLOSED, "oneOf": []}, False),
        ({**CLOSED, "properties": {"a": True}}, False),
        ({**CLOSED, "properties": {"a": {"type": "string", "format": "date-time"}}}, True),
        ({**CLOSED, "properties": {"a": {"type": "string", "format": "uri"}}}, False),
        ({**CLOSED, "properties": {"a": {"type": "string", "format": 5}}}, False),
        ({**CLOSED, "properties": {"format": STRING}, "required": ["format"]}, True),
        (True, False),
    ],
)
def test_is_strict(schema: Any, strict: bool) -> None:
    assert is_strict(raw(schema)) is strict


def test_is_strict_of_something_broken() -> None:
    assert is_strict(Raw(b"{")) is False


@pytest.mark.parametrize("odd", [None, True, 1, "ab", [], {}, [1], [["a"]], {"a": 1}])
@pytest.mark.parametrize("keyword", ["properties", "required", "$defs", "type"])
@pytest.mark.parametrize("union", ["anyOf", "allOf"])
def test_a_keyword_of_a_wrong_type_counts_as_not_there(odd: Any, keyword: str, union: str) -> None:
    branch = {"properties": {"a": STRING}, "required": ["a"], "$defs": {"d": STRING}}
    for schema in ({union: [{**branch, keyword: odd}, branch]}, {keyword: odd, union: [branch]}):
        found, _ = fitted(schema)
        assert found["type"] == "object"
        assert isinstance(found["properties"], dict)


@pytest.mark.parametrize("odd", [1, "a", [1], [["a"]], None])
def test_a_schema_with_odd_required_is_not_strict(odd: Any) -> None:
    assert not is_strict(
        raw({"type": "object", "properties": {"a": {}}, "additionalProperties": False, "required": odd})
    )


def test_a_property_with_an_odd_union_is_one_choice_of_several() -> None:
    odd = {"anyOf": 1}
    found, _ = fitted({"anyOf": [{"properties": {"a": odd}}, {"properties": {"a": STRING}}]})
    assert found["properties"] == {"a": {"anyOf": [odd, STRING]}}
