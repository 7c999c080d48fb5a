"""The tools that the provider runs itself: its web search, its code interpreter, MCP servers that it calls."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct

from ccproxy.translate import searches
from ccproxy.translate.draft import Draft, given
from ccproxy.translate.functions import unserved
from ccproxy.translate.messages import MessagesRequest, Tool
from ccproxy.translate.wire.openai_responses import mcp

_SOURCES = "web_search_call.action.sources"
_OUTPUTS = "code_interpreter_call.outputs"


class Hosted(Struct):
    """The provider's own tools. `names` maps those that the client gave them to the types that stand for them.

    `fields` belong into the body.
    """

    tools: list[dict[str, Any]]
    names: dict[str, tuple[str, ...]]
    fields: dict[str, Any]
    include: list[str] = []

    def keep(self, name: str) -> None:
        """Leave out all tools but the one of that name."""
        kept = self.names.get(name, ())
        self.tools[:] = [tool for tool in self.tools if tool["type"] in kept]


def hosted(request: MessagesRequest, served: list[tuple[int, Tool]], draft: Draft) -> Hosted:
    """The provider's tools for those that the client wants a server to run, and for its MCP servers.

    What it has not is reported. Raises Uncarriable for a tool that nothing can replace, and InvalidRequest.
    """
    found = Hosted([], {}, {})
    dialect = draft.dialect
    uses: tuple[int, int] | None = None
    for index, tool in served:
        if searches.is_search(tool) and dialect.web_search:
            _search(found, index, tool, draft)
            uses = (index, tool.max_uses) if tool.max_uses is not None else uses
        elif str(tool.type).startswith("code_execution") and dialect.code_execution:
            _code(found, index, tool, draft)
        elif not (mcp.is_toolset(tool) and dialect.mcp):
            unserved([(index, tool)], draft)
    if dialect.mcp:
        found.tools += mcp.servers(request, served, draft)
    if uses is not None:
        if dialect.max_tool_calls and len(found.tools) == 1:  # for it counts all of them together
            found.fields["max_tool_calls"] = uses[1]
        else:
            draft.losses.append(f"tools[{uses[0]}].max_uses")
    return found


def _search(found: Hosted, index: int, tool: Tool, draft: Draft) -> None:
    dialect = draft.dialect
    kinds = tuple(dialect.web_search.split("+"))
    search: dict[str, Any] = {"type": kinds[0]}
    filters: dict[str, Any] = {}
    if tool.allowed_domains:
        filters["allowed_domains"] = tool.allowed_domains
    if tool.blocked_domains:
        if dialect.blocked_domains:
            filters[dialect.blocked_domains] = tool.blocked_domains
        else:
            draft.losses.append(f"tools[{index}].blocked_domains")
    if filters:
        search["filters"] = filters
    if tool.user_location is not UNSET and given(tool.user_location):
        if dialect.search_location:
            search["user_location"] = tool.user_location
        else:
            draft.losses.append(f"tools[{index}].user_location")
    _report(tool, index, draft)
    found.tools.append(search)
    # Posts are no pages of the domains that were asked for.
    others = () if filters else kinds[1:]
    found.tools += [{"type": kind} for kind in others]
    found.names[tool.name] = (kinds[0], *others)
    if dialect.search_sources:
        found.include.append(_SOURCES)


def _code(found: Hosted, index: int, tool: Tool, draft: Draft) -> None:
    """What the code printed has to be asked for."""
    _report(tool, index, draft)
    found.tools.append({"type": "code_interpreter", "container": {"type": "auto"}})
    found.names[tool.name] = ("code_interpreter",)
    found.include.append(_OUTPUTS)


def _report(tool: Tool, index: int, draft: Draft) -> None:
    for name in ("cache_control", "response_inclusion", "citations", "url_sources"):
        draft.lose(getattr(tool, name), f"tools[{index}].{name}")
    if tool.allowed_callers is not UNSET and bytes(tool.allowed_callers).replace(b" ", b"") != b'["direct"]':
        draft.lose(tool.allowed_callers, f"tools[{index}].allowed_callers")
