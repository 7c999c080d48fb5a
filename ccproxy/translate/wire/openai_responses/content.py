"""Content blocks as the parts of an input message or of a tool's output: text, images and files.

A part is a plain string, which becomes `input_text`, or an object (`input_image`, `input_file`). A block that the
provider cannot take raises `Uncarriable` with its path.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, UnsetType

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
from ccproxy.translate.wire.openai_responses.breakpoints import Part, marked


def parts(block: RequestBlock | ResultContent, draft: Draft, where: Where) -> list[Part]:
    """What a block of a user message or of a result becomes: nothing, one part or several."""
    found: list[Part]
    match block:
        case TextBlock():
            if block.citations is not UNSET:
                draft.lose(block.citations, bracketed(where) + ".citations")
            found = [block.text] if visible(block.text) else []
        case ImageBlock():
            draft.lose(block.transformations, bracketed(where) + ".transformations")
            found = [_image(block, draft, where)]
        case DocumentBlock():
            found = _document(block, draft, where)
        case SearchResultBlock():
            if switched_on(block.citations):
                draft.losses.append(bracketed(where) + ".citations")
            found = [search_result(block)]
        case ToolReferenceBlock():
            found = [f"Tool available: {draft.tool_name(block.tool_name)}"]
        case _:
            draft.losses.append(bracketed(where))
            return []
    if block.cache_control is not UNSET:
        return ended(found, block.cache_control, draft, where)
    return found


def ended(pieces: list[Part], cache_control: Raw | UnsetType, draft: Draft, where: Where) -> list[Part]:
    """The parts with the mark of the block at `where` behind the last of them."""
    if not pieces:
        draft.lose(cache_control, bracketed(where) + ".cache_control")
        return pieces
    return [*pieces[:-1], marked(pieces[-1], cache_control, draft, bracketed(where))]


def listed(pieces: list[Part]) -> list[dict[str, Any]]:
    """The parts as the API's objects."""
    return [{"type": "input_text", "text": piece} if isinstance(piece, str) else piece for piece in pieces]


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
    return {"type": "input_image", "detail": "auto", "image_url": url}


def _document(block: DocumentBlock, draft: Draft, where: Where) -> list[Part]:
    if switched_on(block.citations):
        draft.losses.append(bracketed(where) + ".citations")
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
            return _pdf(block, source, draft, where)


def _content(
    block: DocumentBlock, content: str | list[TextBlock | ImageBlock], draft: Draft, where: Where
) -> list[Part]:
    if isinstance(content, str):
        return [document(block, content)]
    found: list[Part] = [f"<document>\n{heading(block)}".rstrip("\n")]
    for inner in content:
        found += parts(inner, draft, where)
    return [*found, "</document>"]


def _pdf(block: DocumentBlock, source: Base64Source | UrlSource, draft: Draft, where: Where) -> list[Part]:
    """The file, behind what is said of it and has no room in it."""
    file = _file(source, block.title or "document.pdf", draft, where)
    told = block.context or (block.title and "filename" not in file)
    return [heading(block).rstrip("\n"), file] if told else [file]


def _file(source: Base64Source | UrlSource, name: str, draft: Draft, where: Where) -> dict[str, Any]:
    """A PDF (or another file that the client declares). A name goes with data only: beside a URL it is refused."""
    takes, label = draft.dialect.pdf, draft.target.label
    if takes == "none":
        raise Uncarriable(f"{dotted(where)}: {label} takes no PDF documents, only text")
    match source:
        case Base64Source(media_type=media_type, data=data):
            if takes == "url":
                raise Uncarriable(f"{dotted(where)}: {label} takes documents by URL only, not as base64")
            return {"type": "input_file", "filename": name, "file_data": f"data:{media_type};base64,{data}"}
        case UrlSource(url=url):
            if takes == "file":
                raise Uncarriable(f"{dotted(where)}: {label} takes documents as base64 only, not by URL")
            return {"type": "input_file", "file_url": url}
