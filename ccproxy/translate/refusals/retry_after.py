"""When a refused request may be sent again, in seconds, from headers, bodies and words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = re.compile(r"\d{1,15}(?:\.\d+)?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_SPELLED = r"(?:\d+(?:\.\d+)?\s?(?:ms|s|m|h|d)(?:ec(?:ond)?s?|in(?:ute)?s?|ours?|ays?)?\s?)+"
_WORDS = re.compile(
    rf"(?:try again|retry|wait)(?: after| in)? (?:about |approximately )?({_SPELLED})",
    re.IGNORECASE,
)
_EPOCH = 1_000_000_000  # a number beyond this is a moment, not a duration


def seconds(headers: Mapping[str, str], fields: Mapping[str, Any], message: str, now: float | None) -> float | None:
    """The wait that the provider asks for; None where it asks for none. `now` (epoch seconds) is needed for dates."""
    lower = {name.lower(): value for name, value in headers.items()}
    waits = (
        _milliseconds(lower.get("retry-after-ms")),
        _moment(lower.get("retry-after"), now),
        _from_fields(fields, now),
        _from_words(message),
        _exhausted(lower, now),
    )
    return next((wait for wait in waits if wait is not None), None)


def duration(text: str) -> float | None:
    """Seconds of `6ms`, `1m2.5s`, `34s` or `7.66`."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    if not _WHOLE.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))


def _milliseconds(text: str | None) -> float | None:
    wait = duration(text) if text else None
    return None if wait is None else wait / 1000


def _moment(text: str | None, now: float | None) -> float | None:
    """A duration, a moment in epoch seconds or milliseconds, or a date."""
    if not text:
        return None
    wait = duration(text)
    if wait is None:
        try:
            wait = parsedate_to_datetime(text).timestamp()
        except (ValueError, OverflowError):
            return None
    if wait < _EPOCH:
        return wait
    if wait > _EPOCH * 1000:
        wait /= 1000
    return None if now is None else max(wait - now, 0.0)


def _from_fields(fields: Mapping[str, Any], now: float | None) -> float | None:
    """Gemini's RetryInfo, OpenRouter's headers of the provider behind it, and plain `retry_after`."""
    for name in ("retry_after", "retryAfter", "retry_after_seconds"):
        value = fields.get(name)
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            return _moment(str(value), now)
    details = fields.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(detail.get("retryDelay"), str):
            return duration(detail["retryDelay"])
    metadata = fields.get("metadata")
    headers = metadata.get("headers") if isinstance(metadata, dict) else None
    if isinstance(headers, dict):
        return _exhausted({str(name).lower(): str(value) for name, value in headers.items()}, now)
    return None


def _from_words(message: str) -> float | None:
    found = _WORDS.search(message)
    if found is None:
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)\s?(ms|s|m|h|d)", found[1])
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _exhausted(headers: Mapping[str, str], now: float | None) -> float | None:
    """The longest reset among the limits of which nothing remains."""
    waits = []
    for name, remaining in headers.items():
        if name.startswith("x-ratelimit-remaining") and remaining.strip() == "0":
            wait = _moment(headers.get(name.replace("remaining", "reset")), now)
            if wait is not None:
                waits.append(wait)
    return max(waits, default=None)
