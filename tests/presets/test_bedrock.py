"""What is known of the models on Bedrock, by the ids that they have there."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.presets.bedrock import CONVERSE
from ccproxy.translate.dialect import resolve

SONNET_4_5 = "anthropic.claude-sonnet-4-5-20250929-v1:0"
SONNET_4_6 = "global.anthropic.claude-sonnet-4-6"


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        (
            "thinking",
            {
                "anthropic.claude-3-5-haiku-20241022-v1:0": "none",
                "us.anthropic.claude-3-7-sonnet-20250219-v1:0": "tokens",
                "us.anthropic.claude-sonnet-4-20250514-v1:0": "tokens",
                SONNET_4_5: "tokens",
                "us.anthropic.claude-opus-4-1-20250805-v1:0": "tokens",
                SONNET_4_6: "adaptive",
                "global.anthropic.claude-opus-4-8": "adaptive",
                "global.anthropic.claude-sonnet-5": "adaptive",
                "amazon.nova-pro-v1:0": "none",
                "us.amazon.nova-2-lite-v1:0": "max_effort",
                "openai.gpt-oss-20b-1:0": "effort",
                "us.openai.gpt-5.6-sol": "reasoning",
                "qwen.qwen3-32b-v1:0": "reasoning_config",
                "qwen.qwen3-coder-480b-a35b-v1:0": "none",
                "somebody.new-v1:0": "none",
            },
        ),
        (
            "max_output_tokens",
            {
                "anthropic.claude-v2": 4096,
                "anthropic.claude-3-haiku-20240307-v1:0": 4096,
                "anthropic.claude-3-5-sonnet-20240620-v1:0": 4096,
                "anthropic.claude-3-5-sonnet-20241022-v2:0": 8192,
                "us.anthropic.claude-opus-4-20250514-v1:0": 32000,
                "us.anthropic.claude-opus-4-1-20250805-v1:0": 32000,
                "us.anthropic.claude-opus-4-5-20251101-v1:0": 64000,
                SONNET_4_5: 64000,
                SONNET_4_6: 128000,
                "amazon.nova-micro-v1:0": 10000,
                "meta.llama3-8b-instruct-v1:0": 2048,
                "mistral.mistral-large-3-675b-instruct": None,
                "somebody.new-v1:0": None,
            },
        ),
        (
            "images",
            {
                "amazon.nova-micro-v1:0": "none",
                "amazon.nova-lite-v1:0": "data",
                "meta.llama3-3-70b-instruct-v1:0": "none",
                "us.meta.llama3-2-11b-instruct-v1:0": "data",
                "us.mistral.pixtral-large-2502-v1:0": "data",
                "qwen.qwen3-vl-235b-a22b": "data",
                "moonshotai.kimi-k2.5": "data",
                "moonshot.kimi-k2-thinking": "none",
                "somebody.new-v1:0": "data",
            },
        ),
        (
            "tools",
            {
                "anthropic.claude-instant-v1": False,
                "amazon.titan-text-express-v1": False,
                "us.deepseek.r1-v1:0": False,
                "deepseek.v3-v1:0": True,
                "mistral.mixtral-8x7b-instruct-v0:1": False,
                "meta.llama3-2-3b-instruct-v1:0": False,
                "meta.llama3-1-8b-instruct-v1:0": True,
                "cohere.command-r-v1:0": True,
            },
        ),
        (
            "json_schema",
            {
                SONNET_4_5: True,
                "global.anthropic.claude-opus-4-8": False,
                "minimax.minimax-m2": True,
                "us.amazon.nova-2-lite-v1:0": False,
                "google.gemma-3-27b-it": True,
                "google.gemma-3-4b-it": False,
            },
        ),
        (
            "choice_required",
            {
                SONNET_4_5: "any",
                "us.meta.llama4-scout-17b-instruct-v1:0": "",
                "mistral.mistral-large-2402-v1:0": "any",
                "mistral.mistral-small-2402-v1:0": "",
                "openai.gpt-oss-20b-1:0": "any",
            },
        ),
        (
            "web_search",
            {
                "us.amazon.nova-2-lite-v1:0": "nova_grounding",
                "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-premier-v1:0": "nova_grounding",
                "eu.amazon.nova-2-lite-v1:0": "",
                "us.amazon.nova-pro-v1:0": "",
            },
        ),
        (
            "cache_hour",
            {SONNET_4_5: True, "us.anthropic.claude-sonnet-4-20250514-v1:0": False, "amazon.nova-lite-v1:0": False},
        ),
        ("prefill", {SONNET_4_5: "continued", SONNET_4_6: "refused"}),
        ("temperature", {SONNET_4_6: True, "global.anthropic.claude-opus-5": False, "us.openai.gpt-6-luna": False}),
    ],
)
def test_flags(flag: str, expected: dict[str, Any]) -> None:
    assert {model: getattr(resolve(CONVERSE, model, {}), flag) for model in expected} == expected
