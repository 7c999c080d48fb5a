"""Content blocks as the parts of a chat message.

A part is a plain string or an object (`image_url`, `file`, …). Text stays a string as long as possible, because
many servers take only strings. A block that the provider cannot take raises `Uncarriable` with its path; inside a
tool result it becomes a text that says so, since an agent's history would otherwise be refused for good.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ccproxy.errors import Uncarriable
from ccproxy.translate.draft import Draft, switched_on
from ccproxy.translate.messages import (
    Base64Source,
    ContentSource,
    DocumentBlock,
    FileSource,
    ImageBlock,
    RequestBlock,
    ResultContent,
    SearchResultBlock,
    TextBlock,
    TextSource,
    ToolReferenceBlock,
    UrlSource,
)
from ccproxy.translate.passages import Where, bracketed, decoded, document, dotted, heading, search_result, visible

Part = str | dict[str, Any]


def parts(block: RequestBlock | ResultContent, draft: Draft, where: Where) -> list[Part]:
    """What a block of a user message becomes: nothing, one part or several."""
    if type(block) is TextBlock:
        return _text(block, draft, where)
    match block:
        case ImageBlock():
            draft.lose(block.cache_control, bracketed(where) + ".cache_control")
            draft.lose(block.transformations, bracketed(where) + ".transformations")
            return [_image(block, draft, where)]
        case DocumentBlock():
            return _document(block, draft, where)
        case SearchResultBlock():
            return [_search_result(block, draft, where)]
        case ToolReferenceBlock():
            draft.lose(block.cache_control, bracketed(where) + ".cache_control")
            return [f"Tool available: {draft.tool_name(block.tool_name)}"]
        case _:
            draft.losses.append(bracketed(where))
            return []


def text_part(text: str, cache_control: Any) -> Part:
    """A text part; an object only where it carries a cache mark."""
    return text if cache_control is UNSET else {"type": "text", "text": text, "cache_control": cache_control}


def settled(pieces: list[Part]) -> str | list[dict[str, Any]]:
    """The content of a message: one string where all parts are text, else a list of objects."""
    if len(pieces) == 1 and isinstance(pieces[0], str):
        return pieces[0]
    texts = [piece for piece in pieces if isinstance(piece, str)]
    if len(texts) == len(pieces):
        return "\n\n".join(texts)
    return [{"type": "text", "text": piece} if isinstance(piece, str) else piece for piece in pieces]


def _text(block: TextBlock, draft: Draft, where: Where) -> list[Part]:
    if block.citations is not UNSET:
        draft.lose(block.citations, bracketed(where) + ".citations")
    if not visible(block.text):
        return []
    if block.cache_control is UNSET:
        return [block.text]
    return [text_part(block.text, draft.mark(block.cache_control, bracketed(where)))]


def _image(block: ImageBlock, draft: Draft, where: Where) -> Part:
    takes = draft.dialect.images
    if takes == "none":
        raise Uncarriable(f"{dotted(where)}: {draft.target.label} takes no images")
    match block.source:
        case Base64Source(media_type=media_type, data=data):
            url = f"data:{media_type};base64,{data}"
        case UrlSource(url=url):
            if takes == "data":
                raise Uncarriable(f"{dotted(where)}: {draft.target.label} takes images as base64 only, not by URL")
        case FileSource():
            raise Uncarriable(f"{dotted(where)}: files of the Files API are not known to {draft.target.label}")
    return {"type": "image_url", "image_url": {"url": url}}


def _document(block: DocumentBlock, draft: Draft, where: Where) -> list[Part]:
    draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    if switched_on(block.citations):
        draft.losses.append(bracketed(where) + ".citations")
    head = heading(block)
    match block.source:
        case TextSource(data=data):
            return [document(block, data)]
        case ContentSource(content=content):
            return _content(block, content, draft, where)
        case Base64Source(media_type=media_type, data=data) if media_type.startswith("text/"):
            return [document(block, decoded(data, where))]
        case FileSource():
            raise Uncarriable(f"{dotted(where)}: files of the Files API are not known to {draft.target.label}")
        case Base64Source() | UrlSource() as source:
            file = _file(source, block.title or "document.pdf", draft, where)
            return [head.rstrip("\n"), file] if block.context else [file]


def _content(
    block: DocumentBlock, content: str | list[TextBlock | ImageBlock], draft: Draft, where: Where
) -> list[Part]:
    if isinstance(content, str):
        return [document(block, content)]
    found: list[Part] = [f"<document>\n{heading(block)}".rstrip("\n")]
    for inner in content:
        found += parts(inner, draft, where)
    return [*found, "</document>"]


def _file(source: Base64Source | UrlSource, name: str, draft: Draft, where: Where) -> Part:
    """A PDF (or another file that the client declares) in the one form that the provider documents."""
    takes, label = draft.dialect.pdf, draft.target.label
    if takes == "none":
        raise Uncarriable(f"{dotted(where)}: {label} takes no PDF documents, only text")
    match source:
        case Base64Source(media_type=media_type, data=data):
            url, inline = f"data:{media_type};base64,{data}", data
        case UrlSource(url=url):
            if takes == "file":
                raise Uncarriable(f"{dotted(where)}: {label} takes documents as base64 only, not by URL")
            inline = url
    match takes:
        case "document_url":
            return {"type": "document_url", "document_url": url, "document_name": name}
        case "file_url":
            return {"type": "file_url", "file_url": {"url": inline}, "file_name": name}
        case _:
            return {"type": "file", "file": {"filename": name, "file_data": url}}


def _search_result(block: SearchResultBlock, draft: Draft, where: Where) -> str:
    draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    if switched_on(block.citations):
        draft.losses.append(bracketed(where) + ".citations")
    return search_result(block)
