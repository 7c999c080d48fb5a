"""The documents of a request that are to be cited, in the form in which Cohere cites them.

Documents and search results with citations switched on go beside the conversation, those in a tool's result inside
the tool's message; all others are text where they stand. A plain text is cut into paragraphs, since Cohere cites
whole documents and is made for short ones (provider docs).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ccproxy.translate.draft import Draft, switched_on
from ccproxy.translate.messages import (
    Base64Source,
    ContentSource,
    DocumentBlock,
    MessagesRequest,
    RequestBlock,
    ResultContent,
    SearchResultBlock,
    TextBlock,
    TextSource,
    ToolResultBlock,
)
from ccproxy.translate.passages import Where, bracketed, decoded, visible
from ccproxy.translate.wire.cohere import citations

_PIECE = 1500  # characters: about the 300 words that a document is advised to have at most

Document = dict[str, Any]


class Library:
    """Where each document of a request stands among its documents, and on the `shelf` those beside the conversation.

    `beside` tells whether documents can go there at all.
    """

    def __init__(self, request: MessagesRequest, *, beside: bool) -> None:
        self.beside = beside
        self.shelf: list[Document] = []
        self._numbers = dict(_numbered(request))

    def taken(self, block: RequestBlock | ResultContent, draft: Draft, where: Where) -> list[Document] | None:
        """The block as documents that can be cited; None where it is no such block, or not to be cited.

        Raises Uncarriable where a document that calls itself text is none.
        """
        if not isinstance(block, DocumentBlock | SearchResultBlock) or not switched_on(block.citations):
            return None
        pieces = list(self._pieces(block, where))
        if not pieces:
            return None
        draft.lose(block.cache_control, bracketed(where) + ".cache_control")
        if isinstance(block, SearchResultBlock):
            about = {"title": block.title, "url": block.source}
        else:
            about = {name: value for name in ("title", "context") if (value := getattr(block, name))}
        return [{"id": id, "data": {"text": text, **about}} for id, text in pieces]

    def _pieces(self, block: DocumentBlock | SearchResultBlock, where: Where) -> Iterator[tuple[str, str]]:
        """The texts of a block with their ids; none where it holds anything but text."""
        number = self._numbers[where]
        if isinstance(block, SearchResultBlock):
            yield from ((citations.result_id(number, at), one.text) for at, one in enumerate(block.content))
            return
        match block.source:
            case TextSource(data=text):
                yield from _cut(number, text)
            case ContentSource(content=str(text)):
                yield from _cut(number, text)
            case ContentSource(content=list(inner)) if all(isinstance(one, TextBlock) for one in inner):
                texts = [one.text for one in inner if isinstance(one, TextBlock)]
                yield from ((citations.block_id(number, at), text) for at, text in enumerate(texts))
            case Base64Source(media_type=kind, data=data) if kind.startswith("text/"):
                yield from _cut(number, decoded(data, where))


def _numbered(request: MessagesRequest) -> Iterator[tuple[Where, int]]:
    """Documents and search results, each numbered among its kind over the whole request."""
    counts = {DocumentBlock: 0, SearchResultBlock: 0}
    for where, block in _blocks(request):
        kind = type(block)
        if kind is DocumentBlock or kind is SearchResultBlock:
            yield where, counts[kind]
            counts[kind] += 1


def _blocks(request: MessagesRequest) -> Iterator[tuple[Where, RequestBlock | ResultContent]]:
    for index, message in enumerate(request.messages):
        for at, block in enumerate(message.content if isinstance(message.content, list) else ()):
            yield (index, at), block
            if isinstance(block, ToolResultBlock) and isinstance(block.content, list):
                yield from (((index, at, inside), inner) for inside, inner in enumerate(block.content))


def _cut(number: int, text: str) -> Iterator[tuple[str, str]]:
    """Paragraphs of a text, as many together as make a piece; each piece begins where the one before ended."""
    *paragraphs, last = text.split("\n\n")
    start, piece = 0, ""
    for paragraph in (*(one + "\n\n" for one in paragraphs), last):
        if piece and len(piece) + len(paragraph) > _PIECE:
            if visible(piece):
                yield citations.text_id(number, start), piece
            start, piece = start + len(piece), ""
        piece += paragraph
    if visible(piece):
        yield citations.text_id(number, start), piece
