"""What a request takes of its key's limits, whether that fits, and how long it is until it does. Pure.

Limits of a minute slide: of the minute before, as large a part still counts as of it lies within the last 60 seconds
(the sliding window counter of the `limits` library). So no two halves of a minute let twice as much through, and two
numbers are kept of each limit, however many requests there are. Budgets are of whole days and months in UTC. How many
requests are under way is a number of no period: each takes one, and comes to none when it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct, structs

from ccproxy.gateway.limits import periods
from ccproxy.gateway.limits.periods import Period

Kind = Literal["requests", "others", "tokens", "day_tokens", "month_tokens", "day_usd", "month_usd", "at_once"]

NANO = 1_000_000_000
"""Dollars are counted in billionths, so that sums are exact."""
_SPAN = 60_000  # milliseconds of a minute


class Charge(Struct, frozen=True):
    """An amount that a key is charged with in a period, of which `limit` is the most. Dollars are in NANOs."""

    holder: str
    kind: Kind
    period: Period
    limit: int
    amount: int

    @property
    def slides(self) -> bool:
        """Whether the period before counts in part."""
        return self.period.name == "minute"

    @property
    def budgeted(self) -> bool:
        """Whether the log knows what was used before this process began."""
        return self.period.first_day > 0

    @property
    def held(self) -> bool:
        """Whether it is an estimate until the request ends. If nobody is left to settle it, it is given back."""
        return self.kind not in ("requests", "others")


class Level(Struct, frozen=True):
    """What has been charged in a period and in the one before it (0 where that does not count)."""

    current: int
    previous: int = 0


class Taken(Struct, frozen=True):
    """What became of charges: all were taken, or none as one did not fit (`refused`).

    `levels` are those after, or those found, up to the one that was refused. `receipt` is what the counters want to see
    when it is settled.
    """

    charges: Sequence[Charge]
    levels: list[Level]
    refused: Charge | None = None
    receipt: Any = None


def fits(charge: Charge, level: Level, now: float) -> bool:
    """Whether there is room for the charge. What takes nothing needs none: a spent budget leaves what is free."""
    return (
        charge.amount == 0
        or level.previous * left(charge, now) <= (charge.limit - level.current - charge.amount) * _SPAN
    )


def used(charge: Charge, level: Level, now: float) -> int:
    """What counts now of the limit, rounded up."""
    return level.current + -(-level.previous * left(charge, now) // _SPAN)


def wait(charge: Charge, level: Level, now: float) -> float | None:
    """Seconds until the charge fits, if nothing else is charged meanwhile; None where it never does."""
    if charge.amount > charge.limit:
        return None
    if not charge.slides:
        return charge.period.ends - now
    rest = left(charge, now)
    room = charge.limit - level.current - charge.amount
    if room >= 0:
        enough = rest if level.previous == 0 else min(rest, room * _SPAN // level.previous)
        return (rest - enough) / 1000
    following = (charge.limit - charge.amount) * _SPAN // level.current
    return (rest + _SPAN - min(_SPAN, following)) / 1000


def settled(charge: Charge, came_to: int, now: float) -> tuple[Charge, int]:
    """Which counter is to have how much more (or less) of what was charged, now that the request has ended.

    A stream may last for minutes: what it used beyond the estimate counts in the minute in which it ends.
    """
    more = came_to - charge.amount
    if more > 0 and charge.slides:
        return structs.replace(charge, period=periods.minute(now)), more
    return charge, more


def left(charge: Charge, now: float) -> int:
    """Milliseconds for which the minute before counts yet, of 60,000."""
    if not charge.slides:
        return 0
    # Rounded up, but for what is no more than the grain of a float
    return min(_SPAN, max(0, int((charge.period.ends - now) * 1000 + 0.999)))
