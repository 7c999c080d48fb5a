"""Token counts of responses, as Anthropic counts them."""

from __future__ import annotations

from msgspec import Struct

from ccproxy.translate import searches
from ccproxy.translate.messages import CacheCreation, OutputTokensDetails, Usage

_CHARACTERS_PER_TOKEN = 4  # a common rule of thumb for English text and code


class InputDetails(Struct, gc=False):
    """Of the input's tokens: read from the cache, written to it."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(Struct, gc=False):
    """Of the output's tokens: reasoning."""

    reasoning_tokens: int | None = None


class UsageBody(Struct, gc=False):
    """Token counts; `input_tokens` includes cached ones, `output_tokens` includes reasoning (xAI's too)."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


def usage(body: UsageBody, searched: int = 0) -> Usage:
    """The provider's counts, with so many searches. The three parts of the input add up to `input_tokens`."""
    whole = _count(body.input_tokens)
    details = body.input_tokens_details
    read = min(_count(details.cached_tokens if details else None), whole)
    written = min(_count(details.cache_write_tokens if details else None), whole - read)
    output = _count(body.output_tokens)
    thinking = _count(body.output_tokens_details.reasoning_tokens if body.output_tokens_details else None)
    return Usage(
        input_tokens=whole - read - written,
        output_tokens=output,
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
        cache_creation=CacheCreation(ephemeral_5m_input_tokens=written),
        output_tokens_details=OutputTokensDetails(thinking_tokens=min(thinking, output)),
        server_tool_use=searches.counted(searched),
    )


def estimated(input_tokens: int, characters: int, searched: int = 0) -> Usage:
    """What can be said of an answer without usage: the prompt's estimate, and the answer by its length."""
    output = -(-characters // _CHARACTERS_PER_TOKEN)
    return Usage(input_tokens=input_tokens, output_tokens=output, server_tool_use=searches.counted(searched))


def _count(number: int | None) -> int:
    return max(number or 0, 0)
