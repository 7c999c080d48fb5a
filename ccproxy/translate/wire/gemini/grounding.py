"""What an answer rests on: searches, pages that were read, and which passages rest on which page.

Gemini tells all of it beside the text, in a stream with the last chunk. It does not tell which query found which
page, nor a page's text: the queries are one search here, and a citation holds the passage of the answer that rests
on the page.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from ccproxy.translate import searches
from ccproxy.translate.messages import ResponseBlock, ServerToolUseBlock, WebFetchToolResultBlock
from ccproxy.translate.searches import Page
from ccproxy.translate.served import SERVER_ID
from ccproxy.translate.wire.gemini.chunks import Candidate, FetchedUrl, Grounding, GroundingChunk, Support

_READ = ("URL_RETRIEVAL_STATUS_SUCCESS", 1)
_UNSEEN = "The provider has read this page and does not show its text."


class Sources:
    """What has been told so far; each list as it was told last."""

    def __init__(self) -> None:
        self._asked: list[str] = []  # as the provider's own calls tell it
        self._queries: list[str] = []
        self._chunks: list[GroundingChunk] = []
        self._supports: list[Support] = []
        self._fetched: dict[str, FetchedUrl] = {}
        self._cited: set[tuple[Page, str]] = set()

    @property
    def queries(self) -> list[str]:
        """What was searched for, each query once."""
        return list(filter(None, dict.fromkeys(self._queries or self._asked)))

    @property
    def counted(self) -> Raw | None:
        """`usage.server_tool_use`."""
        return searches.counted(len(self.queries), len(self._fetched))

    def ask(self, queries: list[str]) -> None:
        """Queries of a search that the provider reports as a call of its own tool."""
        self._asked += queries

    def add(self, candidate: Candidate) -> None:
        """What a candidate says beside its text."""
        found: Grounding | None = candidate.grounding_metadata
        if found is not None:
            self._queries = found.web_search_queries or self._queries
            self._chunks = found.grounding_chunks or self._chunks
            self._supports = found.grounding_supports or self._supports
        context = candidate.url_context_metadata
        for url in (context.url_metadata if context is not None else None) or ():
            if url.retrieved_url:
                self._fetched[url.retrieved_url] = url

    def citations(self, text: str | None = None) -> list[Raw]:
        """The passages that rest on a page, once for each of its pages: those in `text`, or all; none a second time."""
        found: list[Raw] = []
        for support in self._supports:
            passage = (support.segment.text if support.segment is not None else None) or ""
            if text is not None and passage not in text:
                continue
            for index in support.grounding_chunk_indices or ():
                page = _page(self._chunks[index]) if 0 <= index < len(self._chunks) else None
                if page is not None and (page, passage) not in self._cited:
                    self._cited.add((page, passage))
                    found.append(searches.citation(page, passage))
        return found

    def blocks(self, message: str) -> list[ResponseBlock]:
        """The search and the pages that were read, as calls with their results; `message` is the answer's id."""
        suffix = message.removeprefix("msg_")
        blocks: list[ResponseBlock] = []
        for number, (address, url) in enumerate(self._fetched.items()):
            id = f"{SERVER_ID}{suffix}f{number}"
            blocks.append(ServerToolUseBlock(id, "web_fetch", Raw(msgspec.json.encode({"url": address}))))
            blocks.append(WebFetchToolResultBlock(id, _fetch_result(address, url)))
        pages = [page for page in map(_page, self._chunks) if page is not None and page.url not in self._fetched]
        queries = self.queries
        if queries or pages:
            id = f"{SERVER_ID}{suffix}s"
            blocks += [searches.asked(id, "; ".join(queries)), searches.found(id, pages)]
        return blocks


def _page(chunk: GroundingChunk) -> Page | None:
    source = chunk.web or chunk.retrieved_context
    return Page(source.uri, source.title or "") if source is not None and source.uri else None


def _fetch_result(address: str, url: FetchedUrl) -> Raw:
    """The page without its text, which only the model gets; or why it was not read."""
    if url.url_retrieval_status not in _READ:
        return Raw(b'{"type":"web_fetch_tool_result_error","error_code":"url_not_accessible"}')
    source = {"type": "text", "media_type": "text/plain", "data": _UNSEEN}
    document = {"type": "document", "source": source, "title": None}
    return Raw(
        msgspec.json.encode({"type": "web_fetch_result", "url": address, "content": document, "retrieved_at": None})
    )
