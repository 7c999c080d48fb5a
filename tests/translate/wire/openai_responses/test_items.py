"""Items and responses as they are read."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.wire.openai_responses.items import (
    Action,
    Item,
    action,
    object_of,
    parts,
    read,
    text_of,
    thoughts,
)


def test_a_body_is_read_with_patience() -> None:
    body = b'{"status":5,"output":[{"type":"message","id":7,"content":"a"},3],"usage":{"input_tokens":"many"}}'
    found = read(body)
    assert found.output is not None
    assert [(item.type, item.id, item.content) for item in found.output] == [("message", None, "a"), ("", None, None)]
    assert found.status is None


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b"null", b'"text"'])
def test_what_is_no_response(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        read(body)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (None, []),
        (7, []),
        ("text", ["text"]),
        (["a", {"type": "refusal", "refusal": "b"}, {"transcript": "c"}, 3, {"text": 4}], ["a", "b", "c", "", ""]),
    ],
)
def test_parts(content: Any, wanted: list[str]) -> None:
    assert [part.words for part in parts(content)] == wanted


def test_thoughts_stand_apart() -> None:
    assert thoughts([{"text": "a"}, {"text": ""}, {"text": "b"}]) == "a\n\nb"


@pytest.mark.parametrize(("json", "wanted"), [("x", "x"), (None, ""), ({"a": [1]}, '{"a":[1]}')])
def test_texts_of_json(json: Any, wanted: str) -> None:
    assert text_of(json) == wanted


def test_values_of_json() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert [object_of(one) for one in ('{"a":1}', "a", {"b": 2}, None, deep)] == [{"a": 1}, "a", {"b": 2}, None, deep]


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        (Item(action={"type": "open_page", "url": "u"}), Action("open_page", url="u")),
        (Item(arguments='{"query":"q","num_results":5}'), Action(query="q")),
        (Item(input='{"query":"q"}'), Action(query="q")),
        (Item(action={"query": 5, "queries": ["a"]}), Action(queries=["a"])),
        (Item(arguments="q"), Action()),
        (Item(), Action()),
    ],
)
def test_what_a_search_did(item: Item, wanted: Action) -> None:
    assert action(item) == wanted
