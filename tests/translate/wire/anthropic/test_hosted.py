"""Tools that Anthropic's servers run, towards upstreams that don't."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy import presets
from ccproxy.errors import Uncarriable
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.wires import request_for
from ccproxy.store.providers import Provider
from ccproxy.translate.parse import parse
from ccproxy.translate.target import UpstreamRequest

SEARCH = {"type": "web_search_20250305", "name": "web_search"}
FETCH = {"type": "web_fetch_20250910", "name": "web_fetch"}
OWN = {"name": "look", "input_schema": {"type": "object"}}
CODE = {"type": "code_execution_20250825", "name": "code_execution"}
ALIKE = "zai-anthropic"


def sent(kind: str, options: dict[str, Any] | None = None, **fields: Any) -> UpstreamRequest:
    preset = presets.find(kind)
    assert preset is not None
    given = {"project": "p", **(options or {})} if kind == "vertex" else options or {}
    url = presets.base_url(preset, None, given) if preset.base_url else "https://r.services.ai.azure.com/anthropic"
    provider = Provider(name=kind, type=kind, api_base_url=url, api_key="k", options=given)
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}], **fields}
    target = for_model(connect(provider), "anthropic.claude-x" if kind == "bedrock" else "claude-x")
    return request_for(parse(json.dumps(body).encode()), {}, target)


@pytest.mark.parametrize("kind", [ALIKE, "ollama-anthropic", "bedrock", "vertex", "openrouter-anthropic"])
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"container": {"id": "c"}}, "container"),
        ({"mcp_servers": [{"type": "url", "name": "a", "url": "https://a.test"}]}, "mcp_servers"),
        ({"tools": [OWN, CODE]}, "tools.1"),
        ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "a"}]}, "tools.0"),
    ],
)
def test_what_would_be_missed_is_refused(kind: str, fields: dict[str, Any], path: str) -> None:
    with pytest.raises(Uncarriable, match=rf"^{path}: "):
        sent(kind, **fields)


@pytest.mark.parametrize("kind", ["anthropic", "azure-anthropic"])
def test_those_who_run_them_get_all_of_it(kind: str) -> None:
    fields = {"container": {"id": "c"}, "mcp_servers": [{"name": "a"}], "tools": [CODE, SEARCH, FETCH]}
    upstream = sent(kind, **fields)
    assert upstream.losses == ()
    assert {name: json.loads(upstream.body)[name] for name in fields} == fields


@pytest.mark.parametrize("fields", [{"container": None}, {"mcp_servers": []}, {"mcp_servers": None}])
def test_what_is_not_given_is_not_refused(fields: dict[str, Any]) -> None:
    assert json.loads(sent(ALIKE, **fields).body).items() >= fields.items()


@pytest.mark.parametrize("fields", [{"container": None}, {"mcp_servers": []}, {"mcp_servers": None}])
def test_invoke_model_refuses_the_very_names(fields: dict[str, Any]) -> None:
    upstream = sent("bedrock", **fields)
    assert not fields.keys() & json.loads(upstream.body).keys()
    assert upstream.losses == tuple(fields)


@pytest.mark.parametrize(
    ("tools", "choice", "kept", "chosen", "losses"),
    [
        ([SEARCH, OWN], None, [OWN], None, ("tools[0]",)),
        ([OWN, FETCH, OWN, SEARCH], {"type": "auto"}, [OWN, OWN], {"type": "auto"}, ("tools[1]", "tools[3]")),
        ([OWN, SEARCH], {"type": "tool", "name": "web_search"}, [OWN], None, ("tools[1]", "tool_choice")),
        ([OWN, SEARCH], {"type": "tool", "name": "look"}, [OWN], {"type": "tool", "name": "look"}, ("tools[1]",)),
        ([SEARCH], {"type": "auto"}, None, None, ("tools[0]", "tool_choice")),
        ([SEARCH], None, None, None, ("tools[0]",)),
        ([OWN], None, [OWN], None, ()),
    ],
)
def test_a_search_that_it_has_not_is_left_out(
    tools: list[Any], choice: Any, kept: Any, chosen: Any, losses: tuple[str, ...]
) -> None:
    upstream = sent(ALIKE, tools=tools, **({"tool_choice": choice} if choice else {}), top_k=3)
    body = json.loads(upstream.body)
    assert (body.get("tools"), body.get("tool_choice"), body["top_k"]) == (kept, chosen, 3)
    assert upstream.losses == losses


def test_vertex_searches_and_does_not_fetch() -> None:
    upstream = sent("vertex", tools=[SEARCH, FETCH])
    assert json.loads(upstream.body)["tools"] == [SEARCH]
    assert upstream.losses == ("tools[1]",)


def test_an_option_says_that_it_has_them() -> None:
    options = {"server_tools": True, "web_search": "web_search", "web_fetch": "web_fetch"}
    upstream = sent(ALIKE, options, tools=[SEARCH, FETCH, CODE], container={"id": "c"})
    assert upstream.losses == ()
