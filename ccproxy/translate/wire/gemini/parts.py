"""Content blocks as the parts of a content.

Gemini takes text, images, PDF documents, audio and video as parts of one kind: `text`, `inlineData` with base64, or
`fileData` with a URI. A block that the model cannot take raises Uncarriable with its path; inside a tool result it
becomes words (`results`), since an agent's history would otherwise be refused for good.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

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

Part = dict[str, Any]

# What provider docs list; others (image/gif) are answered with "Unsupported MIME type".
_IMAGES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
_PDF = "application/pdf"
_SUFFIXES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
    "gif": "image/gif",
}
_FILES = "https://generativelanguage.googleapis.com/"
"""Where the URIs of Google's own Files API are, which models of all generations take."""


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
            draft.lose(block.cache_control, bracketed(where) + ".cache_control")
            if switched_on(block.citations):
                draft.losses.append(bracketed(where) + ".citations")
            return [{"text": search_result(block)}]
        case ToolReferenceBlock():
            draft.lose(block.cache_control, bracketed(where) + ".cache_control")
            return [{"text": f"Tool available: {draft.tool_name(block.tool_name)}"}]
        case _:
            draft.losses.append(bracketed(where))
            return []


def _text(block: TextBlock, draft: Draft, where: Where) -> list[Part]:
    if block.citations is not UNSET:
        draft.lose(block.citations, bracketed(where) + ".citations")
    if block.cache_control is not UNSET:
        draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    return [{"text": block.text}] if visible(block.text) else []


def _image(block: ImageBlock, draft: Draft, where: Where) -> Part:
    takes, label = draft.dialect.images, draft.target.label
    if takes == "none":
        raise Uncarriable(f"{dotted(where)}: {label} takes no images")
    match block.source:
        case Base64Source(media_type=media_type, data=data):
            if media_type not in _IMAGES:
                raise Uncarriable(f"{dotted(where)}: {label} takes no {media_type}, but {', '.join(_IMAGES)}")
            return _inline(media_type, data)
        case UrlSource(url=url):
            if takes == "data" and not _googles(url):
                raise Uncarriable(f"{dotted(where)}: {label} takes images as base64 only, not by URL")
            media_type = _SUFFIXES.get(urlsplit(url).path.rpartition(".")[2].lower(), "image/jpeg")
            return _file(media_type, url)
        case FileSource():
            raise Uncarriable(f"{dotted(where)}: files of the Files API are not known to {label}")


def _document(block: DocumentBlock, draft: Draft, where: Where) -> list[Part]:
    draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    if switched_on(block.citations):
        draft.losses.append(bracketed(where) + ".citations")
    match block.source:
        case TextSource(data=data):
            return [{"text": document(block, data)}]
        case ContentSource(content=content):
            if isinstance(content, str):
                return [{"text": document(block, content)}]
            found: list[Part] = [{"text": f"<document>\n{heading(block)}".rstrip("\n")}]
            for inner in content:
                found += parts(inner, draft, where)
            return [*found, {"text": "</document>"}]
        case Base64Source(media_type=media_type, data=data) if media_type.startswith("text/"):
            return [{"text": document(block, decoded(data, where))}]
        case FileSource():
            raise Uncarriable(f"{dotted(where)}: files of the Files API are not known to {draft.target.label}")
        case Base64Source() | UrlSource() as source:
            head = heading(block).rstrip("\n")
            return [*([{"text": head}] if head else []), _bytes(source, draft, where)]


def _bytes(source: Base64Source | UrlSource, draft: Draft, where: Where) -> Part:
    """A PDF, or a recording that a client declares as a document."""
    takes, label = draft.dialect.pdf, draft.target.label
    if takes == "none":
        raise Uncarriable(f"{dotted(where)}: {label} takes no PDF documents, only text")
    match source:
        case Base64Source(media_type=media_type, data=data):
            if media_type != _PDF and not media_type.startswith(("image/", "audio/", "video/")):
                raise Uncarriable(f"{dotted(where)}: {label} takes no {media_type} documents")
            return _inline(media_type, data)
        case UrlSource(url=url):
            if takes == "file" and not _googles(url):
                raise Uncarriable(f"{dotted(where)}: {label} takes documents as base64 only, not by URL")
            return _file(_PDF, url)


def _inline(media_type: str, data: str) -> Part:
    return {"inlineData": {"mimeType": media_type, "data": data}}


def _file(media_type: str, uri: str) -> Part:
    return {"fileData": {"mimeType": media_type, "fileUri": uri}}


def _googles(url: str) -> bool:
    """Whether the URL is of a file that lies with Google, and so is no download from anywhere."""
    return url.startswith(("gs://", _FILES))
