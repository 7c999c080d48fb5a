"""Token counts of Cohere's chat, as Anthropic counts them."""

from __future__ import annotations

from ccproxy.translate.messages import OutputTokensDetails, Usage
from ccproxy.translate.wire.cohere.chunks import Tokens, UsageBody

_CHARACTERS_PER_TOKEN = 4  # a common rule of thumb for English text and code


def counted(body: UsageBody) -> Tokens | None:
    """The counts that are used: what the model read and wrote, because that fills its context; else what is billed."""
    for tokens in (body.tokens, body.billed_units):
        if tokens is not None and (tokens.input_tokens or tokens.output_tokens):
            return tokens
    return None


def usage(body: UsageBody) -> Usage:
    """The provider's counts; cached tokens are part of its input (recorded traffic)."""
    tokens = counted(body) or Tokens()
    prompt, output = _count(tokens.input_tokens) + _count(tokens.image_tokens), _count(tokens.output_tokens)
    read = min(_count(body.cached_tokens), prompt)
    thinking = min(_count(tokens.reasoning_tokens), output)
    return Usage(
        input_tokens=prompt - read,
        output_tokens=output,
        cache_read_input_tokens=read,
        output_tokens_details=OutputTokensDetails(thinking_tokens=thinking),
    )


def estimated(input_tokens: int, characters: int) -> Usage:
    """What can be said of an answer without usage: the prompt's estimate, and the answer by its length."""
    return Usage(input_tokens=input_tokens, output_tokens=-(-characters // _CHARACTERS_PER_TOKEN))


def _count(number: int | None) -> int:
    return max(number or 0, 0)
