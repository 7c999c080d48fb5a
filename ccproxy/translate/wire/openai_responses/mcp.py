"""MCP servers that the provider is to call: `mcp_servers`, and the toolsets that stand for them among the tools."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ccproxy.errors import InvalidRequest, Uncarriable
from ccproxy.translate.draft import Draft, given
from ccproxy.translate.messages import MessagesRequest, Tool


class _Configuration(Struct):
    enabled: bool | None = None
    allowed_tools: list[str] | None = None


class _Server(Struct):
    """One server as the client names it. `tool_configuration` is the older way to choose among its tools."""

    name: str
    url: str
    type: Literal["url"] = "url"
    authorization_token: str | None = None
    tool_configuration: _Configuration | None = None


class _Config(Struct):
    enabled: bool | None = None
    defer_loading: bool | None = None


_read_servers = msgspec.json.Decoder(list[_Server]).decode
_read_config = msgspec.json.Decoder(_Config | None).decode
_read_configs = msgspec.json.Decoder(dict[str, _Config] | None).decode

_ALL: list[str] | None = None


def is_toolset(tool: Tool) -> bool:
    """Whether the tool stands for the tools of an MCP server."""
    return tool.type == "mcp_toolset"


def servers(request: MessagesRequest, served: list[tuple[int, Tool]], draft: Draft) -> list[dict[str, Any]]:
    """The servers as tools of the provider's.

    Raises InvalidRequest for what is no server and for a toolset without one, and Uncarriable for a toolset that
    keeps single tools out: the API can only say which tools are allowed.
    """
    if request.mcp_servers is UNSET or not given(request.mcp_servers):
        found = []
    else:
        try:
            found = _read_servers(request.mcp_servers)
        except msgspec.MsgspecError as error:
            raise InvalidRequest(f"mcp_servers: {error}") from error
    toolsets = {tool.mcp_server_name: (index, tool) for index, tool in served if is_toolset(tool)}
    names = {server.name for server in found}
    for name, (index, _) in toolsets.items():
        if name not in names:
            raise InvalidRequest(f"tools.{index}.mcp_server_name: there is no server {name!r} in mcp_servers")
    sent = []
    for at, server in enumerate(found):
        allowed = _chosen(server, at, draft)
        if server.name in toolsets:
            allowed = _of_toolset(*toolsets[server.name], draft)
        if allowed != []:
            sent.append(_tool(server, allowed, draft))
    return sent


def _tool(server: _Server, allowed: list[str] | None, draft: Draft) -> dict[str, Any]:
    tool: dict[str, Any] = {"type": "mcp", "server_label": draft.tool_name(server.name), "server_url": server.url}
    if server.authorization_token:
        tool["authorization"] = server.authorization_token
    if allowed is not None:
        tool["allowed_tools"] = allowed
    if draft.dialect.mcp == "approval":
        tool["require_approval"] = "never"  # nobody could be asked
    return tool


def _chosen(server: _Server, at: int, draft: Draft) -> list[str] | None:
    """The tools that are allowed; None: all, and an empty list: none."""
    wish = server.tool_configuration
    if wish is None:
        return _ALL
    if wish.enabled is False:
        draft.losses.append(f"mcp_servers[{at}]")
        return []
    return wish.allowed_tools


def _of_toolset(index: int, tool: Tool, draft: Draft) -> list[str] | None:
    path = f"tools[{index}]"
    draft.lose(tool.cache_control, f"{path}.cache_control")
    default = _read(tool.default_config, _read_config, f"tools.{index}.default_config") or _Config()
    configs = _read(tool.configs, _read_configs, f"tools.{index}.configs") or {}
    if default.defer_loading:
        draft.losses.append(f"{path}.default_config.defer_loading")
    for name, config in configs.items():
        if config.defer_loading:
            draft.losses.append(f"{path}.configs.{name}.defer_loading")
    if default.enabled is False:
        allowed = [name for name, config in configs.items() if config.enabled]
        if not allowed:
            draft.losses.append(path)
        return allowed
    refused = next((name for name, config in configs.items() if config.enabled is False), None)
    if refused is not None:
        raise Uncarriable(
            f"tools.{index}.configs: {draft.target.label} cannot keep single tools out ({refused}); disable all "
            "of them by default and enable those that may be called"
        )
    return _ALL


def _read(value: Raw | UnsetType, read: Any, path: str) -> Any:
    if value is UNSET:
        return None
    try:
        return read(value)
    except msgspec.MsgspecError as error:
        raise InvalidRequest(f"{path}: {error}") from error
