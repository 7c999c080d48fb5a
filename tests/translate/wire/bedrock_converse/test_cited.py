"""Citations, by where the words are from."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ccproxy.translate.wire.bedrock_converse.chunks import Citation
from ccproxy.translate.wire.bedrock_converse.cited import citation, page

SPAN = {"documentIndex": 1, "start": 3, "end": 9}
ABOUT = {"cited_text": "words", "document_index": 1, "document_title": "facts", "file_id": None}


def told(location: Any, **more: Any) -> Citation:
    fields = {"title": "facts", "sourceContent": [{"text": "wor"}, {"text": "ds"}], "location": location, **more}
    return msgspec.convert(fields, Citation)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ({"documentChar": SPAN}, {"type": "char_location", **ABOUT, "start_char_index": 3, "end_char_index": 9}),
        ({"documentPage": SPAN}, {"type": "page_location", **ABOUT, "start_page_number": 3, "end_page_number": 9}),
        (
            {"documentChunk": SPAN},
            {"type": "content_block_location", **ABOUT, "start_block_index": 3, "end_block_index": 9},
        ),
        (
            {"searchResultLocation": {"searchResultIndex": 2, "start": 0, "end": 1}},
            {
                "type": "search_result_location",
                "cited_text": "words",
                "source": "",
                "title": "facts",
                "search_result_index": 2,
                "start_block_index": 0,
                "end_block_index": 1,
            },
        ),
    ],
)
def test_places(location: dict[str, Any], expected: dict[str, Any]) -> None:
    raw = citation(told(location))
    assert raw is not None
    assert json.loads(bytes(raw)) == expected
    assert page(told(location)) is None


def test_a_web_page() -> None:
    web = told({"web": {"url": "https://example.com/a", "domain": "example.com"}}, title=None)
    found = page(web)
    assert found is not None
    assert (found.url, found.title) == ("https://example.com/a", "example.com")
    raw = citation(web)
    assert raw is not None
    fields = json.loads(bytes(raw))
    assert (fields["type"], fields["url"], fields["cited_text"]) == (
        "web_search_result_location",
        "https://example.com/a",
        "words",
    )


@pytest.mark.parametrize("location", [None, {}, {"web": {"domain": "example.com"}}])
def test_no_place(location: Any) -> None:
    assert citation(told(location)) is None
    assert page(told(location)) is None
