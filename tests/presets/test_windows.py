from __future__ import annotations

import pytest

from ccproxy.presets import PRESETS
from ccproxy.presets.windows import WINDOWS, context_window


@pytest.mark.parametrize(
    ("preset", "model", "window"),
    [
        ("openai", "gpt-5.4", 1_050_000),
        ("openai", "gpt-5.4-mini-2026-03-17", 400_000),
        ("openai", "gpt-5.2-chat-latest", 128_000),
        ("openai", "gpt-5-mini", 400_000),
        ("openai", "gpt-4.1-nano", 1_047_576),
        ("openai", "gpt-4o-mini", 128_000),
        ("openai", "gpt-4", 8_192),
        ("openai", "o1-mini", 128_000),
        ("openai", "o3", 200_000),
        ("openai", "text-embedding-3-small", None),
        ("azure", "GPT-4.1", 1_047_576),
        ("deepseek", "deepseek-v4-pro", 1_000_000),
        ("deepseek-anthropic", "deepseek-v4-pro", 1_000_000),
        ("xai", "grok-4-1-fast-non-reasoning", 2_000_000),
        ("xai", "grok-4", 256_000),
        ("xai", "grok-4.5", 500_000),
        ("xai", "grok-99", None),
        ("gemini", "gemini-3-pro-preview", 1_048_576),
        ("gemini", "gemma-3-27b-it", None),
        ("anthropic", "claude-opus-5-5", 1_000_000),
        ("anthropic", "claude-sonnet-4-5-20250929", 200_000),
        ("anthropic", "claude-3-5-haiku-20241022", 200_000),
        ("azure-anthropic", "claude-haiku-5-5", 1_000_000),
        ("bedrock", "us.anthropic.claude-opus-4-6-v1:0", 1_000_000),
        ("vertex", "claude-haiku-4-5@20251001", 200_000),
        ("vertex", "gemini-3-flash-preview", 1_048_576),
        ("zai", "glm-5.2", 1_000_000),
        ("zai", "glm-4.6", 200_000),
        ("qwen", "qwen3.6-plus", 1_000_000),
        ("perplexity", "sonar-pro", 200_000),
        ("ollama", "gpt-4.1", None),
        ("nobody", "gpt-4.1", None),
    ],
)
def test_context_window(preset: str, model: str, window: int | None) -> None:
    assert context_window(preset, model) == window


def test_all_are_presets() -> None:
    assert set(WINDOWS) <= set(PRESETS)
