"""Documents and search results as text, and paths of blocks."""

from __future__ import annotations

import base64

import pytest

from ccproxy.errors import Uncarriable
from ccproxy.translate.messages import DocumentBlock, SearchResultBlock, TextBlock, TextSource
from ccproxy.translate.passages import bracketed, decoded, document, dotted, heading, search_result, visible


def test_paths() -> None:
    assert dotted((3, 1)) == "messages.3.content.1"
    assert bracketed((3, 1, 0)) == "messages[3].content[1].content[0]"


@pytest.mark.parametrize(("text", "seen"), [("", False), (" \n\t", False), ("a", True), (" a ", True)])
def test_visible(text: str, seen: bool) -> None:
    assert visible(text) is seen


@pytest.mark.parametrize(
    ("title", "context", "head"),
    [
        (None, None, ""),
        ("T", None, "<title>T</title>\n"),
        ("T", "C", "<title>T</title>\n<context>C</context>\n"),
        (None, "C", "<context>C</context>\n"),
    ],
)
def test_a_document_has_its_head(title: str | None, context: str | None, head: str) -> None:
    block = DocumentBlock(TextSource("x"), title=title, context=context)
    assert heading(block) == head
    assert document(block, "x") == f"<document>\n{head}x\n</document>"


def test_a_search_result_says_where_it_is_from() -> None:
    block = SearchResultBlock("https://a.test", "A", [TextBlock("one"), TextBlock("two")])
    assert search_result(block) == (
        "<search_result>\n<source>https://a.test</source>\n<title>A</title>\none\n\ntwo\n</search_result>"
    )


def test_a_text_document_in_base64() -> None:
    assert decoded(base64.b64encode("ü".encode()).decode(), (0, 1)) == "ü"


@pytest.mark.parametrize("data", ["a", base64.b64encode(b"\xff\xfe").decode()])
def test_what_is_no_text_is_refused_with_its_path(data: str) -> None:
    with pytest.raises(Uncarriable, match=r"^messages\.0\.content\.1: "):
        decoded(data, (0, 1))
