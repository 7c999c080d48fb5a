"""Limits that a request broke, in the words on which Anthropic's clients repair themselves.

Three of them: the prompt is too long (clients compact), prompt and `max_tokens` together are (clients ask for
fewer), and `max_tokens` alone is. Providers say each in their own way (recorded traffic, provider docs and issue
threads); the numbers are taken from their words, and where a number is missing nothing is made up.
"""

from __future__ import annotations

import re
from typing import Any

_N = r"~?([\d,_]+)"

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

# What the whole takes: prompt, asked-for output, the model's window. In order of trust.
_SHARED = (
    re.compile(
        rf"(?P<m>{_N}) tokens?\.? however,? you requested.{{0,40}}? tokens? \((?P<a>{_N})[^,()]*(?:messages|prompt|text|input)[^()]*?,? (?:and )?(?P<b>{_N}) (?:tokens )?(?:in|for) the (?:completion|output)",
        re.I | re.S,
    ),
    re.compile(
        rf"is too large: (?P<b>{_N}).*?context length is (?P<m>{_N}) tokens and your request has (?P<a>{_N})",
        re.I | re.S,
    ),
    re.compile(
        rf"passed (?P<a>{_N}) input tokens and requested (?P<b>{_N}) output tokens.*?context length is only (?P<m>{_N})",
        re.I | re.S,
    ),
    re.compile(
        rf"context length of (?P<m>{_N}) tokens.*?(?P<a>{_N}) tokens from the input messages and (?P<b>{_N}) tokens for the completion",
        re.I | re.S,
    ),
    re.compile(
        rf"max_new_tokens`? must be <= (?P<m>{_N})\. given: (?P<a>{_N}) `?inputs`? tokens and (?P<b>{_N})", re.I | re.S
    ),
)
# The prompt against the window.
_PROMPT = (
    re.compile(rf"too long: (?P<n>{_N}) tokens > (?P<m>{_N})", re.I),
    re.compile(rf"too long: (?P<n>{_N}), model maximum context length: (?P<m>{_N})", re.I),
    re.compile(
        rf"context length is (?:only )?(?P<m>{_N})(?: tokens)?.*?(?:resulted in|requested|contains?|has|passed)(?: about| at least)? (?P<n>{_N})",
        re.I | re.S,
    ),
    re.compile(rf"prompt length is (?P<m>{_N}) but the request contains (?P<n>{_N})", re.I),
    re.compile(rf"prompt contains (?P<n>{_N}) tokens.*?model with (?P<m>{_N}) maximum context", re.I | re.S),
    re.compile(rf"input token count \((?P<n>{_N})\).*?allowed \((?P<m>{_N})\)", re.I | re.S),
    re.compile(
        rf"\((?P<n>{_N}) tokens\)[^(]*(?:context size|context length|maximum)[^(]*\((?P<m>{_N}) tokens\)", re.I | re.S
    ),
    re.compile(rf"token limit: (?P<m>{_N}) \(requested: (?P<n>{_N})\)", re.I),
    re.compile(rf"context length of (?:only )?(?P<m>{_N}) tokens.*?total of (?P<n>{_N})", re.I | re.S),
    re.compile(rf"first (?P<n>{_N}) tokens when context.*?context length of only (?P<m>{_N})", re.I | re.S),
    re.compile(rf"current length is (?P<n>{_N}) while limit is (?P<m>{_N})", re.I),
    re.compile(rf"less than (?P<m>{_N}) tokens\. given: (?P<n>{_N})", re.I),
)
_ANTHROPIC_WORDS = ("prompt is too long: ", "input length and `max_tokens` exceed context limit")

_OUTPUT = re.compile(
    r"max_?(?:completion_|output_|new_)?_?tokens|maximum tokens you requested|completion tokens", re.IGNORECASE
)
_ALLOWED = (
    re.compile(rf"max_tokens: (?P<a>{_N}) > (?P<b>{_N}), which is the maximum", re.I),
    re.compile(rf"too large: (?P<a>{_N}).*?at most (?P<b>{_N})", re.I | re.S),
    re.compile(rf"range of max_(?:completion_|output_)?tokens (?:is|should be) \[\d+, ?(?P<b>{_N})\]", re.I),
    re.compile(
        rf"value of (?P<a>{_N}) but the supported range is from \d+ \(inclusive\) to (?P<x>{_N}) \(exclusive\)", re.I
    ),
    re.compile(rf"range is from \d+ \(inclusive\) to (?P<x>{_N}) \(exclusive\)", re.I),
    re.compile(
        rf"max\w*tokens\W+(?:\w+ ){{0,3}}(?:less than or equal to|at most|no more than|<=|not exceed) \W?(?P<b>{_N})",
        re.I,
    ),
    re.compile(rf"exceeds the model limit of (?P<b>{_N})", re.I),
    re.compile(rf"max\w*tokens.{{0,40}}?\[1, ?(?P<b>{_N})\]", re.I | re.S),
    re.compile(rf"max\w*tokens\W+input should be less than or equal to (?P<b>{_N})", re.I),
    re.compile(rf"at most (?P<b>{_N}) (?:completion|output) tokens", re.I),
)


def repaired(
    message: str, code: str, type: str, fields: dict[str, Any], model: str, max_tokens: int | None
) -> str | None:
    """The message in Anthropic's words, or None where it tells of none of these limits."""
    if any(words in message for words in _ANTHROPIC_WORDS):
        return message
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


def _first(patterns: tuple[re.Pattern[str], ...], message: str) -> dict[str, int] | None:
    for pattern in patterns:
        found = pattern.search(message)
        if found is not None:
            groups = found.groupdict()
            return {name: int(re.sub(r"\D", "", text)) for name, text in groups.items()}
    return None
