"""What the models of one maker take: each row is a model, a flag and its value."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.presets import makers
from ccproxy.translate.dialect import Dialect, resolve

FOUR = ("low", "medium", "high", "xhigh")


@pytest.mark.parametrize(
    ("dialect", "model", "flags"),
    [
        (
            makers.OPENAI,
            "gpt-4o-mini",
            {
                "max_output_tokens": 16384,
                "system_role": "system",
                "temperature": True,
                "stop_limit": 4,
                "thinking": "none",
            },
        ),
        (makers.OPENAI, "gpt-4.1", {"max_output_tokens": 32768, "images": "any", "json_schema": True}),
        (makers.OPENAI, "gpt-4", {"images": "none", "json_schema": False}),
        (makers.OPENAI, "gpt-4-turbo-2024-04-09", {"images": "any", "max_output_tokens": 4096}),
        (makers.OPENAI, "gpt-3.5-turbo", {"json_schema": False}),
        (
            makers.OPENAI,
            "o4-mini",
            {"system_role": "developer", "temperature": False, "stop_limit": 0, "efforts": FOUR[:3], "effort_off": ""},
        ),
        (makers.OPENAI, "o1-mini", {"system_role": "user", "thinking": "none"}),
        (makers.OPENAI, "gpt-5", {"efforts": ("minimal", *FOUR[:3]), "effort_off": "", "effort_with_tools": True}),
        (makers.OPENAI, "gpt-5-mini-2025-08-07", {"efforts": ("minimal", *FOUR[:3]), "max_output_tokens": 128000}),
        (makers.OPENAI, "gpt-5.1", {"efforts": FOUR[:3], "effort_off": "none", "effort_with_tools": True}),
        (makers.OPENAI, "gpt-5.2", {"efforts": FOUR, "effort_with_tools": True}),
        (makers.OPENAI, "gpt-5.4", {"effort_with_tools": False, "effort_off": "none"}),
        (makers.OPENAI, "gpt-5.10", {"effort_with_tools": False, "efforts": FOUR}),
        (makers.OPENAI, "gpt-6", {"effort_with_tools": False}),
        (makers.OPENAI, "gpt-5-chat-latest", {"thinking": "none", "temperature": True, "stop_limit": 4}),
        (makers.AZURE, "my-deployment", {"max_tokens_field": "max_tokens", "thinking": "none", "temperature": True}),
        (
            makers.AZURE,
            "gpt-5.5",
            {"max_tokens_field": "max_completion_tokens", "effort_with_tools": False, "temperature": False},
        ),
        (makers.AZURE, "gpt-35-turbo", {"json_schema": False}),
        (
            makers.DEEPSEEK,
            "deepseek-v4-pro",
            {
                "thinking": "type",
                "efforts": ("high", "max"),
                "replay_required": True,
                "images": "none",
                "json_schema": False,
            },
        ),
        (makers.DEEPSEEK, "deepseek-chat", {"thinking": "none", "replay_required": False, "max_output_tokens": 8192}),
        (makers.DEEPSEEK, "deepseek-reasoner", {"can_stop_thinking": False}),
        (makers.XAI, "grok-3-mini", {"thinking": "effort", "efforts": ("low", "high"), "stop_limit": 0}),
        (makers.XAI, "grok-3", {"thinking": "none", "stop_limit": 4, "thinks_by_default": False}),
        (makers.XAI, "grok-4", {"thinking": "none", "stop_limit": 0, "thinks_by_default": True}),
        (makers.XAI, "grok-4.6", {"thinking": "effort", "efforts": FOUR[:3]}),
        (makers.XAI, "grok-4-fast-non-reasoning", {"thinking": "none", "stop_limit": 4, "thinks_by_default": False}),
        (makers.XAI, "grok-2-vision-1212", {"images": "any"}),
        (
            makers.MISTRAL,
            "mistral-small-latest",
            {
                "thinking": "effort",
                "efforts": ("high",),
                "effort_off": "none",
                "stream_options": False,
                "tool_ids": "nine",
            },
        ),
        (makers.MISTRAL, "mistral-medium-3-5", {"thinking": "effort"}),
        (makers.MISTRAL, "mistral-medium-3.5", {"thinking": "effort"}),
        (makers.MISTRAL, "mistral-small-2603", {"thinking": "effort"}),
        (makers.MISTRAL, "mistral-small-2506", {"thinking": "none", "effort_off": ""}),
        (makers.MISTRAL, "mistral-medium-3", {"thinking": "none"}),
        (makers.MISTRAL, "mistral-small-3.2-24b", {"thinking": "none"}),
        (makers.MISTRAL, "magistral-medium-latest", {"thinking": "prompt_mode"}),
        (makers.MISTRAL, "ministral-8b-latest", {"thinking": "none"}),
        (
            makers.MOONSHOT,
            "kimi-k2.6",
            {
                "thinking": "type",
                "can_stop_thinking": True,
                "temperature": False,
                "replay_required": True,
                "images": "data",
            },
        ),
        (makers.MOONSHOT, "kimi-k2.7-code", {"thinking": "none", "can_stop_thinking": False}),
        (makers.MOONSHOT, "kimi-k3", {"thinking": "effort", "efforts": ("low", "high", "max"), "effort_off": ""}),
        (makers.MOONSHOT, "kimi-k2-0905-preview", {"thinking": "none", "temperature": True, "replay_required": False}),
        (makers.MOONSHOT, "kimi-k2-thinking", {"thinking": "none", "replay_required": True}),
        (makers.MOONSHOT, "moonshot-v1-8k", {"temperature": True}),
        (
            makers.ZAI,
            "glm-5.2",
            {"thinking": "type", "efforts": ("low", "medium", "high", "max"), "max_output_tokens": 131072},
        ),
        (makers.ZAI, "glm-4.5v", {"images": "any", "max_output_tokens": 16384}),
        (makers.ZAI, "glm-4.6", {"efforts": (), "images": "none"}),
        (makers.QWEN, "qwen3-max", {"thinking": "enable_thinking", "max_output_tokens": 65536}),
        (makers.QWEN, "qwen3-max", {"web_search": "enable_search", "body_fields": {}}),
        (makers.QWEN, "qwen3.6-plus", {"body_fields": {"preserve_thinking": True}}),
        (makers.MOONSHOT, "kimi-k2.6", {"thinking_fields": {"type": "enabled", "keep": "all"}}),
        (makers.MOONSHOT, "kimi-k2.5", {"thinking_fields": {}}),
        (makers.QWEN, "qwen3-coder-plus", {"thinking": "none", "web_search": ""}),
        (
            makers.OPENAI,
            "gpt-5-search-api",
            {"web_search": "web_search_options", "tools": False, "thinking": "none", "system_role": "system"},
        ),
        (makers.OPENAI, "gpt-4o", {"web_search": "", "tools": True}),
        (makers.COHERE, "command-a-03-2025", {"thinking": "none", "images": "none", "choice_required": "required"}),
        (makers.COHERE, "command-a-plus-05-2026", {"thinking": "type", "images": "any", "thinks_by_default": True}),
        (makers.COHERE, "command-a-vision-07-2025", {"thinking": "none", "images": "any"}),
        (makers.COHERE, "command-r-plus-08-2024", {"choice_required": ""}),
        (makers.COHERE, "command-r7b-12-2024", {"choice_required": "required"}),
        (makers.QWEN, "qwen3-235b-a22b", {"thinks_streamed_only": True, "thinks_by_default": True}),
        (makers.QWEN, "qwen3-0.6b", {"thinks_streamed_only": True}),
        (makers.QWEN, "qwen3-235b-a22b-instruct-2507", {"thinks_streamed_only": False, "thinking": "none"}),
        (makers.QWEN, "qwen3-max", {"thinks_streamed_only": False}),
        (makers.QWEN, "qwen3-vl-plus", {"images": "any"}),
        (makers.QWEN, "qwq-plus", {"can_stop_thinking": False}),
        (makers.GEMINI, "gemini-2.5-flash", {"effort_off": "none", "max_output_tokens": 65536}),
        (makers.GEMINI, "gemini-2.0-flash", {"thinking": "none"}),
        (makers.PERPLEXITY, "sonar", {"tools": False, "thinking": "none", "user_first": True}),
        (makers.PERPLEXITY, "sonar-reasoning-pro", {"thinking": "effort"}),
        (makers.MINIMAX, "MiniMax-M2", {"replay": "tags", "think_tags": True}),
    ],
)
def test_models(dialect: Dialect, model: str, flags: dict[str, Any]) -> None:
    found = resolve(dialect, model, {})
    assert {name: getattr(found, name) for name in flags} == flags


@pytest.mark.parametrize("dialect", [value for value in vars(makers).values() if isinstance(value, Dialect)])
def test_variants_name_flags(dialect: Dialect) -> None:
    for variant in dialect.variants:
        assert set(variant.flags) <= set(Dialect.__struct_fields__)
        assert variant.models == variant.models.lower()
