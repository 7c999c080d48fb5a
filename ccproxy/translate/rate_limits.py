"""Rate limits that a provider tells in headers, as Anthropic's headers tell them.

Names and forms are those of recorded traffic and provider docs: `x-ratelimit-limit-tokens`, `-remaining-requests` and
so on, with or without the window that they are for (`-minute`, `-day`), Mistral's `-req-`, Fireworks' `-tokens-prompt`,
and the bare `x-ratelimit-limit` of OpenRouter and Together, which counts requests. What is no number of something is
left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

_MARK = "-ratelimit-"
_ANTHROPIC = "anthropic-ratelimit-"
_THEIRS = "x-ratelimit-"

_KINDS = {
    "": "requests",
    "requests": "requests",
    "req": "requests",
    "tokens": "tokens",
    "tokens-prompt": "input-tokens",
    "tokens-generated": "output-tokens",
}
# The windows of a limit, the one first that is told where there are several: it is the one that is met first.
_WINDOWS = ("", "-minute", "-10-second", "-second", "-1h", "-hour", "-day", "-month")
_FIELDS = ("limit", "remaining", "reset")

_PLACES: dict[str, tuple[str, str, int]] = {
    f"{field}-{kind}{window}".rstrip("-"): (ours, field, rank)
    for field in _FIELDS
    for kind, ours in _KINDS.items()
    for rank, window in enumerate(_WINDOWS)
    if kind or not window
}

_COUNT = re.compile(r"\d{1,15}", re.ASCII)
_NUMBER = re.compile(r"\d{1,14}(?:\.\d+)?", re.ASCII)
_SPAN = re.compile(
    r"(?:(\d{1,4})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,8}(?:\.\d+)?)s)?(?:(\d{1,10}(?:\.\d+)?)ms)?", re.ASCII
)
_UNITS = (86400.0, 3600.0, 60.0, 1.0, 0.001)

_LONGEST = 400 * 86400.0
"""Seconds: a wait that is longer is no wait."""
_EPOCH = 1e9
"""From here on a number is a moment in seconds since 1970, from a thousand times as much on in milliseconds."""


def headers(upstream: Mapping[str, str], now: float) -> dict[str, str]:
    """The `anthropic-ratelimit-*` headers for the client. `now`: seconds since 1970, for waits that become moments.

    Those that the upstream has itself are passed as they are.
    """
    told = [(lowered, value) for name, value in upstream.items() if _MARK in (lowered := name.lower())]
    return _ours(told, now) if told else {}


def _ours(told: list[tuple[str, str]], now: float) -> dict[str, str]:
    ours: dict[str, str] = {}
    best: dict[tuple[str, str], tuple[int, str]] = {}
    ranks: dict[str, int] = {}
    for name, value in told:
        if name.startswith(_ANTHROPIC):
            ours[name] = value
        place = _PLACES.get(name.removeprefix(_THEIRS))
        if place is None:
            continue
        kind, field, rank = place
        if field != "reset" and _COUNT.fullmatch(value):
            ranks[kind] = min(rank, ranks.get(kind, rank))
        if (kind, field) not in best or rank < best[kind, field][0]:
            best[kind, field] = (rank, value)
    for (kind, field), (rank, value) in best.items():
        # The numbers of one window only, and none where there is no limit: Azure says -1 then
        if ranks.get(kind) != rank:
            continue
        text = _moment(value, now) if field == "reset" else value if _COUNT.fullmatch(value) else None
        if text is not None:
            ours.setdefault(f"{_ANTHROPIC}{kind}-{field}", text)
    return ours


def _moment(value: str, now: float) -> str | None:
    """RFC 3339, in whole seconds and not too early; None for what is neither a moment nor a wait."""
    seconds = _seconds(value.strip(), now)
    if seconds is None or not 0 <= seconds <= _LONGEST:
        return None
    return datetime.fromtimestamp(math.ceil(now + seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(value: str, now: float) -> float | None:
    """How long it takes from now, negative where it is over."""
    if _NUMBER.fullmatch(value):
        number = float(value)
        if number < _EPOCH:
            return number
        return (number / 1000 if number >= _EPOCH * 1000 else number) - now
    parts = _SPAN.fullmatch(value)
    if parts is not None and any(parts.groups()):
        return sum(float(part) * unit for part, unit in zip(parts.groups(), _UNITS, strict=True) if part)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp() - now
