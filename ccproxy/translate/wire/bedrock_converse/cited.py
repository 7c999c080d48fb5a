"""Citations: what Converse tells of the source of a text, as the Messages API tells it."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from ccproxy.translate import searches
from ccproxy.translate.searches import Page
from ccproxy.translate.wire.bedrock_converse.chunks import Citation, Location, Span


class _Chars(Struct, tag="char_location"):
    cited_text: str
    document_index: int
    document_title: str | None
    start_char_index: int
    end_char_index: int
    file_id: None = None


class _Pages(Struct, tag="page_location"):
    cited_text: str
    document_index: int
    document_title: str | None
    start_page_number: int
    end_page_number: int
    file_id: None = None


class _Blocks(Struct, tag="content_block_location"):
    cited_text: str
    document_index: int
    document_title: str | None
    start_block_index: int
    end_block_index: int
    file_id: None = None


class _Found(Struct, tag="search_result_location"):
    cited_text: str
    source: str
    title: str | None
    search_result_index: int
    start_block_index: int
    end_block_index: int


def page(citation: Citation) -> Page | None:
    """The web page that is cited; None where it is something else."""
    web = citation.location.web if citation.location is not None else None
    return Page(web.url, citation.title or web.domain) if web is not None and web.url else None


def citation(told: Citation) -> Raw | None:
    """The citation in Anthropic's form; None where it does not say where the words are."""
    found = page(told)
    words = "".join(piece.text for piece in told.sourceContent or ())
    if found is not None:
        return searches.citation(found, words)
    place = _place(told, told.location, words) if told.location is not None else None
    return None if place is None else Raw(msgspec.json.encode(place))


def _place(told: Citation, location: Location, words: str) -> Struct | None:
    span: Span | None
    if (span := location.documentChar) is not None:
        return _Chars(words, span.documentIndex, told.title, span.start, span.end)
    if (span := location.documentPage) is not None:
        return _Pages(words, span.documentIndex, told.title, span.start, span.end)
    if (span := location.documentChunk) is not None:
        return _Blocks(words, span.documentIndex, told.title, span.start, span.end)
    if (span := location.searchResultLocation) is not None:
        return _Found(words, told.source or "", told.title, span.searchResultIndex, span.start, span.end)
    return None
