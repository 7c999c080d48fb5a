"""Limits that a request broke, in the words on which Anthropic's clients repair themselves.

Three of them: the prompt is too long (clients compact), prompt and `max_tokens` together are (clients ask for
fewer), and `max_tokens` alone is. Providers say each in their own way (recorded traffic, provider docs and issue
threads); the numbers are taken from their words, and where a number is missing nothing is made up.
"""

from __future__ import annotations

import re
from typing import Any

_N = r"~?(\d[\d,_]{0,14})"  # bounded, or long lists of numbers would be looked at from each of their digits on

Phrase = tuple[re.Pattern[str], ...]
"""Parts that stand in a message in this order, with anything between them."""

_LOOKED_AT = 16 * 1024  # characters; behind its words a message may repeat the whole request

_OVERFLOW_CODES = frozenset(
    {
        "context_length_exceeded",
        "context_window_exceeded",
        "exceed_context_size_error",
        "too_many_prompt_tokens",
        "tokens_limit_reached",
        "1261",  # Z.ai: prompt exceeds max length
    }
)
_OVERFLOW = re.compile(
    r"prompt (?:is )?too long|input is too long|too many (?:prompt |input )?tokens|context (?:length|window|size)|"
    r"maximum prompt length|model token limit|input token count|prompt contains \d+|exceeds? max(?:imum)? length|"
    r"maximum context|total length of all messages|length of the messages or completion|context the overflows|"
    r"range of input length|longer than the model's|must have less than \d+ tokens|max size: \d+ tokens|"
    r"`?inputs`? tokens \+ `?max_new_tokens",
    re.IGNORECASE,
)
# Words that look like an overflow and are none: rates by the minute, and limits of another kind.
_NOT_OVERFLOW = re.compile(r"per (?:minute|min|day|hour)|\bTPM\b|\bTPD\b|must have stream|increase the", re.IGNORECASE)


def _phrase(*parts: str) -> Phrase:
    """The parts as patterns; `<a>` is a number by the name of `a`."""
    named = (re.sub(r"<(\w)>", lambda name: f"(?P<{name[1]}>{_N})", part) for part in parts)
    return tuple(re.compile(part, re.IGNORECASE | re.DOTALL) for part in named)


# What the whole takes: a(sked by the prompt) + b (by max_tokens) against m (the model's window).
_SHARED = (
    _phrase(
        r"<m> tokens?\.? however,? you requested",
        r"\(<a>[^,()]*",
        r"<b> (?:tokens )?(?:in|for) the (?:completion|output)",
    ),
    _phrase(r"is too large: <b>", r"context length is <m> tokens and your request has <a>"),
    _phrase(r"passed <a> input tokens and requested <b> output tokens", r"context length is only <m>"),
    _phrase(r"context length of <m> tokens", r"<a> tokens from the input messages and <b> tokens for the completion"),
    _phrase(r"max_new_tokens`? must be <= <m>\. given: <a> `?inputs`? tokens and <b>"),
)
# The prompt, n, against the window, m.
_PROMPT = (
    _phrase(r"too long: <n> tokens > <m>"),
    _phrase(r"too long: <n>, model maximum context length: <m>"),
    _phrase(
        r"context length is (?:only )?<m>",
        r"(?:resulted in|requested|contains?|has|passed)(?: a total of)?(?: about| at least)? <n>",
    ),
    _phrase(r"prompt length is <m> but the request contains <n>"),
    _phrase(r"prompt contains <n> tokens", r"model with <m> maximum context"),
    _phrase(r"input token count \(<n>\)", r"allowed \(<m>\)"),
    _phrase(r"\(<n> tokens\)[^(]*(?:context size|context length|maximum)[^(]*\(<m> tokens\)"),
    _phrase(r"token limit: <m> \(requested: <n>\)"),
    _phrase(r"context length of (?:only )?<m> tokens", r"total of <n>"),
    _phrase(r"first <n> tokens when context", r"context length of only <m>"),
    _phrase(r"current length is <n> while limit is <m>"),
    _phrase(r"less than <m> tokens\. given: <n>"),
)
_ANTHROPIC_WORDS = re.compile(
    r"prompt is too long: \d+ tokens > \d+ maximum|input length and `max_tokens` exceed context limit: \d+ \+ \d+ > \d+"
)

# max_tokens: asked for a, allowed are b, or anything below x.
_MAX_TOKENS = r"max_?(?:(?:completion|output|new)_?)?tokens"
_OUTPUT = re.compile(rf"{_MAX_TOKENS}|maximum tokens you requested|(?:completion|output) tokens", re.IGNORECASE)
_ALLOWED = (
    _phrase(r"max_tokens: <a> > <b>, which is the maximum"),
    _phrase(r"too large: <a>", r"at most <b>"),
    _phrase(rf"range of {_MAX_TOKENS} (?:is|should be) \[\d+, ?<b>\]"),
    _phrase(r"value of <a> but the supported range is from \d+ \(inclusive\) to <x> \(exclusive\)"),
    _phrase(r"range is from \d+ \(inclusive\) to <x> \(exclusive\)"),
    _phrase(rf"{_MAX_TOKENS}\W+(?:\w+ ){{0,3}}(?:less than or equal to|at most|no more than|<=|not exceed) \W?<b>"),
    _phrase(r"exceeds the model limit of <b>"),
    _phrase(r"integer above maximum value[.,] expected a value <= <b>"),
    _phrase(rf"{_MAX_TOKENS}[^\[]{{0,40}}\[1, ?<b>\]"),
    _phrase(r"at most <b> (?:completion|output) tokens"),
)


def repaired(
    message: str, code: str, type: str, fields: dict[str, Any], model: str, max_tokens: int | None
) -> str | None:
    """The message in Anthropic's words, or None where it tells of none of these limits."""
    message = message[:_LOOKED_AT]
    said = _ANTHROPIC_WORDS.search(message)
    if said is not None:
        return message[said.start() :]  # without what a provider in between says before it
    overflow = code in _OVERFLOW_CODES or type in _OVERFLOW_CODES
    if not overflow and (_NOT_OVERFLOW.search(message) or not _OVERFLOW.search(message)):
        return _output_limit(message, model, max_tokens)
    shared = _first(_SHARED, message)
    if shared is not None and shared["a"] < shared["m"]:
        prompt, output, window = shared["a"], shared["b"], shared["m"]
        return (
            f"input length and `max_tokens` exceed context limit: {prompt} + {output} > {window}, "
            "decrease input length or `max_tokens` and try again"
        )
    if not overflow:
        limited = _output_limit(message, model, max_tokens)
        if limited is not None:
            return limited
    return _too_long(message, fields, shared)


def _too_long(message: str, fields: dict[str, Any], shared: dict[str, int] | None) -> str:
    length, window = fields.get("n_prompt_tokens"), fields.get("n_ctx")  # llama.cpp
    if isinstance(length, int) and isinstance(window, int):
        return f"prompt is too long: {length} tokens > {window} maximum"
    if shared is not None:
        return f"prompt is too long: {shared['a']} tokens > {shared['m']} maximum"
    found = _first(_PROMPT, message)
    if found is not None and found["n"] > found["m"]:
        return f"prompt is too long: {found['n']} tokens > {found['m']} maximum"
    return f"prompt is too long: {message}"


def _output_limit(message: str, model: str, max_tokens: int | None) -> str | None:
    if not _OUTPUT.search(message) or _NOT_OVERFLOW.search(message):
        return None
    found = _first(_ALLOWED, message)
    if found is None:
        return None
    allowed = found["b"] if "b" in found else found["x"] - 1
    asked = found.get("a", max_tokens)
    if asked is None or asked <= allowed:
        return None
    name = model or "this model"
    return f"max_tokens: {asked} > {allowed}, which is the maximum allowed number of output tokens for {name}"


def _first(phrases: tuple[Phrase, ...], message: str) -> dict[str, int] | None:
    return next((numbers for phrase in phrases if (numbers := _read(phrase, message)) is not None), None)


def _read(phrase: Phrase, message: str) -> dict[str, int] | None:
    """The numbers in the phrase, or None where it does not occur.

    Part after part, each where it comes first: one pattern of them all would try every combination of their places,
    which takes minutes on a message that repeats itself.
    """
    numbers: dict[str, int] = {}
    at = 0
    for part in phrase:
        found = part.search(message, at)
        if found is None:
            return None
        at = found.end()
        numbers |= {name: int(re.sub(r"\D", "", text)) for name, text in found.groupdict().items()}
    return numbers
