from __future__ import annotations

import pytest

from ccproxy.translate import templates
from ccproxy.translate.templates import UNKNOWN, find

FAMILY = dict(templates.FAMILIES)


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("groq/openai/gpt-oss-120b", "gpt-oss"),
        ("openai/gpt-5-mini", "gpt"),
        ("openai/o3-mini", "/o3"),
        ("o1", "/o1"),
        ("openrouter/anthropic/claude-haiku-4.5", "claude"),
        ("groq/llama-3.1-70b-versatile", "llama"),
        ("deepseek/deepseek-r1-distill-llama-70b", "deepseek"),
        ("Mistral/Ministral-3B", "ministral"),
        ("xai/anything", "grok"),
        ("azure/my-deployment", "gpt"),
    ],
)
def test_a_model_is_known_by_a_part_of_its_name(model: str, family: str) -> None:
    assert find(model) == FAMILY[family]


@pytest.mark.parametrize(
    "model", ["", "any", "ollama/granite3.2", "llamacpp/granite", "mistralrs/phi-4", "lmstudio/foo1"]
)
def test_other_models_have_the_common_template(model: str) -> None:
    assert find(model) is UNKNOWN
