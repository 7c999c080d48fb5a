"""Documents in the pieces in which they can be cited."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import Uncarriable
from tests.translate.wire.openai_chat.requests import PNG, assistant, request, result, text, tool, use, user

from .requests import body, losses


def document(source: Any, **more: Any) -> dict[str, Any]:
    return {"type": "document", "source": source, "citations": {"enabled": True}, **more}


def plain(words: str, **more: Any) -> dict[str, Any]:
    return document({"type": "text", "media_type": "text/plain", "data": words}, **more)


def shelf(*blocks: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body(request([user(*blocks, text("?"))])).get("documents", [])
    return found


def test_a_text_and_what_is_said_of_it() -> None:
    assert shelf(plain("so", title="T", context="C")) == [
        {"id": "document.0.0", "data": {"text": "so", "title": "T", "context": "C"}}
    ]


def test_a_long_text_is_cut_between_paragraphs() -> None:
    paragraphs = ["a" * 900, "b" * 500, "c" * 200, " " * 1600, "d" * 4000, "e"]
    whole = "\n\n".join(paragraphs)
    found = shelf(plain(whole))
    assert [one["data"]["text"].strip()[0] for one in found] == ["a", "c", "d", "e"]
    assert found[0]["data"]["text"] == "a" * 900 + "\n\n" + "b" * 500 + "\n\n"
    for one in found:
        start = int(one["id"].rpartition(".")[2])
        assert whole[start : start + len(one["data"]["text"])] == one["data"]["text"]


@pytest.mark.parametrize(
    "source",
    [
        {"type": "content", "content": "so"},
        {"type": "base64", "media_type": "text/markdown", "data": "c28="},
    ],
)
def test_other_texts(source: Any) -> None:
    assert shelf(document(source)) == [{"id": "document.0.0", "data": {"text": "so"}}]


def test_blocks_of_a_document() -> None:
    found = shelf(document({"type": "content", "content": [text("a"), text("b")]}, title="T"))
    assert found == [
        {"id": "document.0.b0", "data": {"text": "a", "title": "T"}},
        {"id": "document.0.b1", "data": {"text": "b", "title": "T"}},
    ]


def test_documents_and_results_are_numbered_each_for_themselves_over_the_whole_request() -> None:
    page = {
        "type": "search_result",
        "source": "s",
        "title": "t",
        "content": [text("p")],
        "citations": {"enabled": True},
    }
    quiet = {**plain("quiet"), "citations": None}
    given = [user(quiet, page), assistant(use()), user(result(content=[plain("in a result"), page])), assistant("b")]
    wish = request([*given, user(plain("last"), page)])
    found = body(wish)
    inside = [item["document"]["id"] for item in found["messages"][2]["content"]]
    assert inside == ["document.1.0", "result.1.b0"]
    assert [one["id"] for one in found["documents"]] == ["result.0.b0", "document.2.0", "result.2.b0"]
    assert "quiet" in found["messages"][0]["content"]


@pytest.mark.parametrize(
    "block",
    [
        plain("so") | {"citations": {"enabled": False}},
        plain("so") | {"citations": None},
    ],
)
def test_what_is_not_to_be_cited_is_text(block: Any) -> None:
    wish = request([user(block, text("?"))])
    assert "so" in body(wish)["messages"][0]["content"]
    assert shelf(block) == []
    assert losses(wish) == []


def test_a_document_of_more_than_text_stays_where_it_stands() -> None:
    block = document({"type": "content", "content": [text("a"), PNG]})
    wish = request([user(block, text("?"))])
    assert "documents" not in body(wish, model="command-a-vision-07-2025")
    assert losses(wish, model="command-a-vision-07-2025") == ["messages[0].content[0].citations"]


def test_an_empty_document() -> None:
    assert shelf(plain(" ")) == []


def test_marks_for_the_cache_are_reported() -> None:
    assert losses(request([user(plain("so", cache_control={"type": "ephemeral"}))])) == [
        "messages[0].content[0].cache_control"
    ]


def test_text_that_is_none() -> None:
    with pytest.raises(Uncarriable, match=r"^messages\.0\.content\.0"):
        shelf(document({"type": "base64", "media_type": "text/plain", "data": "//79"}))


def test_tools_keep_it_shut() -> None:
    assert "documents" not in body(request([user(plain("so"))], tools=[tool("look")]))
