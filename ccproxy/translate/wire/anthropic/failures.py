"""Errors of an upstream that speaks the Messages API: those in its form go to the client byte for byte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from ccproxy.errors import UpstreamRefused
from ccproxy.translate import refusals
from ccproxy.translate.refusals import refused, words
from ccproxy.translate.wire.anthropic.members import decoded


class _Error(Struct):
    type: str
    message: str


class _Body(Struct):
    """`{"type": "error", "error": {"type": …, "message": …}}`"""

    type: str
    error: _Error


_read: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)

_LIMITS = re.compile(
    r"prompt is too long: \d+ tokens > \d|input length and `max_tokens` exceed context limit: \d|max_tokens: \d+ > \d"
)
_KNOWN = ("_error", "request_too_large")
"""What the API's own error types end in; some servers put other names into its form."""


def decode_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    model: str = "",
    max_tokens: int | None = None,
    now: float | None = None,
) -> UpstreamRefused:
    """The error that an answer with an error status means; the arguments are those of `translate.refusals`."""
    error = refusals.decode_error(status, headers, body, model=model, max_tokens=max_tokens, now=now)
    own = _own(body)
    if own is None or status < 400 or _is_reworded(error, own):
        return error
    error.payload = body
    error.status, error.type = status, own.type
    return error


def check(body: bytes) -> None:
    """Raises UpstreamRefused where the body of a 200, or the data of an event, is an error."""
    found: Any = decoded(body)
    if not isinstance(found, dict) or not (found.get("type") == "error" or found.get("error")):
        return
    raise in_stream(body, found)


def in_stream(body: bytes, found: Any) -> UpstreamRefused:
    """The error that came where part of an answer was to come; `found` is what `body` holds."""
    error = refused(words(found))
    own = _own(body)
    if own is not None and not _is_reworded(error, own):
        error.payload, error.type = body, own.type
    return error


def _own(body: bytes) -> _Error | None:
    """The error where it has the API's own form."""
    try:
        found = _read.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found.error if found.type == "error" and found.error.type.endswith(_KNOWN) else None


def _is_reworded(error: UpstreamRefused, own: _Error) -> bool:
    """Whether it told of a limit, with its numbers, in words that clients do not know and that are theirs now."""
    return _LIMITS.match(error.message) is not None and _LIMITS.search(own.message) is None
