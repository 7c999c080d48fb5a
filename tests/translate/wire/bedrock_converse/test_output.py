"""Structured output, as a format or in words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.bedrock_converse.requests import CLAUDE, NOVA, body, losses, request

SCHEMA = '{"type":"object","properties":{"a":{"type":"string"}}}'
FORMAT = {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}


@pytest.mark.parametrize(("name", "sent"), [(None, "answer"), ("A b", "A_b"), ("x" * 80, "x" * 64)])
@pytest.mark.parametrize("old", [False, True])
def test_a_format(name: str | None, sent: str, old: bool) -> None:
    format = FORMAT | ({"name": name} if name else {})
    wish = request(output_format=format) if old else request(output_config={"format": format})
    output = body(wish)["outputConfig"]["textFormat"]
    assert output["type"] == "json_schema"
    schema = output["structure"]["jsonSchema"]
    assert (schema["name"], schema["schema"].replace(" ", "")) == (sent, SCHEMA)
    assert losses(wish) == []


def test_words() -> None:
    wish = request(output_config={"format": FORMAT}, system="Be kind.")
    prompt = body(wish, NOVA)["system"]
    assert prompt[0] == {"text": "Be kind."}
    assert SCHEMA in prompt[1]["text"].replace(" ", "")
    assert "outputConfig" not in body(wish, NOVA)
    assert losses(wish, NOVA) == ["output_config.format"]


@pytest.mark.parametrize("format", [{"type": "grammar"}, {"type": "json_schema"}])
def test_formats_that_are_not_known(format: dict[str, Any]) -> None:
    wish = request(output_config={"format": format})
    assert "outputConfig" not in body(wish, CLAUDE)
    assert losses(wish, CLAUDE) == ["output_config.format"]
