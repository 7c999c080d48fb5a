"""Tools that Anthropic's servers run, towards upstreams that speak the Messages API and do not run them.

An answer that quietly lacks what code or an MCP server would have given is wrong, so these are refused. A search among
other tools is left out and reported; a request for nothing else is answered without asking the upstream
(`translate.searches`).
"""

from __future__ import annotations

from ccproxy.errors import Uncarriable
from ccproxy.translate import searches
from ccproxy.translate.draft import given
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.target import Target
from ccproxy.translate.wire.anthropic.members import Edit, Member, items, named, removed

_RUN = ("code_execution", "mcp_toolset")


def taken_out(request: MessagesRequest, found: list[Member], target: Target) -> tuple[list[Edit], set[str], list[str]]:
    """What takes out the tools that the upstream has not: edits, names of members that go whole, and the lost paths.

    `found` are the body's members. Raises Uncarriable for what it cannot run and must not ignore.
    """
    dialect = target.dialect
    if not dialect.server_tools:
        _refuse(request, target)
    gone = {
        index
        for index, tool in enumerate(request.tools or ())
        if (searches.is_search(tool) and not dialect.web_search) or (searches.is_fetch(tool) and not dialect.web_fetch)
    }
    if not gone:
        return [], set(), []
    losses = [f"tools[{index}]" for index in sorted(gone)]
    kept = [tool.name for index, tool in enumerate(request.tools or ()) if index not in gone]
    without = set() if kept else {"tools"}
    choice = request.tool_choice
    if choice is not None and (not kept or (choice.type == "tool" and choice.name not in kept)):
        without.add("tool_choice")
        losses.append("tool_choice")
    tools = named(found, "tools") if kept else None
    return removed(items(tools.value, tools.start), gone) if tools is not None else [], without, losses


def _refuse(request: MessagesRequest, target: Target) -> None:
    if given(request.container):
        raise Uncarriable(f"container: {target.label} has no containers or skills")
    if given(request.mcp_servers) and bytes(request.mcp_servers).replace(b" ", b"") != b"[]":  # type: ignore[arg-type]
        raise Uncarriable(f"mcp_servers: {target.label} cannot call MCP servers; connect them in the client")
    for index, tool in enumerate(request.tools or ()):
        if str(tool.type).startswith(_RUN):
            raise Uncarriable(f"tools.{index}: {target.label} does not run {tool.type}; leave it out")
