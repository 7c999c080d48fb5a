"""Documents: their formats and names, and texts that are documents for some models and words for others."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import Uncarriable
from tests.translate.wire.bedrock_converse.requests import (
    CLAUDE,
    GPT_OSS,
    NOVA,
    PDF,
    PNG,
    losses,
    messages,
    request,
    text,
    user,
)

ASK = text("What is it?")


def file(media_type: str = "application/pdf", **about: Any) -> dict[str, Any]:
    return {"type": "document", "source": {"type": "base64", "media_type": media_type, "data": "JVBERg=="}, **about}


def plain(data: str = "a text", **about: Any) -> dict[str, Any]:
    return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": data}, **about}


def parts(*content: dict[str, Any], **about: Any) -> dict[str, Any]:
    return {"type": "document", "source": {"type": "content", "content": list(content)}, **about}


def content(*blocks: dict[str, Any], model: str = CLAUDE) -> list[dict[str, Any]]:
    """The content of the only message, without the question at its end."""
    found: list[dict[str, Any]] = messages(request([user(*blocks, ASK)]), model)[0]["content"]
    return found[:-1]


@pytest.mark.parametrize(
    ("media_type", "form"),
    [
        ("application/pdf", "pdf"),
        ("text/plain", "txt"),
        ("text/plain; charset=utf-8", "txt"),
        ("text/markdown", "md"),
        ("text/html", "html"),
        ("TEXT/CSV", "csv"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ],
)
@pytest.mark.parametrize("model", [CLAUDE, NOVA])
def test_files(media_type: str, form: str, model: str) -> None:
    document = {"format": form, "name": "document", "source": {"bytes": "JVBERg=="}}
    assert content(file(media_type), model=model) == [{"document": document}]


@pytest.mark.parametrize(
    ("titles", "names", "told"),
    [
        (["A (short) [first] text-2"], ["A (short) [first] text-2"], []),
        (["report.pdf"], ["report pdf"], ["report.pdf"]),
        (["a  b\tc"], ["a b c"], ["a  b\tc"]),
        (["Größe_1"], ["Gr e 1"], ["Größe_1"]),
        (["…"], ["document"], ["…"]),
        ([None, None, None], ["document", "document 2", "document 3"], []),
        (["same", "Same"], ["same", "Same 2"], ["Same"]),
        (["x" * 150], ["x" * 100], ["x" * 150]),
    ],
)
def test_names(titles: list[str | None], names: list[str], told: list[str]) -> None:
    sent = content(*(file(title=title) for title in titles))
    assert [piece["document"]["name"] for piece in sent if "document" in piece] == names
    assert [piece["text"] for piece in sent if "text" in piece] == [f"<title>{title}</title>" for title in told]


def test_claude_is_given_texts_with_their_context_to_cite() -> None:
    about: dict[str, Any] = {"title": "facts", "context": "a list", "citations": {"enabled": True}}
    document = {"format": "txt", "name": "facts", "context": "a list", "citations": {"enabled": True}}
    assert content(plain(**about)) == [{"document": {**document, "source": {"text": "a text"}}}]
    whole = {"type": "document", "source": {"type": "content", "content": "a text"}, **about}
    assert content(whole) == [{"document": {**document, "source": {"content": [{"text": "a text"}]}}}]
    several = parts(text("one"), text(" "), text("two", cache_control={"type": "ephemeral"}), **about)
    source = {"content": [{"text": "one"}, {"text": "two"}]}
    assert content(several) == [{"document": {**document, "source": source}}]
    assert losses(request([user(several)])) == ["messages[0].content[0].source.content[2].cache_control"]


def test_others_are_told_texts() -> None:
    document = plain(title="facts.txt", context="a list", citations={"enabled": True})
    words = "<document>\n<title>facts.txt</title>\n<context>a list</context>\na text\n</document>"
    assert content(document, model=NOVA) == [{"text": words}]
    assert content(parts(text("one"), text("two")), model=NOVA) == [{"text": "<document>\none\n\ntwo\n</document>"}]
    assert losses(request([user(document)]), NOVA) == ["messages[0].content[0].citations"]


def test_others_are_told_the_context_of_a_file() -> None:
    sent = content(file(title="facts", context="a list", citations={"enabled": True}), model=NOVA)
    assert sent[0] == {"text": "<title>facts</title>\n<context>a list</context>"}
    assert sent[1]["document"] == {"format": "pdf", "name": "facts", "source": {"bytes": "JVBERg=="}}


def test_a_document_with_images_is_told_in_its_parts() -> None:
    document = parts(text("one"), PNG, text(" "), title="facts", citations={"enabled": True})
    image = {"image": {"format": "png", "source": {"bytes": "aGk="}}}
    assert content(document) == [
        {"text": "<document>\n<title>facts</title>"},
        {"text": "one"},
        image,
        {"text": "</document>"},
    ]
    assert losses(request([user(document)])) == ["messages[0].content[0].citations"]


@pytest.mark.parametrize(
    ("model", "document", "words"),
    [
        (GPT_OSS, PDF, r"messages\.0\.content\.0: .* takes no documents"),
        (CLAUDE, file("application/zip"), r"source\.media_type: .* application/zip"),
        (CLAUDE, {"type": "document", "source": {"type": "url", "url": "https://example.com"}}, "not by URL"),
        (CLAUDE, {"type": "document", "source": {"type": "file", "file_id": "f"}}, "Files API"),
        (GPT_OSS, parts(PNG), r"messages\.0\.content\.0\.content\.0: .* takes no images"),
    ],
)
def test_what_cannot_be_carried(model: str, document: dict[str, Any], words: str) -> None:
    with pytest.raises(Uncarriable, match=words):
        content(document, model=model)
