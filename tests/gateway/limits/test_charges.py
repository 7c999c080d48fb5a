"""The arithmetic of limits: whether a charge fits, and after how long it does."""

from __future__ import annotations

import random

import pytest

from ccproxy.gateway.limits import charges, periods
from ccproxy.gateway.limits.charges import Charge, Level

BEGIN = 1_800_000_000.0
assert BEGIN % 60 == 0


def charge(amount: int = 1, limit: int = 10, now: float = BEGIN, kind: charges.Kind = "requests") -> Charge:
    period = periods.minute if kind in ("requests", "tokens") else periods.day
    return Charge("anna", kind, period(now), limit, amount)


@pytest.mark.parametrize(
    ("into", "level", "amount", "fits"),
    [
        (0, Level(0), 10, True),
        (0, Level(0), 11, False),
        (0, Level(9), 1, True),
        (0, Level(10), 1, False),
        (0, Level(10), 0, True),
        (1, Level(0, 10), 1, False),  # of the minute before, all but a second's worth still counts
        (7, Level(0, 10), 1, True),
        (30.1, Level(4, 10), 1, True),
        (29, Level(4, 10), 1, False),
        (59.9, Level(9, 10), 1, False),
        (0, Level(-5, 10), 5, True),
        (0, Level(99), 0, True),  # what takes nothing needs no room
    ],
)
def test_of_the_minute_before_a_part_counts(into, level, amount, fits):
    assert charges.fits(charge(amount), level, BEGIN + into) is fits


def test_of_a_day_only_itself_counts():
    budget = charge(5, 10, kind="day_tokens")
    assert charges.fits(budget, Level(5, 1000), BEGIN)
    assert not charges.fits(budget, Level(6), BEGIN)
    assert charges.wait(budget, Level(6), BEGIN) == budget.period.ends - BEGIN
    assert charges.used(budget, Level(6, 1000), BEGIN) == 6


@pytest.mark.parametrize(("into", "level", "used"), [(0, Level(3), 3), (30, Level(3, 10), 8), (59.99, Level(3, 10), 4)])
def test_what_counts_now(into, level, used):
    assert charges.used(charge(), level, BEGIN + into) == used


def test_what_is_more_than_the_limit_never_fits():
    assert charges.wait(charge(11), Level(0), BEGIN) is None


def test_a_wait_is_as_long_as_it_takes_and_not_a_blink_longer():
    """Found by trying: after the wait it fits, a few milliseconds before it does not."""
    chance = random.Random(5)
    longest = 0.0
    for _ in range(2000):
        limit = chance.choice((1, 7, 60, 40_000))
        now = BEGIN + chance.uniform(0, 60)
        one = charge(chance.randint(1, limit), limit, now)
        level = Level(chance.randint(0, limit), chance.randint(0, limit))
        wait = charges.wait(one, level, now)
        assert wait is not None
        longest = max(longest, wait)
        assert now + wait < BEGIN + 121
        if charges.fits(one, level, now):
            continue
        assert _fits_later(one, level, now + wait + 0.003)
        assert not _fits_later(one, level, now + wait - 0.005)
    assert longest > 60


def _fits_later(one: Charge, level: Level, then: float) -> bool:
    """Whether the same charge fits at a later moment, nothing else having been charged."""
    later = charge(one.amount, one.limit, then)
    gone = later.period.number - one.period.number
    moved = level if gone == 0 else Level(0, level.current) if gone == 1 else Level(0)
    return charges.fits(later, moved, then)
