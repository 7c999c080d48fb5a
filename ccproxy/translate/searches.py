"""Web search and web fetch towards providers that have neither.

Clients send a request with nothing but such a tool when they want to search (Claude Code's WebSearch). Where the
provider cannot, that is answered here, in the form that the API documents for a search that failed, so that the
client sees an error of the search and no answer out of thin air.
"""

from __future__ import annotations

from msgspec import Raw

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
from ccproxy.translate.target import DecodeContext

_SEARCH_ERROR = Raw(b'{"type":"web_search_tool_result_error","error_code":"unavailable"}')
_FETCH_ERROR = Raw(b'{"type":"web_fetch_tool_result_error","error_code":"unavailable"}')


def is_search(tool: Tool) -> bool:
    """Whether the tool is Anthropic's web search, of any version."""
    return bool(tool.type) and str(tool.type).startswith("web_search_")


def is_fetch(tool: Tool) -> bool:
    """Whether the tool is Anthropic's web fetch, of any version."""
    return bool(tool.type) and str(tool.type).startswith("web_fetch_")


def unanswered(request: MessagesRequest, context: DecodeContext) -> Message | None:
    """The answer to a request whose only tools are web tools that the provider has not; None for all others."""
    tools = request.tools
    if not tools or not all(is_search(tool) or is_fetch(tool) for tool in tools):
        return None
    dialect = context.target.dialect
    if any(_had(tool, dialect) for tool in tools):
        return None
    tool = tools[0]
    id = "srvtoolu_" + context.message_id.removeprefix("msg_")
    result: ResponseBlock
    if is_search(tool):
        what, result = "web search", WebSearchToolResultBlock(id, _SEARCH_ERROR)
    else:
        what, result = "web fetch", WebFetchToolResultBlock(id, _FETCH_ERROR)
    text = f"{what.capitalize()} is unavailable: {context.target.label} has no {what} of its own."
    return Message(
        id=context.message_id,
        model=context.target.label,
        content=[ServerToolUseBlock(id, tool.name, Raw(b"{}")), result, TextBlock(text)],
        stop_reason="end_turn",
        usage=Usage(),
    )


def _had(tool: Tool, dialect: Dialect) -> bool:
    return bool(dialect.web_search if is_search(tool) else dialect.web_fetch)
