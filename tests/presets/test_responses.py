"""Which models are asked through the Responses API, and what they take there."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy import presets
from ccproxy.presets import responses
from ccproxy.translate.dialect import Dialect, resolve

THREE = ("low", "medium", "high")
FOUR = (*THREE, "xhigh")
DATED = {"api_version": "2025-04-01-preview"}
PINNED = ("deepseek", "groq", "ollama", "vllm", "lmstudio")
OLD = {"api_version": "2024-10-21"}


@pytest.mark.parametrize(
    ("kind", "models", "options", "wire"),
    [
        (
            "openai",
            "gpt-5 gpt-5-mini-2025-08-07 gpt-5.6-sol gpt-6-astra gpt-10 o1 o1-pro o3 o3-mini o4-mini ft:o4-mini:x "
            "o3-deep-research gpt-5-codex codex-mini-latest computer-use-preview GPT-5",
            {},
            "openai-responses",
        ),
        (
            "openai",
            "gpt-4o gpt-4.1 gpt-4.1-nano gpt-3.5-turbo gpt-4 o1-mini o1-preview-2024-09-12 gpt-4o-search-preview "
            "gpt-5-search-api gpt-4o-audio-preview gpt-5-chat-latest chatgpt-4o-latest ft:gpt-4o:x my-model",
            {},
            "openai-chat",
        ),
        ("openai", "gpt-4o anything", {"api": "responses"}, "openai-responses"),
        ("openai", "gpt-5 o3", {"api": "chat"}, "openai-chat"),
        ("azure", "gpt-5.1 o3", {}, "openai-responses"),
        ("azure", "gpt-5.1 o3", DATED, "openai-responses"),
        ("azure", "gpt-5.1 o3", OLD, "openai-chat"),
        ("azure", "gpt-5.1 o3", {**OLD, "api": "responses"}, "openai-responses"),
        ("azure", "my-deployment gpt-4o gpt-5.1-chat", {}, "openai-chat"),
        ("azure", "my-deployment", {"api": "responses"}, "openai-responses"),
        ("xai", "grok-4.3 grok-3-mini grok-code-fast-1", {}, "openai-responses"),
        ("xai", "grok-4.3", {"api": "chat"}, "openai-chat"),
        *((kind, "some-model", {}, "openai-chat") for kind in PINNED),
        *((kind, "some-model", {"api": "responses"}, "openai-responses") for kind in PINNED),
    ],
)
def test_which_api(kind: str, models: str, options: dict[str, Any], wire: str) -> None:
    preset = presets.find(kind)
    assert preset is not None
    assert {presets.api(preset, model, options).wire for model in models.split()} == {wire}


def test_a_url_that_names_a_deployment_is_one_of_chat_completions() -> None:
    preset = presets.PRESETS["azure"]
    url = "https://r.openai.azure.com/openai/deployments/d"
    assert presets.api(preset, "gpt-5.1", DATED, url).wire == "openai-chat"


@pytest.mark.parametrize(
    ("dialect", "model", "flags"),
    [
        (responses.OPENAI, "gpt-5", {"efforts": ("minimal", *THREE), "effort_off": "", "thinks_by_default": True}),
        (responses.OPENAI, "gpt-5.1", {"efforts": THREE, "effort_off": "none", "thinks_by_default": False}),
        (responses.OPENAI, "gpt-5.2-2025-12-11", {"efforts": FOUR, "thinks_by_default": False}),
        (responses.OPENAI, "gpt-5.5", {"efforts": FOUR, "thinks_by_default": True, "max_output_tokens": 128000}),
        (responses.OPENAI, "gpt-5.6-terra", {"efforts": (*FOUR, "max"), "effort_off": "none", "temperature": False}),
        (responses.OPENAI, "gpt-5.10", {"efforts": (*FOUR, "max"), "thinks_by_default": True}),
        (responses.OPENAI, "gpt-6-astra", {"efforts": (*FOUR, "max"), "encrypted_reasoning": True}),
        (responses.OPENAI, "gpt-5-codex", {"efforts": THREE, "effort_off": ""}),
        (responses.OPENAI, "gpt-5.1-codex-max", {"efforts": FOUR, "thinks_by_default": True}),
        (responses.OPENAI, "gpt-5.3-codex", {"efforts": FOUR, "effort_off": "", "thinks_by_default": True}),
        (responses.OPENAI, "gpt-5-pro", {"efforts": ("high",), "max_output_tokens": 272000}),
        (responses.OPENAI, "gpt-5.4-pro", {"efforts": ("medium", "high", "xhigh"), "effort_off": ""}),
        (responses.OPENAI, "o3", {"efforts": THREE, "max_output_tokens": 100000, "web_search": "web_search"}),
        (responses.OPENAI, "o3-mini", {"web_search": ""}),
        (responses.OPENAI, "o3-deep-research", {"efforts": ("medium",)}),
        (
            responses.OPENAI,
            "gpt-4o",
            {
                "temperature": True,
                "efforts": (),
                "replay": "none",
                "encrypted_reasoning": False,
                "web_search": "web_search",
                "max_output_tokens": 16384,
            },
        ),
        (responses.OPENAI, "gpt-4.1-nano", {"max_output_tokens": 32768, "web_search": "", "search_sources": False}),
        (responses.OPENAI, "gpt-4-turbo", {"max_output_tokens": 4096, "images": "any", "pdf": "none"}),
        (responses.OPENAI, "gpt-4", {"max_output_tokens": 8192, "images": "none"}),
        (responses.OPENAI, "gpt-5.2-chat-latest", {"temperature": True, "efforts": (), "thinks_by_default": False}),
        (responses.AZURE, "my-deployment", {"temperature": True, "replay": "none", "efforts": ()}),
        (
            responses.AZURE,
            "gpt-5.5",
            {"temperature": False, "replay": "items", "efforts": FOUR, "search_sources": False},
        ),
        (responses.AZURE, "gpt-5.6", {"prompt_cache_key": True, "cache_breakpoints": False}),
        (responses.XAI, "grok-4.3", {"efforts": THREE, "effort_off": "none", "encrypted_reasoning": True}),
        (responses.XAI, "grok-4.5", {"efforts": THREE, "effort_off": "", "reasoning_summary": ""}),
        (responses.XAI, "grok-4.6", {"efforts": FOUR}),
        (responses.XAI, "grok-3-mini", {"efforts": ("low", "high"), "encrypted_reasoning": False, "images": "none"}),
        (responses.XAI, "grok-4-0709", {"efforts": (), "encrypted_reasoning": True, "images": "any"}),
        (responses.XAI, "grok-4-fast-non-reasoning", {"thinks_by_default": False, "encrypted_reasoning": False}),
        (responses.XAI, "grok-4.20-multi-agent-0309", {"efforts": FOUR}),
        (responses.OPENAI, "gpt-5.3-codex", {"phases": True}),
        (responses.OPENAI, "gpt-5.2", {"phases": False}),
        (responses.GROQ, "openai/gpt-oss-120b", {"efforts": THREE, "images": "none"}),
        (responses.GROQ, "llama-3.3-70b-versatile", {"efforts": (), "pdf": "none"}),
        (responses.DEEPSEEK, "deepseek-v4-flash", {"web_search": "web_search", "efforts": ("high", "max")}),
        (responses.ANY, "anything", {"encrypted_reasoning": False, "replay": "items", "web_search": ""}),
    ],
)
def test_models(dialect: Dialect, model: str, flags: dict[str, Any]) -> None:
    found = resolve(dialect, model, {})
    assert {name: getattr(found, name) for name in flags} == flags


@pytest.mark.parametrize("dialect", [value for value in vars(responses).values() if isinstance(value, Dialect)])
def test_variants_name_flags(dialect: Dialect) -> None:
    for variant in dialect.variants:
        assert set(variant.flags) <= set(Dialect.__struct_fields__)
        assert variant.models == variant.models.lower()
