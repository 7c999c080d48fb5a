"""Token counts of Gemini, as Anthropic counts them."""

from __future__ import annotations

from ccproxy.translate.messages import OutputTokensDetails, Usage
from ccproxy.translate.wire.gemini.chunks import UsageBody

_CHARACTERS_PER_TOKEN = 4  # a common rule of thumb for English text and code


def merged(old: UsageBody | None, new: UsageBody) -> UsageBody | None:
    """The counts after one more chunk: each counts all so far, and one that is left out stays what it was.

    None where nothing was counted yet: some chunks have no more than the kind of traffic.
    """
    if old is not None:
        if new.prompt_token_count is None:
            new.prompt_token_count = old.prompt_token_count
        if new.candidates_token_count is None:
            new.candidates_token_count = old.candidates_token_count
        if new.thoughts_token_count is None:
            new.thoughts_token_count = old.thoughts_token_count
        if new.cached_content_token_count is None:
            new.cached_content_token_count = old.cached_content_token_count
        if new.tool_use_prompt_token_count is None:
            new.tool_use_prompt_token_count = old.tool_use_prompt_token_count
        return new
    return new if new.prompt_token_count or new.candidates_token_count or new.thoughts_token_count else None


def usage(body: UsageBody) -> Usage:
    """The provider's counts. What its own tools have read into the prompt is input, thoughts are output."""
    prompt = _count(body.prompt_token_count)
    read = min(_count(body.cached_content_token_count), prompt)
    thoughts = _count(body.thoughts_token_count)
    return Usage(
        input_tokens=prompt - read + _count(body.tool_use_prompt_token_count),
        output_tokens=_count(body.candidates_token_count) + thoughts,
        cache_read_input_tokens=read,
        output_tokens_details=OutputTokensDetails(thinking_tokens=thoughts),
    )


def estimated(input_tokens: int, characters: int) -> Usage:
    """What can be said of an answer without usage: the prompt's estimate, and the answer by its length."""
    return Usage(input_tokens=input_tokens, output_tokens=-(-characters // _CHARACTERS_PER_TOKEN))


def _count(number: int | None) -> int:
    return max(number or 0, 0)
