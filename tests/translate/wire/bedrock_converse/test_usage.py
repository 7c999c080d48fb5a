"""Token counts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ccproxy.translate.wire.bedrock_converse.chunks import Tier, TokenUsage
from ccproxy.translate.wire.bedrock_converse.usage import estimated, usage

READ = {"cacheReadInputTokens": 7, "cacheWriteInputTokens": 9}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"inputTokens": 3, "outputTokens": 5}, (3, 5, 0, 0, 0, 0)),
        ({}, (0, 0, 0, 0, 0, 0)),
        ({"inputTokens": -1, "outputTokens": None}, (0, 0, 0, 0, 0, 0)),
        ({"inputTokens": 3, **READ}, (3, 0, 7, 9, 9, 0)),
        (READ | {"cacheDetails": [{"ttl": "5m", "inputTokens": 9}]}, (0, 0, 7, 9, 9, 0)),
        (
            READ | {"cacheDetails": [{"ttl": "1h", "inputTokens": 4}, {"ttl": "5m", "inputTokens": 5}]},
            (0, 0, 7, 9, 5, 4),
        ),
        (READ | {"cacheDetails": [{"ttl": "1h", "inputTokens": 40}]}, (0, 0, 7, 9, 0, 9)),
    ],
)
def test_counts(counts: dict[str, Any], expected: tuple[int, ...]) -> None:
    found = usage(msgspec.convert(counts, TokenUsage), None)
    kept = found.cache_creation
    assert (
        found.input_tokens,
        found.output_tokens,
        found.cache_read_input_tokens,
        found.cache_creation_input_tokens,
        kept.ephemeral_5m_input_tokens,
        kept.ephemeral_1h_input_tokens,
    ) == expected


@pytest.mark.parametrize(("tier", "name"), [("default", "standard"), ("priority", "priority"), ("flex", "standard")])
def test_tiers(tier: str, name: str) -> None:
    assert usage(TokenUsage(), Tier(tier)).service_tier == name


def test_an_estimate() -> None:
    assert (estimated(7, 9).input_tokens, estimated(7, 9).output_tokens) == (7, 3)
