"""Names of models on Bedrock."""

from __future__ import annotations

import pytest

from ccproxy.translate.inference_profiles import base_model

ARN = "arn:aws:bedrock:us-east-1:000000000000"


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("anthropic.claude-v2", "anthropic.claude-v2"),
        ("us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("us-gov.anthropic.claude-3-haiku", "anthropic.claude-3-haiku"),
        ("global.openai.gpt-6-astra", "openai.gpt-6-astra"),
        (
            f"{ARN}:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0",
            "anthropic.claude-sonnet-4-20250514-v1:0",
        ),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        (f"{ARN}:application-inference-profile/AbC1", "AbC1"),
    ],
)
def test_base_models(name: str, base: str) -> None:
    assert base_model(name) == base
