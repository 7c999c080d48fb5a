"""Whose reasoning it is."""

from __future__ import annotations

import pytest

from ccproxy.translate.wire.bedrock_converse.reasoning import base_model, maker, packed, unpacked


@pytest.mark.parametrize(
    ("model", "base", "made_by"),
    [
        ("anthropic.claude-v2", "anthropic.claude-v2", "anthropic"),
        ("us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "amazon"),
        ("us-gov.anthropic.claude-3-haiku", "anthropic.claude-3-haiku", "anthropic"),
        ("global.openai.gpt-6-astra", "openai.gpt-6-astra", "openai"),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0",
            "anthropic.claude-sonnet-4-20250514-v1:0",
            "anthropic",
        ),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/AbC1", "AbC1", "abc1"),
    ],
)
def test_makers(model: str, base: str, made_by: str) -> None:
    assert (base_model(model), maker(model)) == (base, made_by)


def test_what_is_packed_is_for_its_maker() -> None:
    payload = packed("anthropic", ("", "a:b", "c"))
    assert unpacked(payload, "anthropic") == "a:bc"
    assert unpacked(payload, "amazon") is None
    assert unpacked(packed("anthropic", ()), "anthropic") == ""
    assert unpacked(b"", "") is None
    assert unpacked(b"\xff", "anthropic") is None
