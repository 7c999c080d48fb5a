"""Searches as blocks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.messages import ServerToolUseBlock, WebSearchToolResultBlock
from ccproxy.translate.searches import Page
from ccproxy.translate.wire.openai_responses.items import Annotation, Item
from ccproxy.translate.wire.openai_responses.searched import Searches, is_search, page_of


def query(**fields: Any) -> str:
    block = Searches().told(Item(type="web_search_call", **fields), "srvtoolu_1")[0]
    assert isinstance(block, ServerToolUseBlock)
    found = json.loads(bytes(block.input))["query"]
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"action": {"type": "search", "query": "a", "queries": ["a", "b"]}}, "a"),
        ({"action": {"type": "search", "queries": ["a", "b", "ws_call_id=1"]}}, "a; b"),
        ({"action": {"type": "open_page", "url": "https://a.example/#ws_call_id=1"}}, "https://a.example/"),
        ({"action": {"type": "find_in_page", "pattern": "p", "url": "https://a.example/#x"}}, "p https://a.example/#x"),
        ({"arguments": '{"query":"a"}'}, "a"),
        ({"input": '{"post_id":"1"}'}, '{"post_id":"1"}'),
        ({}, ""),
    ],
)
def test_what_was_searched_for(fields: dict[str, Any], wanted: str) -> None:
    assert query(**fields) == wanted


@pytest.mark.parametrize(
    "fields",
    [
        {"action": {"type": "open_page", "url": "https://a.example/"}},
        {"name": "browse_page", "arguments": '{"url":"https://a.example/"}'},
    ],
)
def test_a_page_that_was_read_is_no_search_and_is_what_was_found(fields: dict[str, Any]) -> None:
    searches = Searches()
    _, result = searches.told(Item(type="web_search_call", **fields), "srvtoolu_1")
    assert isinstance(result, WebSearchToolResultBlock)
    assert [page["url"] for page in json.loads(bytes(result.content))] == ["https://a.example/"]
    assert (searches.count, searches.rest()) == (0, [])


def test_a_search_that_failed() -> None:
    searches = Searches()
    _, result = searches.told(Item(type="web_search_call", status="failed"), "srvtoolu_1")
    assert isinstance(result, WebSearchToolResultBlock)
    assert json.loads(bytes(result.content))["error_code"] == "unavailable"
    assert (searches.count, searches.rest()) == (1, [])


@pytest.mark.parametrize(
    ("note", "wanted"),
    [
        (Annotation("url_citation", "https://a.example/", "A"), Page("https://a.example/", "A")),
        (Annotation("url_citation", "https://a.example/#ws_call_id=3", "1"), Page("https://a.example/", "")),
        (Annotation("file_citation"), None),
    ],
)
def test_pages(note: Annotation, wanted: Page | None) -> None:
    assert page_of(note) == wanted


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        (Item(type="web_search_call"), True),
        (Item(type="x_search_call"), True),
        (Item(type="custom_tool_call", name="x_keyword_search"), True),
        (Item(type="custom_tool_call", name="write_sql"), False),
        (Item(type="custom_tool_call"), False),
        (Item(type="function_call", name="x_search"), False),
    ],
)
def test_which_items_are_searches(item: Item, wanted: bool) -> None:
    assert is_search(item) is wanted
