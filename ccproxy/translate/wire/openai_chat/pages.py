"""What a provider searched for and found, as blocks of the answer.

Where the pages are known before the text, the blocks stand before it as Anthropic's own do. Mostly they are known
later, and the blocks come when the text is over. What was searched for is told by few.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Raw

from ccproxy.translate import searches
from ccproxy.translate.blocks import Blocks
from ccproxy.translate.messages import ServerToolUseBlock
from ccproxy.translate.searches import Page
from ccproxy.translate.served import SERVER_ID
from ccproxy.translate.wire.openai_chat.chunks import ExecutedTool

_SEARCHES = ("search", "browser_search", "browser.search", "web_search")
_NO_INPUT = Raw(b"{}")


class Pages:
    """The searches of one answer. `count` is their number, as the provider tells it or as they were seen."""

    def __init__(self, message_id: str) -> None:
        self.reported = 0
        """How many searches the provider says that it made."""
        self._id = SERVER_ID + message_id.removeprefix("msg_")
        self._told = 0
        self._waiting: dict[str, Page] = {}
        self._known: set[str] = set()
        self._ran: set[int | None] = set()

    @property
    def count(self) -> int:
        """How many searches were made."""
        return max(self.reported, self._told)

    def add(self, page: Page) -> None:
        """A page that was found, or once more."""
        if page.url and page.url not in self._known:
            self._known.add(page.url)
            self._waiting[page.url] = page

    def ran(self, tools: Iterable[ExecutedTool], blocks: Blocks) -> None:
        """The tools that Groq's models used on their own; each is told twice in a stream, at first without results."""
        for tool in tools:
            if tool.type not in _SEARCHES or tool.index in self._ran:
                continue
            results = tool.search_results.results if tool.search_results is not None else None
            if not results and not tool.output:
                continue
            self._ran.add(tool.index)
            pages = [Page(one.url, one.title or "") for one in results or () if one.url]
            self._known.update(page.url for page in pages)
            self._tell(blocks, pages, _query(tool.arguments))

    def tell(self, blocks: Blocks) -> None:
        """The blocks of a search that found the pages that were not told yet, if there are any."""
        if self._waiting:
            pages = list(self._waiting.values())
            self._waiting.clear()
            self._tell(blocks, pages, "")

    def _tell(self, blocks: Blocks, pages: Iterable[Page], query: str) -> None:
        id = f"{self._id}{self._told}"
        self._told += 1
        blocks.whole(searches.asked(id, query) if query else ServerToolUseBlock(id, "web_search", _NO_INPUT))
        blocks.whole(searches.found(id, pages))


def _query(arguments: str | None) -> str:
    try:
        found = msgspec.json.decode(arguments or "")
    except msgspec.DecodeError:
        return ""
    query = found.get("query") if isinstance(found, dict) else None
    return query if isinstance(query, str) else ""
