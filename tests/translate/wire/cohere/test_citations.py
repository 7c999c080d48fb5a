"""Citations, read back from the ids that documents were given."""

from __future__ import annotations

import json
from typing import Any

import anthropic.types as types
import pytest
from pydantic import TypeAdapter

from ccproxy.translate.wire.cohere import citations
from ccproxy.translate.wire.cohere.chunks import Source


def read(source: Source) -> dict[str, Any]:
    """The citation as the client gets it, which the SDK's own type accepts."""
    raw = citations.citation(source)
    assert raw is not None
    found: dict[str, Any] = json.loads(bytes(raw))
    TypeAdapter(types.TextCitation).validate_python(found)
    return found


def test_a_piece_of_a_text() -> None:
    assert read(Source(citations.text_id(2, 1500), document={"text": "so it is", "title": "T"})) == {
        "type": "char_location",
        "cited_text": "so it is",
        "document_index": 2,
        "document_title": "T",
        "start_char_index": 1500,
        "end_char_index": 1508,
        "file_id": None,
    }


def test_a_block_of_a_document() -> None:
    assert read(Source(citations.block_id(0, 4), document={"text": "so"})) == {
        "type": "content_block_location",
        "cited_text": "so",
        "document_index": 0,
        "document_title": None,
        "start_block_index": 4,
        "end_block_index": 5,
        "file_id": None,
    }


def test_a_block_of_a_search_result_in_a_tools_result() -> None:
    about = {"text": "so", "title": "T", "url": "https://a.test"}
    assert read(Source(citations.result_id(1, 0), tool_output=about)) == {
        "type": "search_result_location",
        "cited_text": "so",
        "search_result_index": 1,
        "source": "https://a.test",
        "title": "T",
        "start_block_index": 0,
        "end_block_index": 1,
    }


@pytest.mark.parametrize("about", [None, {}, {"text": 5, "title": 5, "url": []}])
def test_a_source_without_its_text(about: Any) -> None:
    assert read(Source("result.0.b0", document=about))["cited_text"] == ""


@pytest.mark.parametrize(
    "id",
    [
        None,
        "",
        "doc:0",
        "look_1:0",
        "document",
        "document.1",
        "document.x.1",
        "document.1.x",
        "document.1.bb1",
        "other.1.1",
        "document.-1.1",
        "document.1.99999999999",
        "document.1.\u00b2",
    ],
)
def test_what_the_client_did_not_give_to_be_cited(id: str | None) -> None:
    assert citations.citation(Source(id, document={"text": "x"})) is None
