"""`ccproxy import` into a real server: each kind of request then goes where the other program sent it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ccproxy.cli import main
from tests.fake_upstream import FakeUpstream
from tests.live.server import Server

KEY = "sk-provider-0123456789"
ROUTER = {
    "Providers": [
        {
            "name": "Main",
            "api_base_url": "https://main.example/v1/chat/completions",
            "api_key": "$MAIN_KEY",
            "models": ["big", "deep", "small"],
        },
        {
            "name": "gemini",
            "api_base_url": "https://generativelanguage.googleapis.com/v1beta/models/",
            "api_key": KEY,
            "models": ["gemini-3-pro", "gemini-3-flash"],
            "transformer": {"use": ["gemini"]},
        },
        {
            "name": "claude",
            "api_base_url": "http://127.0.0.1:9/v1/messages",
            "api_key": KEY,
            "models": ["claude-opus-4-5"],
            "transformer": {"use": ["Anthropic"]},
        },
    ],
    "Router": {
        "default": "Main,big",
        "background": "Main,small",
        "think": "Main,deep",
        "longContext": "gemini,gemini-3-pro",
        "longContextThreshold": 20000,
        "webSearch": "gemini,gemini-3-flash",
    },
    "fallback": {"default": ["claude,claude-opus-4-5"]},
}
LITELLM = f"""
model_list:
  - model_name: fast
    litellm_params: {{model: groq/llama-4, api_key: {KEY}}}
  - model_name: fast
    litellm_params: {{model: openai/qwen, api_base: "http://127.0.0.1:9/v1", api_key: {KEY}, order: 2}}
  - model_name: claude-3*
    litellm_params: {{model: deepseek/deepseek-chat, api_key: {KEY}}}
  - model_name: deepseek/*
    litellm_params: {{model: deepseek/*, api_key: {KEY}}}
router_settings:
  model_group_alias: {{quick: fast}}
  fallbacks: [{{claude-3*: [fast]}}]
"""
PLAIN: dict[str, Any] = {"max_tokens": 2048, "messages": [{"role": "user", "content": "hi"}]}
LONG = [{"role": "user", "content": "word " * 25_000}]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, workers=1) as running:
        yield running


def imported(server: Server, text: str, *options: str) -> list[str]:
    """The lines that the command says of it."""
    environ = {"CCPROXY_URL": server.url, "MAIN_KEY": KEY}
    result = CliRunner().invoke(main, ["import", "-", *options], env=environ, input=text)
    assert result.exit_code == 0, result.output
    assert KEY not in result.output
    return result.stderr.splitlines()


def went(server: Server, model: str, **more: Any) -> list[str]:
    """The targets of a request, in the order of trying."""
    status, found, _ = server.request("POST", "/v1/messages/explain", {**PLAIN, "model": model, **more})
    assert status == 200, found
    return [f"{target['provider']}/{target['model']}" for target in found["targets"]]


def test_a_claude_code_router_config_routes_as_it_did(server: Server) -> None:
    said = imported(server, json.dumps(ROUTER))
    assert said == [
        "carried otherwise: Providers.0.name: is 'main' here: names are of a-z 0-9 . _ -",
        "carried otherwise: Router.think: takes no request that says `thinking` only to switch it off",
        "carried otherwise: Router: its routes are for the model * here, as a provider lists names of Claude's: they "
        "go before all routes that are for a scenario alone",
        "claude-code-router config: 8 set up",
    ]
    # The provider lists this very model, which claude-code-router did not look at
    assert went(server, "claude-opus-4-5") == ["main/big", "claude/claude-opus-4-5"]
    assert went(server, "claude-opus-4-5-20251101") == ["main/big", "claude/claude-opus-4-5"]
    assert went(server, "claude-haiku-4-5-20251001") == ["main/small"]
    assert went(server, "claude-opus-4-5", thinking={"type": "enabled", "budget_tokens": 1024}) == ["main/deep"]
    assert went(server, "claude-opus-4-5", messages=LONG) == ["gemini/gemini-3-pro"]
    search = [{"type": "web_search_20250305", "name": "web_search"}]
    assert went(server, "claude-opus-4-5", tools=search) == ["gemini/gemini-3-flash"]
    assert went(server, "claude-opus-4-5", tools=search, thinking={"type": "adaptive"}) == ["gemini/gemini-3-flash"]
    assert went(server, "claude-haiku-4-5", tools=search) == ["main/small"]
    assert went(server, "claude-haiku-4-5", tools=search, messages=LONG) == ["gemini/gemini-3-pro"]
    slightly = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}
    assert went(server, "claude-opus-4-5", **slightly) == ["main/deep"]
    assert went(server, "claude,claude-opus-4-5") == ["claude/claude-opus-4-5"]

    _, [main_provider, *_], _ = server.request("GET", "/providers")
    assert main_provider["api_base_url"] == "https://main.example/v1"
    assert main_provider["api_key_hint"] == KEY[-4:]
    again = imported(server, json.dumps(ROUTER), "--replace")
    assert again == said


def test_a_litellm_config_routes_its_names(server: Server) -> None:
    assert imported(server, LITELLM) == ["LiteLLM config: 5 set up"]
    assert went(server, "fast") == went(server, "quick") == ["groq/llama-4", "openai-chat/qwen"]
    assert went(server, "claude-3-5-haiku-20241022")[0] == "deepseek/deepseek-chat"
    assert went(server, "deepseek/deepseek-reasoner") == ["deepseek/deepseek-reasoner"]


def test_any_other_name_goes_to_the_only_provider_as_it_is(server: Server) -> None:
    named = f"{{model_name: sonnet-4, litellm_params: {{model: anthropic/claude-sonnet-4-5, api_key: {KEY}}}}}"
    wild = f"{{model_name: '*', litellm_params: {{model: 'anthropic/*', api_key: {KEY}}}}}"
    assert imported(server, f"model_list: [{named}, {wild}]") == ["LiteLLM config: 2 set up"]
    assert went(server, "sonnet-4") == ["anthropic/claude-sonnet-4-5"]
    assert went(server, "claude-opus-5-5") == ["anthropic/claude-opus-5-5"]


@pytest.mark.parametrize("options", [(), ("--replace",)])
def test_a_second_file_sends_its_requests_to_its_own_server_with_its_own_key(
    server: Server, options: tuple[str, ...]
) -> None:
    """LiteLLM's files name no provider, so two of them may come to the same name."""
    with FakeUpstream() as one, FakeUpstream() as two:
        upstreams = {f"team{number}": upstream for number, upstream in enumerate((one, two), 1)}
        keys = {name: f"sk-key-of-{name}-0123456789" for name in upstreams}
        for name, upstream in upstreams.items():
            params = f"{{model: openai/m, api_base: '{upstream.base_url}', api_key: {keys[name]}}}"
            said = imported(server, f"model_list: [{{model_name: {name}, litellm_params: {params}}}]", *options)
            assert not any(line.startswith("not carried") for line in said), said
        for name, upstream in upstreams.items():
            status, answer, _ = server.request("POST", "/v1/messages", {**PLAIN, "model": name})
            assert status == 200, answer
            assert {request.headers["authorization"] for request in upstream.requests} == {f"Bearer {keys[name]}"}


def test_a_provider_that_stays_says_where_routes_to_it_lead(server: Server) -> None:
    first = {"providers": [{"name": "a", "type": "groq", "api_key": KEY}], "routes": {"default": "a/m"}}
    second = {"providers": [{"name": "a", "type": "xai", "api_key": KEY}], "routes": {"think": "a/n"}}
    assert imported(server, json.dumps(first)) == ["ccproxy config file: 2 set up"]
    assert imported(server, json.dumps(first)) == [
        "not carried: provider a: is there already; --replace changes it",
        "not carried: route default: is there already; --replace changes it",
        "ccproxy config file: 0 set up, 2 there already",
    ]
    assert imported(server, json.dumps(second)) == [
        "not carried: provider a: is there already, and differs in type, address; --replace changes it",
        "carried otherwise: route think: a/n is the proxy's own a, groq at https://api.groq.com/openai/v1",
        "ccproxy config file: 1 set up, 1 there already",
    ]
    _, routes, _ = server.request("GET", "/routes")
    assert [route["name"] for route in routes] == ["default", "think"]


def test_a_provider_that_is_replaced_keeps_no_key_for_another_server(server: Server) -> None:
    first = {"providers": [{"name": "a", "api_base_url": "http://127.0.0.1:9/v1", "api_key": KEY}]}
    second = {"providers": [{"name": "a", "type": "groq"}]}
    imported(server, json.dumps(first))
    imported(server, json.dumps(second), "--replace")
    _, provider, _ = server.request("GET", "/providers/a")
    assert (provider["type"], provider["api_base_url"]) == ("groq", "https://api.groq.com/openai/v1")
    assert provider["api_key_set"] is False
