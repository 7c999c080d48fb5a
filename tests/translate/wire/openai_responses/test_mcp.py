from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest, Uncarriable
from tests.translate.wire.openai_chat.requests import request, tool
from tests.translate.wire.openai_responses.requests import body, encoded, losses

WIKI = {"type": "url", "name": "wiki", "url": "https://wiki.test/mcp"}
SENT = {"type": "mcp", "server_label": "wiki", "server_url": "https://wiki.test/mcp", "require_approval": "never"}


def toolset(**more: Any) -> dict[str, Any]:
    return {"type": "mcp_toolset", "mcp_server_name": "wiki", **more}


@pytest.mark.parametrize(
    ("server", "tools", "expected", "lost"),
    [
        ({}, [], [SENT], []),
        ({"authorization_token": "t"}, [], [{**SENT, "authorization": "t"}], []),
        ({"tool_configuration": {"enabled": True}}, [], [SENT], []),
        ({"tool_configuration": {"allowed_tools": ["a"]}}, [], [{**SENT, "allowed_tools": ["a"]}], []),
        ({"tool_configuration": {"enabled": False}}, [], None, ["mcp_servers[0]"]),
        ({}, [toolset()], [SENT], []),
        ({}, [toolset(configs={"a": {"enabled": True}})], [SENT], []),
        (
            {},
            [toolset(default_config={"enabled": False}, configs={"a": {"enabled": True}, "b": {}})],
            [{**SENT, "allowed_tools": ["a"]}],
            [],
        ),
        ({}, [toolset(default_config={"enabled": False})], None, ["tools[0]"]),
        (
            {},
            [toolset(default_config={"defer_loading": True}, configs={"a": {"defer_loading": True}})],
            [SENT],
            ["tools[0].default_config.defer_loading", "tools[0].configs.a.defer_loading"],
        ),
        ({}, [toolset(cache_control={"type": "ephemeral"})], [SENT], ["tools[0].cache_control"]),
        ({}, [toolset(default_config=None, configs=None)], [SENT], []),
    ],
)
def test_servers(server: dict[str, Any], tools: list[Any], expected: Any, lost: list[str]) -> None:
    wish = request(mcp_servers=[WIKI | server], tools=tools)
    assert body(wish, "openai", model="gpt-5.6").get("tools") == expected
    assert losses(wish, "openai", model="gpt-5.6") == lost


def test_functions_stand_beside_them() -> None:
    wish = request(mcp_servers=[WIKI], tools=[tool(), toolset()])
    assert [one["type"] for one in body(wish, "openai", model="gpt-5.6")["tools"]] == ["function", "mcp"]


def test_xai_asks_nobody() -> None:
    sent = {name: value for name, value in SENT.items() if name != "require_approval"}
    assert body(request(mcp_servers=[WIKI]), "xai", model="grok-4.3")["tools"] == [sent]


def test_a_name_is_fitted() -> None:
    sent = encoded(request(mcp_servers=[{**WIKI, "name": "my wiki"}]), "openai", model="gpt-5.6")
    assert list(sent.names.values()) == ["my wiki"]


@pytest.mark.parametrize("servers", [None, []])
def test_none(servers: Any) -> None:
    assert "tools" not in body(request(mcp_servers=servers), "openai", model="gpt-5.6")
    assert "tools" not in body(request(mcp_servers=servers))


@pytest.mark.parametrize(
    ("fields", "error", "path"),
    [
        ({"mcp_servers": [{"name": "x"}]}, InvalidRequest, "mcp_servers"),
        ({"mcp_servers": [{**WIKI, "type": "stdio"}]}, InvalidRequest, "mcp_servers"),
        ({"tools": [toolset()]}, InvalidRequest, r"tools\.0\.mcp_server_name"),
        (
            {"mcp_servers": [WIKI], "tools": [toolset(configs={"a": {"enabled": False}})]},
            Uncarriable,
            r"tools\.0\.configs",
        ),
        ({"mcp_servers": [WIKI], "tools": [toolset(configs=[1])]}, InvalidRequest, r"tools\.0\.configs"),
        ({"mcp_servers": [WIKI], "tools": [toolset(default_config=1)]}, InvalidRequest, r"tools\.0\.default_config"),
    ],
)
def test_refused(fields: dict[str, Any], error: type[Exception], path: str) -> None:
    with pytest.raises(error, match=f"^{path}: "):
        body(request(**fields), "openai", model="gpt-5.6")


def test_where_nobody_calls_them() -> None:
    with pytest.raises(Uncarriable, match=r"^mcp_servers: "):
        body(request(mcp_servers=[WIKI]))
    with pytest.raises(Uncarriable, match=r"^mcp_servers: "):
        body(request(mcp_servers=[WIKI]), "openai", model="gpt-5.6", options={"tools": False})
