"""What the models of one host take: each row is a model, a flag and its value."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.presets import hosts
from ccproxy.translate.dialect import Dialect, resolve

THREE = ("low", "medium", "high")


@pytest.mark.parametrize(
    ("dialect", "model", "flags"),
    [
        (
            hosts.GROQ,
            "llama-3.3-70b-versatile",
            {"json_schema": False, "thinking": "none", "max_output_tokens": 32768, "images": "none"},
        ),
        (hosts.GROQ, "openai/gpt-oss-120b", {"json_schema": True, "thinking": "effort", "efforts": THREE}),
        (hosts.GROQ, "qwen/qwen3-32b", {"effort_off": "none", "efforts": ("default",), "max_output_tokens": 40960}),
        (hosts.GROQ, "meta-llama/llama-4-scout-17b-16e-instruct", {"images": "any", "max_output_tokens": 8192}),
        (hosts.GROQ, "moonshotai/kimi-k2-instruct-0905", {"max_output_tokens": 16384}),
        (
            hosts.OPENROUTER,
            "anthropic/claude-opus-5",
            {"cache_control": True, "can_stop_thinking": True, "tool_ids": "any"},
        ),
        (hosts.OPENROUTER, "openai/gpt-5", {"can_stop_thinking": False}),
        (hosts.OPENROUTER, "openai/gpt-5.2", {"can_stop_thinking": True}),
        (
            hosts.OPENROUTER,
            "mistralai/devstral-medium",
            {"tool_ids": "nine", "assistant_after_tool": True, "system_anywhere": False},
        ),
        (hosts.OPENROUTER, "deepseek/deepseek-v4-pro", {"choice_while_thinking": False}),
        (hosts.OLLAMA, "qwen3", {"images": "data", "choice_required": "", "effort_off": "none"}),
        (hosts.TOGETHER, "meta-llama/Llama-3.3-70B-Instruct-Turbo", {"thinking": "none"}),
        (hosts.TOGETHER, "deepseek-ai/DeepSeek-R1", {"thinking": "effort"}),
        (hosts.FIREWORKS, "accounts/fireworks/models/gpt-oss-20b", {"thinking": "effort"}),
        (hosts.FIREWORKS, "accounts/fireworks/models/llama-v3p1-70b-instruct", {"thinking": "none", "effort_off": ""}),
        (
            hosts.CEREBRAS,
            "gpt-oss-120b",
            {"thinking": "effort", "effort_off": "", "format_with_tools": False, "parallel_tool_calls": False},
        ),
        (hosts.CEREBRAS, "zai-glm-4.7", {"thinking": "effort", "effort_off": "none", "efforts": ()}),
        (hosts.NVIDIA, "mistralai/mistral-small-4-119b-2603", {"assistant_after_tool": True}),
        (hosts.NVIDIA, "openai/gpt-oss-120b", {"thinking": "effort"}),
        (hosts.NVIDIA, "nvidia/nemotron-3-nano", {"thinking": "template"}),
        (hosts.HUGGINGFACE, "openai/gpt-oss-120b:cerebras", {"thinking": "effort"}),
        (hosts.GITHUB, "openai/gpt-5", {"system_role": "developer", "max_tokens_field": "max_completion_tokens"}),
        (hosts.GITHUB, "openai/gpt-4o", {"max_tokens_field": "max_tokens", "max_output_tokens": 16384}),
        (hosts.GITHUB, "mistral-ai/mistral-medium-2505", {"tool_ids": "nine"}),
        (hosts.VLLM, "qwen3", {"thinking": "template", "parallel_tool_calls": True}),
        (hosts.VLLM, "mistralai/Devstral-Small", {"tool_ids": "nine"}),
        (hosts.LLAMACPP, "qwen3", {"choice_named": False, "assistant_after_tool": False}),
        (hosts.LMSTUDIO, "gemma", {"images": "data", "json_object": False}),
    ],
)
def test_models(dialect: Dialect, model: str, flags: dict[str, Any]) -> None:
    found = resolve(dialect, model, {})
    assert {name: getattr(found, name) for name in flags} == flags


@pytest.mark.parametrize("dialect", [value for value in vars(hosts).values() if isinstance(value, Dialect)])
def test_variants_name_flags(dialect: Dialect) -> None:
    for variant in dialect.variants:
        assert set(variant.flags) <= set(Dialect.__struct_fields__)
        assert variant.models == variant.models.lower()
