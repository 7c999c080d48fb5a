"""Citations of documents that the client gave: told to Cohere by the documents' ids, and read back from them.

Cohere cites whole documents, so that a document is given in the pieces that Anthropic's citations may point to, each
under an id that says where it stands:

- `document.2.1500`: of the third document of the request, the text that begins at character 1500
- `document.2.b4`: of the third document, the fifth of its content blocks
- `result.0.b1`: of the first search result, the second of its content blocks

What a citation quotes comes with it, because Cohere repeats the cited piece. Nothing has to be remembered.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from ccproxy.translate.wire.cohere.chunks import Source


class _InText(Struct, tag="char_location"):
    cited_text: str
    document_index: int
    document_title: str | None
    start_char_index: int
    end_char_index: int
    file_id: str | None = None


class _InBlock(Struct, tag="content_block_location"):
    cited_text: str
    document_index: int
    document_title: str | None
    start_block_index: int
    end_block_index: int
    file_id: str | None = None


class _InResult(Struct, tag="search_result_location"):
    cited_text: str
    search_result_index: int
    source: str
    title: str | None
    start_block_index: int
    end_block_index: int


def text_id(document: int, start: int) -> str:
    """The id of a piece of a plain text: the document's number and the first character's."""
    return f"document.{document}.{start}"


def block_id(document: int, block: int) -> str:
    """The id of a content block of a document."""
    return f"document.{document}.b{block}"


def result_id(result: int, block: int) -> str:
    """The id of a content block of a search result."""
    return f"result.{result}.b{block}"


def citation(source: Source) -> Raw | None:
    """A citation of what the source is; None for what is none of the client's documents with citations."""
    kind, _, place = (source.id or "").partition(".")
    number, _, piece = place.partition(".")
    cited: dict[str, Any] = source.document or source.tool_output or {}
    block = piece.removeprefix("b")
    if not (_number(number) and _number(block)):
        return None
    index, at, text, title = int(number), int(block), _text(cited, "text"), cited.get("title")
    found: _InText | _InBlock | _InResult
    if not isinstance(title, str):
        title = None
    if kind == "result":
        found = _InResult(text, index, _text(cited, "url"), title, at, at + 1)
    elif kind != "document":
        return None
    elif piece.startswith("b"):
        found = _InBlock(text, index, title, at, at + 1)
    else:
        found = _InText(text, index, title, at, at + len(text))
    return Raw(msgspec.json.encode(found))


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _text(cited: dict[str, Any], name: str) -> str:
    value = cited.get(name)
    return value if isinstance(value, str) else ""
