from __future__ import annotations

import re
from pathlib import Path

import pytest

from ccproxy.presets import PRESETS, base_url, find, template
from ccproxy.presets.known import WIRES

NAMES = {
    "openai", "groq", "deepseek", "xai", "openrouter", "mistral", "ollama", "together", "fireworks", "cerebras",
    "moonshot", "zai", "qwen", "nvidia", "huggingface", "github", "perplexity", "vllm", "lmstudio", "llamacpp",
    "azure", "gemini-openai", "minimax", "gemini", "vertex", "cohere",
    "anthropic", "deepseek-anthropic", "moonshot-anthropic", "zai-anthropic", "minimax-anthropic",
    "openrouter-anthropic", "qwen-anthropic", "azure-anthropic", "ollama-anthropic", "vllm-anthropic",
    "lmstudio-anthropic", "llamacpp-anthropic", "bedrock", "bedrock-mantle",
}  # fmt: skip
DOCS = Path(__file__).resolve().parents[2] / "docs" / "providers.md"


def test_all_are_there() -> None:
    assert set(PRESETS) == NAMES
    assert set(WIRES) == {"openai-chat", "openai-responses"}


@pytest.mark.parametrize("name", [*sorted(NAMES), *WIRES])
def test_each_is_whole(name: str) -> None:
    preset = find(name)
    assert preset is not None
    assert preset.name == name
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}", name)
    assert preset.wire in ("openai-chat", "openai-responses", "gemini", "anthropic", "cohere", "bedrock-converse")
    assert preset.docs.endswith(".")
    assert preset.options
    if preset.base_url:
        holes = template.holes(preset.base_url)
        assert set(holes) <= set(preset.options)
        options = dict.fromkeys(holes, "somewhere-1")
        own = template.fill(preset.base_url, options)
        assert base_url(preset, None, options) == own
        assert base_url(preset, own, options) == own
        assert preset.base_url.endswith(preset.version)


def test_lists_of_models_are_complete_with_the_same_options() -> None:
    for preset in PRESETS.values():
        for url in preset.lists:
            assert set(template.holes(url)) <= set(template.holes(preset.base_url))
            assert not template.holes(url.partition("://")[2].partition("/")[2])


def test_find_of_what_is_not_there() -> None:
    assert find("nobody") is None


def test_keys_of_the_environment_name_one_preset_each() -> None:
    names = [name for preset in PRESETS.values() for name in preset.key_env]
    assert len(names) == len(set(names))
    assert all(preset.base_url for preset in PRESETS.values() if preset.key_env)


def test_grok_has_two_names() -> None:
    assert PRESETS["xai"].key_env == ("XAI_API_KEY", "GROK_API_KEY")


@pytest.mark.parametrize("name", [*sorted(NAMES), *WIRES])
def test_the_docs_name_it(name: str) -> None:
    preset = find(name)
    assert preset is not None
    row = next((line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")), "")
    assert preset.base_url in row
    assert all(key in row for key in preset.key_env)
    for option in preset.options:
        assert f"`{option}`" in DOCS.read_text(encoding="utf-8"), option
