"""Blocks of user messages as parts."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import Uncarriable
from tests.translate.wire.gemini.requests import NEW, OLD, contents, losses
from tests.translate.wire.openai_chat.requests import PDF, PNG, request, text, user

WEB_IMAGE = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.webp?x=1"}}
WEB_PDF = {"type": "document", "source": {"type": "url", "url": "https://example.com/a"}}


def parts(*blocks: Any, model: str = NEW, kind: str = "gemini") -> list[dict[str, Any]]:
    return contents(request([user(*blocks)]), model, kind)[0]["parts"]


def document(**source: Any) -> dict[str, Any]:
    return {"type": "document", "source": source}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (text("hi"), {"text": "hi"}),
        (PNG, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}),
        (PDF, {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}}),
        (WEB_IMAGE, {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.com/a.webp?x=1"}}),
        (WEB_PDF, {"fileData": {"mimeType": "application/pdf", "fileUri": "https://example.com/a"}}),
        (document(type="text", data="words"), {"text": "<document>\nwords\n</document>"}),
        (document(type="content", content="words"), {"text": "<document>\nwords\n</document>"}),
        (
            document(type="base64", media_type="text/csv", data="YSxi"),
            {"text": "<document>\na,b\n</document>"},
        ),
        (
            document(type="base64", media_type="audio/mpeg", data="aGk="),
            {"inlineData": {"mimeType": "audio/mpeg", "data": "aGk="}},
        ),
        (
            {"type": "search_result", "source": "s", "title": "t", "content": [text("x")]},
            {"text": "<search_result>\n<source>s</source>\n<title>t</title>\nx\n</search_result>"},
        ),
        ({"type": "tool_reference", "tool_name": "look"}, {"text": "Tool available: look"}),
    ],
)
def test_a_block_becomes_a_part(block: dict[str, Any], expected: dict[str, Any]) -> None:
    assert parts(block) == [expected]


def test_a_document_of_blocks_keeps_their_order() -> None:
    source = {"type": "content", "content": [text("a"), PNG]}
    found = parts({"type": "document", "source": source, "title": "T"})
    assert [next(iter(part)) for part in found] == ["text", "text", "inlineData", "text"]
    assert found[0] == {"text": "<document>\n<title>T</title>"}


def test_the_title_and_context_of_a_pdf_stand_before_it() -> None:
    found = parts({**PDF, "title": "T", "context": "C"})
    assert found[0] == {"text": "<title>T</title>\n<context>C</context>"}
    assert "inlineData" in found[1]


@pytest.mark.parametrize("url", ["gs://bucket/a.png", "https://generativelanguage.googleapis.com/v1beta/files/abc"])
def test_files_that_lie_with_google_go_to_all_models(url: str) -> None:
    image = {"type": "image", "source": {"type": "url", "url": url}}
    pdf = {"type": "document", "source": {"type": "url", "url": url}}
    assert [part["fileData"]["fileUri"] for part in parts(image, pdf, model=OLD)] == [url, url]


@pytest.mark.parametrize("block", [WEB_IMAGE, WEB_PDF])
def test_vertex_fetches_urls_for_all_models(block: dict[str, Any]) -> None:
    assert "fileData" in parts(block, model=OLD, kind="vertex")[0]


@pytest.mark.parametrize(
    ("block", "model", "words"),
    [
        (WEB_IMAGE, OLD, "base64 only"),
        (WEB_PDF, OLD, "base64 only"),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "aGk="}}, NEW, "image/gif"),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, NEW, "Files API"),
        (document(type="file", file_id="f"), NEW, "Files API"),
        (document(type="base64", media_type="application/zip", data="aGk="), NEW, "application/zip"),
        (document(type="base64", media_type="text/plain", data="/w=="), NEW, "UTF-8"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_its_path(block: dict[str, Any], model: str, words: str) -> None:
    with pytest.raises(Uncarriable, match=r"^messages\.0\.content\.1: ") as refused:
        parts(text("see"), block, model=model)
    assert words in refused.value.message


@pytest.mark.parametrize(("option", "block"), [("images", PNG), ("pdf", PDF)])
def test_an_option_says_that_a_model_takes_none(option: str, block: dict[str, Any]) -> None:
    with pytest.raises(Uncarriable, match=r"^messages\.0\.content\.0: gemini/gemini-3-pro-preview takes no"):
        losses(request([user(block)]), **{option: "none"})


def test_marks_and_citations_are_reported() -> None:
    mark = {"type": "ephemeral"}
    blocks = [
        text("a", cache_control=mark, citations=[]),
        {**PNG, "cache_control": mark, "transformations": {"oversized_image": "error"}},
        {**PDF, "cache_control": mark, "citations": {"enabled": True}},
        {"type": "search_result", "source": "s", "title": "t", "content": [text("x")], "cache_control": mark,
         "citations": {"enabled": True}},
        {"type": "tool_reference", "tool_name": "look", "cache_control": mark},
        {"type": "container_upload", "file_id": "f"},
    ]  # fmt: skip
    assert losses(request([user(*blocks)])) == [
        "messages[0].content[0].citations",
        "messages[0].content[0].cache_control",
        "messages[0].content[1].cache_control",
        "messages[0].content[1].transformations",
        "messages[0].content[2].cache_control",
        "messages[0].content[2].citations",
        "messages[0].content[3].cache_control",
        "messages[0].content[3].citations",
        "messages[0].content[4].cache_control",
        "messages[0].content[5]",
    ]
