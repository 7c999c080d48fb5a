"""Token counts of Converse, as Anthropic counts them."""

from __future__ import annotations

from ccproxy.translate.messages import CacheCreation, Usage
from ccproxy.translate.wire.bedrock_converse.chunks import Tier, TokenUsage

_CHARACTERS_PER_TOKEN = 4  # a common rule of thumb for English text and code


def usage(counts: TokenUsage, tier: Tier | None) -> Usage:
    """The provider's counts. `inputTokens` leaves the cached ones out, as Anthropic's do."""
    written = _count(counts.cacheWriteInputTokens)
    hour = sum(_count(detail.inputTokens) for detail in counts.cacheDetails or () if detail.ttl == "1h")
    hour = min(hour, written)
    return Usage(
        input_tokens=_count(counts.inputTokens),
        output_tokens=_count(counts.outputTokens),
        cache_creation_input_tokens=written,
        cache_read_input_tokens=_count(counts.cacheReadInputTokens),
        cache_creation=CacheCreation(ephemeral_5m_input_tokens=written - hour, ephemeral_1h_input_tokens=hour),
        service_tier="priority" if tier is not None and tier.type == "priority" else "standard",
    )


def estimated(input_tokens: int, characters: int) -> Usage:
    """What can be said of an answer without usage: the prompt's estimate, and the answer by its length."""
    return Usage(input_tokens=input_tokens, output_tokens=-(-characters // _CHARACTERS_PER_TOKEN))


def _count(number: int | None) -> int:
    return max(number or 0, 0)
