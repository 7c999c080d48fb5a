from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.openai_chat.requests import request

from .requests import body, losses

STRICT = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
LOOSE = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(("schema", "strict"), [(STRICT, True), (LOOSE, False)])
@pytest.mark.parametrize("field", ["output_config", "output_format"])
def test_a_schema(schema: dict[str, Any], strict: bool, field: str) -> None:
    wish = {"type": "json_schema", "schema": schema}
    out = body(request(**{field: {"format": wish} if field == "output_config" else wish}))
    assert out["text"] == {"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": strict}}


def test_a_name_is_fitted() -> None:
    wish = {"type": "json_schema", "schema": LOOSE, "name": "my schema" + "x" * 99}
    name = body(request(output_config={"format": wish}))["text"]["format"]["name"]
    assert name.startswith("my_schema")
    assert len(name) == 64


@pytest.mark.parametrize(
    ("flags", "text", "lost"),
    [
        ({"json_schema": False}, {"format": {"type": "json_object"}}, []),
        ({"json_schema": False, "json_object": False}, None, ["output_config.format"]),
    ],
)
def test_a_schema_in_words(flags: dict[str, Any], text: Any, lost: list[str]) -> None:
    wish = request(system="Be kind.", output_config={"format": {"type": "json_schema", "schema": LOOSE}})
    out = body(wish, **flags)
    assert out.get("text") == text
    assert out["instructions"].startswith("Be kind.\n\nAnswer with one JSON value")
    assert '"properties"' in out["instructions"]
    assert losses(wish, **flags) == lost


@pytest.mark.parametrize("wish", [{"type": "json_schema"}, {"type": "grammar", "schema": LOOSE}])
def test_another_format_is_reported(wish: dict[str, Any]) -> None:
    assert losses(request(output_config={"format": wish})) == ["output_config.format"]
    assert "text" not in body(request(output_config={"format": wish}))
