"""Web search and web fetch in the blocks of the Messages API, and what is said where a provider has neither.

What a provider found comes back as `server_tool_use`, `web_search_tool_result` and citations. Only Anthropic's own
API can read encrypted content again, so the fields for it hold our mark, by which such a block is known later.

Clients send a request with nothing but such a tool when they want to search (Claude Code's WebSearch). Where the
provider cannot, that is answered here, in the form that the API documents for a search that failed, so that the
client sees an error of the search and no answer out of thin air.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from ccproxy.translate.dialect import Dialect
from ccproxy.translate.messages import (
    Message,
    MessagesRequest,
    ResponseBlock,
    ServerToolUseBlock,
    TextBlock,
    Tool,
    Usage,
    WebFetchToolResultBlock,
    WebSearchToolResultBlock,
)
from ccproxy.translate.served import SERVER_ID
from ccproxy.translate.target import DecodeContext

OURS = "ccp1.search"
"""Stands in `encrypted_content` and `encrypted_index` of what other providers found."""

_SEARCH_ERROR = Raw(b'{"type":"web_search_tool_result_error","error_code":"unavailable"}')
_FETCH_ERROR = Raw(b'{"type":"web_fetch_tool_result_error","error_code":"unavailable"}')


class Page(Struct, frozen=True):
    """A web page that a search found. `age` is when it was written or changed, in any words."""

    url: str
    title: str = ""
    age: str | None = None


class _Result(Struct, tag="web_search_result"):
    url: str
    title: str
    encrypted_content: str
    page_age: str | None


class _Citation(Struct, tag="web_search_result_location"):
    url: str
    title: str
    encrypted_index: str
    cited_text: str


_read: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def asked(id: str, query: str) -> ServerToolUseBlock:
    """A search that the provider made; `id` is `srvtoolu_…` and unique in the answer."""
    return ServerToolUseBlock(id, "web_search", Raw(msgspec.json.encode({"query": query})))


def found(id: str, pages: Iterable[Page]) -> WebSearchToolResultBlock:
    """What the search `id` found, each page once."""
    results = [_Result(page.url, page.title or page.url, OURS, page.age) for page in dict.fromkeys(pages) if page.url]
    return WebSearchToolResultBlock(id, Raw(msgspec.json.encode(results)))


def citation(page: Page, text: str = "") -> Raw:
    """A citation of a page; `text` is the passage of it, as far as it is known."""
    return Raw(msgspec.json.encode(_Citation(page.url, page.title or page.url, OURS, text)))


def counted(searches: int, fetches: int = 0) -> Raw | None:
    """`usage.server_tool_use` for so many searches, and pages that were read."""
    if not searches and not fetches:
        return None
    return Raw(msgspec.json.encode({"web_search_requests": searches, "web_fetch_requests": fetches}))


def told(block: ServerToolUseBlock | WebSearchToolResultBlock | WebFetchToolResultBlock) -> str:
    """A block of an earlier search or fetch in words, for a provider that has to be told what was found.

    All of its texts are in them, but no bytes of a document (see `untold`).
    """
    if isinstance(block, ServerToolUseBlock):
        return f"[{block.name} {str(block.input, 'utf-8')}]"
    content = _read.decode(block.content)
    match content:
        case list():
            return "\n".join(["[found:", *(_listed(one) for one in content), "]"])
        case {"error_code": str(code), **rest} if set(rest) <= {"type"}:
            what = "search" if isinstance(block, WebSearchToolResultBlock) else "fetch"
            return f"[the web {what} failed: {code}]"
        case {"type": "web_fetch_result", "url": str(url), "content": {"source": dict(source), **about}} if (
            source.get("type") != "text" or "data" in source
        ):
            when = f" at {content['retrieved_at']}" if content.get("retrieved_at") else ""
            head = "".join(f"<{name}>{about[name]}</{name}>\n" for name in ("title", "context") if about.get(name))
            text = source["data"] if source.get("type") == "text" else "(a file, which is not shown)"
            return f"[fetched {url}{when}]\n<document>\n{head}{text}\n</document>"
        case _:
            return f"[result of {block.tool_use_id}: {str(block.content, 'utf-8')}]"


def untold(block: ServerToolUseBlock | WebSearchToolResultBlock | WebFetchToolResultBlock) -> bool:
    """Whether the block holds the bytes of a document, which no words tell: their loss is to be reported."""
    if not isinstance(block, WebFetchToolResultBlock):
        return False
    content = _read.decode(block.content)
    match content:
        case {"type": "web_fetch_result", "url": str(), "content": {"source": {"type": kind}}}:
            return bool(kind != "text")
        case _:
            return False


def _listed(page: Any) -> str:
    if not isinstance(page, dict):
        return f"- {page}"
    said = (page.get("title"), page.get("url"), page.get("page_age"))
    return "- " + " ".join(str(one) for one in said if one)


def is_search(tool: Tool) -> bool:
    """Whether the tool is Anthropic's web search, of any version."""
    return bool(tool.type) and str(tool.type).startswith("web_search_")


def is_fetch(tool: Tool) -> bool:
    """Whether the tool is Anthropic's web fetch, of any version."""
    return bool(tool.type) and str(tool.type).startswith("web_fetch_")


def only_web(tools: list[Tool] | None) -> bool:
    """Whether there are tools, and none but web searches and fetches."""
    return bool(tools) and all(is_search(tool) or is_fetch(tool) for tool in tools or ())


def unanswered(request: MessagesRequest, context: DecodeContext) -> Message | None:
    """The answer to a request whose only tools are web tools that the provider has not; None for all others."""
    tools = request.tools or []
    dialect = context.target.dialect
    if not only_web(tools) or any(_had(tool, dialect) for tool in tools):
        return None
    choice = request.tool_choice
    if choice is not None and choice.type == "none":
        return None  # the tools are of no account then
    named = choice.name if choice is not None and choice.type == "tool" else None
    tool = next((one for one in tools if one.name == named), tools[0])
    id = SERVER_ID + context.message_id.removeprefix("msg_")
    result: ResponseBlock
    if is_search(tool):
        name, result = "web_search", WebSearchToolResultBlock(id, _SEARCH_ERROR)
    else:
        name, result = "web_fetch", WebFetchToolResultBlock(id, _FETCH_ERROR)
    what = name.replace("_", " ")
    text = f"{what.capitalize()} is unavailable: {context.target.label} has no {what} of its own."
    return Message(
        id=context.message_id,
        model=context.target.label,
        content=[ServerToolUseBlock(id, name, Raw(b"{}")), result, TextBlock(text)],
        stop_reason="end_turn",
        usage=Usage(),
    )


def _had(tool: Tool, dialect: Dialect) -> bool:
    return bool(dialect.web_search if is_search(tool) else dialect.web_fetch)
