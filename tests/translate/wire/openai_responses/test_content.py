from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import Uncarriable
from tests.translate.wire.openai_chat.requests import PDF, PNG, request, text, user

from .requests import items, losses

DATA = {"type": "input_file", "filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}
IMAGE = {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,aGk="}
FAR_IMAGE = {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}}
FAR_PDF = {"type": "document", "source": {"type": "url", "url": "https://x.test/a.pdf"}}
FILE = {"type": "file", "file_id": "file_1"}


def words(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "input_text", "text": one} for one in texts]


def document(source: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "document", "source": source, **more}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (text("a"), words("a")),
        (PNG, [IMAGE]),
        (FAR_IMAGE, [{"type": "input_image", "detail": "auto", "image_url": "https://x.test/a.png"}]),
        (PDF, [DATA]),
        ({**PDF, "title": "a.pdf"}, [{**DATA, "filename": "a.pdf"}]),
        ({**PDF, "context": "old"}, [*words("<context>old</context>"), DATA]),
        (FAR_PDF, [{"type": "input_file", "file_url": "https://x.test/a.pdf"}]),
        (
            {**FAR_PDF, "title": "T"},
            [*words("<title>T</title>"), {"type": "input_file", "file_url": "https://x.test/a.pdf"}],
        ),
        (
            document({"type": "text", "media_type": "text/plain", "data": "a"}, title="T"),
            words("<document>\n<title>T</title>\na\n</document>"),
        ),
        (
            document({"type": "base64", "media_type": "text/plain", "data": "aGk="}),
            words("<document>\nhi\n</document>"),
        ),
        (document({"type": "content", "content": "a"}), words("<document>\na\n</document>")),
        (
            document({"type": "content", "content": [text("a"), PNG]}),
            [*words("<document>", "a"), IMAGE, *words("</document>")],
        ),
        (
            {"type": "search_result", "source": "s", "title": "t", "content": [text("a")]},
            words("<search_result>\n<source>s</source>\n<title>t</title>\na\n</search_result>"),
        ),
        ({"type": "tool_reference", "tool_name": "look"}, words("Tool available: look")),
    ],
)
def test_blocks(block: dict[str, Any], expected: list[Any]) -> None:
    wish = request([user(block)])
    assert items(wish)[0]["content"] == expected
    assert losses(wish) == []


@pytest.mark.parametrize(
    ("block", "flags", "word"),
    [
        (PNG, {"images": "none"}, "takes no images"),
        (FAR_IMAGE, {"images": "data"}, "as base64 only"),
        ({"type": "image", "source": FILE}, {"top_k": True}, "Files API"),
        (PDF, {"pdf": "none"}, "takes no PDF"),
        (FAR_PDF, {"pdf": "file"}, "as base64 only"),
        (PDF, {"pdf": "url"}, "by URL only"),
        (document(FILE), {"pdf": "file"}, "Files API"),
        (document({"type": "base64", "media_type": "text/plain", "data": "/w=="}), {"top_k": True}, "UTF-8"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_path(block: dict[str, Any], flags: dict[str, Any], word: str) -> None:
    with pytest.raises(Uncarriable, match=rf"^messages\.0\.content\.1: .*{word}"):
        items(request([user(text("a"), block)]), **flags)


@pytest.mark.parametrize(
    ("block", "field"),
    [
        (text("a"), "cache_control"),
        (PNG, "cache_control"),
        ({**PNG, "transformations": {"oversized_image": "error"}}, "transformations"),
        (PDF, "cache_control"),
        ({**PDF, "citations": {"enabled": True}}, "citations"),
        ({"type": "search_result", "source": "s", "title": "t", "content": [text("a")]}, "cache_control"),
        ({"type": "tool_reference", "tool_name": "look"}, "cache_control"),
        (text("a", citations=[{"type": "char_location"}]), "citations"),
    ],
)
def test_what_a_part_cannot_hold_is_reported(block: dict[str, Any], field: str) -> None:
    marked = {**block, "cache_control": {"type": "ephemeral"}} if field == "cache_control" else block
    assert losses(request([user(marked, text("z"))])) == [f"messages[0].content[0].{field}"]


def test_citations_of_search_results() -> None:
    block = {
        "type": "search_result",
        "source": "s",
        "title": "t",
        "content": [text("a")],
        "citations": {"enabled": True},
    }
    assert losses(request([user(block)])) == ["messages[0].content[0].citations"]
