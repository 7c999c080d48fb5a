"""The tools that the provider runs itself: its web search."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct

from ccproxy.errors import Uncarriable
from ccproxy.translate import searches
from ccproxy.translate.draft import Draft, given
from ccproxy.translate.messages import Tool

_SOURCES = "web_search_call.action.sources"


class Hosted(Struct):
    """The provider's own tools. `names` maps those that the client gave them to the types that stand for them.

    `fields` belong into the body.
    """

    tools: list[dict[str, Any]]
    names: dict[str, tuple[str, ...]]
    fields: dict[str, Any]
    include: tuple[str, ...] = ()

    def keep(self, name: str) -> None:
        """Leave out all tools but the one of that name."""
        kept = self.names.get(name, ())
        self.tools[:] = [tool for tool in self.tools if tool["type"] in kept]


def hosted(served: list[tuple[int, Tool]], draft: Draft) -> Hosted:
    """The provider's tools for those that the client wants a server to run.

    What it has not is reported. Raises Uncarriable for a tool that nothing can replace.
    """
    found = Hosted([], {}, {})
    for index, tool in served:
        if searches.is_search(tool) and draft.dialect.web_search:
            _search(found, index, tool, draft)
        elif str(tool.type).startswith("code_execution"):
            raise Uncarriable(f"tools.{index}: {draft.target.label} has no code execution; leave {tool.type} out")
        else:
            draft.losses.append(f"tools[{index}]")
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
    if tool.max_uses is not None:
        if dialect.max_tool_calls:
            found.fields["max_tool_calls"] = tool.max_uses
        else:
            draft.losses.append(f"tools[{index}].max_uses")
    _report(tool, index, draft)
    found.tools.append(search)
    # Posts are no pages of the domains that were asked for.
    others = () if filters else kinds[1:]
    found.tools += [{"type": kind} for kind in others]
    found.names[tool.name] = (kinds[0], *others)
    if dialect.search_sources:
        found.include = (_SOURCES,)


def _report(tool: Tool, index: int, draft: Draft) -> None:
    for name in ("cache_control", "response_inclusion", "citations", "url_sources"):
        draft.lose(getattr(tool, name), f"tools[{index}].{name}")
    if tool.allowed_callers is not UNSET and bytes(tool.allowed_callers).replace(b" ", b"") != b'["direct"]':
        draft.lose(tool.allowed_callers, f"tools[{index}].allowed_callers")
