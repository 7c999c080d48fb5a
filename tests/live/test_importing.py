"""`ccproxy import` into a real server: each kind of request then goes where the other program sent it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ccproxy.cli import main
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
