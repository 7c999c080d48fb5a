"""Whose reasoning it is."""

from __future__ import annotations

import pytest

from ccproxy.translate.wire.bedrock_converse.reasoning import maker, packed, unpacked


@pytest.mark.parametrize(
    ("model", "made_by"),
    [
        ("anthropic.claude-v2", "anthropic"),
        ("us.amazon.nova-lite-v1:0", "amazon"),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/AbC1", "abc1"),
    ],
)
def test_makers(model: str, made_by: str) -> None:
    assert maker(model) == made_by


def test_what_is_packed_is_for_its_maker() -> None:
    payload = packed("anthropic", ("", "a:b", "c"))
    assert unpacked(payload, "anthropic") == "a:bc"
    assert unpacked(payload, "amazon") is None
    assert unpacked(packed("anthropic", ()), "anthropic") == ""
    assert unpacked(b"", "") is None
    assert unpacked(b"\xff", "anthropic") is None
