"""Searches that the provider made, as the blocks of the Messages API.

Which pages a search found stands in its item where the provider was asked to say so; else the pages that the text
cites are what it found, which is known only at the end.
"""

from __future__ import annotations

from msgspec import Raw

from ccproxy.translate import searches
from ccproxy.translate.messages import ResponseBlock, WebSearchToolResultBlock
from ccproxy.translate.searches import Page
from ccproxy.translate.wire.openai_responses.items import Action, Annotation, Item, Source, action, text_of

_FAILED = Raw(b'{"type":"web_search_tool_result_error","error_code":"unavailable"}')
_MARK = "ws_call_id="
"""DeepSeek writes the call's id into its queries and URLs (recorded traffic)."""


def is_search(item: Item) -> bool:
    """Whether the item is a search, of the web or of X, which is a `custom_tool_call` in xAI's newer answers."""
    if item.type == "custom_tool_call":
        return "x_" in (item.name or "")
    return item.type in ("web_search_call", "x_search_call")


def page_of(note: Annotation | Source) -> Page | None:
    """The page that a citation or a source names. A number is no title."""
    if not note.url:
        return None
    title = note.title or ""
    return Page(note.url.partition("#" + _MARK)[0], "" if title.isdecimal() else title)


class Searches:
    """The searches of one answer. `count` is how many there were; reading a page that was found is none."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: list[str] = []
        self._cited: dict[Page, None] = {}

    def told(self, item: Item, id: str) -> list[ResponseBlock]:
        """The blocks of a search that is over; `id` is new. Its pages may still be to come."""
        did = action(item)
        asked = searches.asked(id, _query(did) or text_of(item.arguments or item.input))
        if did.type == "search" and not did.url:
            self.count += 1
        if item.status == "failed":
            return [asked, WebSearchToolResultBlock(id, _FAILED)]
        pages = [page for page in map(page_of, did.sources or ()) if page is not None]
        if did.url:
            page = page_of(Source(did.url))
            pages += [page] if page is not None else []
        if not pages:
            self._waiting.append(id)
            return [asked]
        return [asked, searches.found(id, pages)]

    def cited(self, page: Page) -> None:
        """A page that the text cites."""
        self._cited[page] = None

    def rest(self) -> list[ResponseBlock]:
        """The results that are still owed, at the end of the answer: the last search found what was cited."""
        return [searches.found(id, self._cited if id == self._waiting[-1] else ()) for id in self._waiting]


def _query(did: Action) -> str:
    """What was searched for; of a page that was read, its address, and what was looked for in it."""
    url = (did.url or "").partition("#" + _MARK)[0]
    if did.pattern:
        return f"{did.pattern} {url}".rstrip()
    queries = [query for query in did.queries or () if not query.startswith(_MARK)]
    return did.query or "; ".join(queries) or url
