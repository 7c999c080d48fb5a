"""Spans of time that limits are of: minutes, days and months in UTC, or no end at all. Pure: the moment comes in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from msgspec import Struct

MINUTE = 60.0
_DAY = 86400

Name = Literal["minute", "day", "month", "always"]


class Period(Struct, frozen=True):
    """One minute, day or month: its number, unlike that of any other of its name, and when it ends.

    Moments are seconds since 1970; `first_day` counts days since then (0 for what has none).
    """

    name: Name
    number: int
    ends: float
    first_day: int = 0


ALWAYS = Period("always", 0, float(2**40))
"""The period of what ends by itself, such as requests under way."""


def minute(now: float) -> Period:
    """The minute of a moment."""
    number = int(now // MINUTE)
    return Period("minute", number, (number + 1) * MINUTE)


def day(now: float) -> Period:
    """The day of a moment."""
    number = int(now // _DAY)
    return Period("day", number, (number + 1) * _DAY, number)


def month(now: float) -> Period:
    """The month of a moment."""
    return _month(int(now // _DAY))


@lru_cache(8)
def _month(day: int) -> Period:
    """The month of a day, which is the same all day long."""
    first = datetime.fromtimestamp(day * _DAY, UTC).replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return Period("month", first.year * 12 + first.month - 1, following.timestamp(), int(first.timestamp()) // _DAY)
