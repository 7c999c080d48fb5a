"""Every kind of block in a user message, as dialects of each kind get it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ccproxy.errors import Uncarriable

from .requests import PDF, PNG, losses, messages, request, text, user

CACHE = {"cache_control": {"type": "ephemeral"}}
PNG_URL = {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}}
PDF_URL = {"type": "document", "source": {"type": "url", "url": "https://x.test/a.pdf"}}
PNG_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
PDF_DATA = "data:application/pdf;base64,JVBERg=="


def document(source: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "document", "source": source, **more}


def content(*blocks: Any, **about: Any) -> Any:
    return messages(request([user(*blocks)]), **about)[-1]["content"]


@pytest.mark.parametrize(
    ("blocks", "about", "expected"),
    [
        ([text("a")], {}, "a"),
        ([text("a"), text("b")], {}, "a\n\nb"),
        ([text("a"), text(""), text(" \n")], {}, "a"),
        ([text("a", citations=None, cache_control=None)], {}, "a"),
        ([text("a", **CACHE)], {}, "a"),
        ([text("a", **CACHE)], {"cache_control": True}, [text("a", **CACHE)]),
        ([text("a"), PNG], {}, [text("a"), PNG_PART]),
        ([PNG], {"images": "data"}, [PNG_PART]),
        ([PNG_URL], {}, [{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]),
        ([PDF], {"pdf": "file"}, [{"type": "file", "file": {"filename": "document.pdf", "file_data": PDF_DATA}}]),
        (
            [{**PDF, "title": "a.pdf", "context": "from mail"}],
            {"pdf": "file+url"},
            [
                text("<title>a.pdf</title>\n<context>from mail</context>"),
                {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF_DATA}},
            ],
        ),
        (
            [PDF_URL],
            {"pdf": "file+url"},
            [{"type": "file", "file": {"filename": "document.pdf", "file_data": "https://x.test/a.pdf"}}],
        ),
        (
            [PDF],
            {"pdf": "document_url"},
            [{"type": "document_url", "document_url": PDF_DATA, "document_name": "document.pdf"}],
        ),
        (
            [PDF],
            {"pdf": "file_url"},
            [{"type": "file_url", "file_url": {"url": "JVBERg=="}, "file_name": "document.pdf"}],
        ),
        (
            [PDF_URL],
            {"pdf": "file_url"},
            [{"type": "file_url", "file_url": {"url": "https://x.test/a.pdf"}, "file_name": "document.pdf"}],
        ),
        (
            [document({"type": "text", "media_type": "text/plain", "data": "words"})],
            {},
            "<document>\nwords\n</document>",
        ),
        (
            [document({"type": "text", "data": "words"}, title="T", context="C")],
            {},
            "<document>\n<title>T</title>\n<context>C</context>\nwords\n</document>",
        ),
        (
            [document({"type": "base64", "media_type": "text/csv", "data": base64.b64encode(b"a,b").decode()})],
            {},
            "<document>\na,b\n</document>",
        ),
        ([document({"type": "content", "content": "words"})], {}, "<document>\nwords\n</document>"),
        (
            [document({"type": "content", "content": [text("one"), PNG]}, title="T")],
            {},
            [text("<document>\n<title>T</title>"), text("one"), PNG_PART, text("</document>")],
        ),
        (
            [{"type": "search_result", "source": "s", "title": "t", "content": [text("one"), text("two")]}],
            {},
            "<search_result>\n<source>s</source>\n<title>t</title>\none\n\ntwo\n</search_result>",
        ),
        ([{"type": "tool_reference", "tool_name": "mcp.x"}], {}, "Tool available: t_mcp_x"),
        ([text("a"), {"type": "container_upload", "file_id": "f"}], {}, "a"),
    ],
)
def test_blocks_become_parts(blocks: list[Any], about: dict[str, Any], expected: Any) -> None:
    got = content(*blocks, **about)
    if isinstance(expected, str) and expected.startswith("Tool available"):
        assert got.startswith("Tool available: t_mcp_x_")
    else:
        assert got == expected


@pytest.mark.parametrize(
    ("block", "about", "word"),
    [
        (PNG, {"images": "none"}, "takes no images"),
        (PNG_URL, {"images": "data"}, "base64 only"),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, {}, "Files API"),
        (PDF, {}, "no PDF documents"),
        (PDF_URL, {"pdf": "file"}, "base64 only"),
        ({"type": "document", "source": {"type": "file", "file_id": "f"}}, {}, "Files API"),
        (document({"type": "base64", "media_type": "text/plain", "data": "/w=="}), {}, "not UTF-8"),
        (document({"type": "content", "content": [PNG]}), {"images": "none"}, "takes no images"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_its_path(block: Any, about: dict[str, Any], word: str) -> None:
    with pytest.raises(Uncarriable, match=r"^messages\.1\.content\.1: .*" + word) as refused:
        messages(request([user("a"), user(text("b"), block)]), **about)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (text("a", **CACHE), [".cache_control"]),
        (text("a", citations=[{"type": "char_location"}]), [".citations"]),
        ({**PNG, **CACHE, "transformations": {"oversized_image": "error"}}, [".cache_control", ".transformations"]),
        ({**document({"type": "text", "data": "d"}), **CACHE}, [".cache_control"]),
        (document({"type": "text", "data": "d"}, citations={"enabled": True}), [".citations"]),
        (document({"type": "text", "data": "d"}, citations={"enabled": False}), []),
        (
            {"type": "search_result", "source": "s", "title": "t", "content": [], "citations": {"enabled": True}},
            [".citations"],
        ),
        ({"type": "tool_reference", "tool_name": "x", **CACHE}, [".cache_control"]),
        ({"type": "brand_new", "x": 1}, [""]),
        ({"type": "thinking", "thinking": "t", "signature": "s"}, [""]),
    ],
)
def test_what_is_not_carried_is_reported(block: Any, expected: list[str]) -> None:
    assert losses(request([user(text("x"), block)])) == [f"messages[0].content[1]{end}" for end in expected]
