"""Token counts of chat completions, as Anthropic counts them."""

from __future__ import annotations

from ccproxy.translate.messages import CacheCreation, OutputTokensDetails, Usage
from ccproxy.translate.wire.openai_chat.chunks import UsageBody

_CHARACTERS_PER_TOKEN = 4  # a common rule of thumb for English text and code


def usage(body: UsageBody) -> Usage:
    """The provider's counts. The three parts of the input add up to `prompt_tokens`.

    Some servers report more cached tokens than prompt tokens; they are cut, so that no count is negative.
    """
    prompt = _count(body.prompt_tokens)
    details = body.prompt_tokens_details
    read = _count(
        (details.cached_tokens if details else None)
        or body.cached_tokens
        or body.prompt_cache_hit_tokens
        or body.num_cached_tokens
        or body.cache_read_input_tokens
    )
    written = _count((details.cache_write_tokens if details else None) or body.cache_creation_input_tokens)
    read = min(read, prompt)
    written = min(written, prompt - read)
    output = _output(body, prompt)
    thinking = _count(
        (body.completion_tokens_details.reasoning_tokens if body.completion_tokens_details else None)
        or body.reasoning_tokens
    )
    return Usage(
        input_tokens=prompt - read - written,
        output_tokens=output,
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
        cache_creation=CacheCreation(ephemeral_5m_input_tokens=written),
        output_tokens_details=OutputTokensDetails(thinking_tokens=min(thinking, output)),
    )


def estimated(input_tokens: int, characters: int) -> Usage:
    """What can be said of an answer without usage: the prompt's estimate, and the answer by its length."""
    return Usage(input_tokens=input_tokens, output_tokens=-(-characters // _CHARACTERS_PER_TOKEN))


def _output(body: UsageBody, prompt: int) -> int:
    """Output tokens with reasoning.

    xAI and Gemini leave reasoning out of `completion_tokens` but not out of the total (recorded traffic), so what
    the total has over is output; only Mistral's surplus is the prompt's audio.
    """
    completion = _count(body.completion_tokens)
    surplus = _count(body.total_tokens) - prompt - completion
    heard = body.prompt_tokens_details.audio_tokens if body.prompt_tokens_details else None
    if surplus > 0 and surplus != heard:
        return completion + surplus
    return completion


def _count(number: int | None) -> int:
    return max(number or 0, 0)
