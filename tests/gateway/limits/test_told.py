"""What clients are told; most of it is tested with the limits."""

from __future__ import annotations

import pytest

from ccproxy.gateway.limits import periods
from ccproxy.gateway.limits.charges import Charge, Level
from ccproxy.gateway.limits.told import headers

NOW = 1_800_000_010.0  # ten seconds into a minute


@pytest.mark.parametrize(
    ("level", "remaining", "reset"),
    [
        (Level(0), "10", "2027-01-15T08:00:10Z"),
        (Level(4), "6", "2027-01-15T08:02:00Z"),
        (Level(0, 6), "5", "2027-01-15T08:01:00Z"),
        (Level(12), "0", "2027-01-15T08:02:00Z"),
    ],
)
def test_what_is_left_of_a_minute_and_when_all_of_it_is_back(level, remaining, reset):
    charge = Charge("anna", "tokens", periods.minute(NOW), 10, 1)
    stem = "anthropic-ratelimit-tokens"
    assert headers([charge], [level], NOW) == {
        f"{stem}-limit": "10",
        f"{stem}-remaining": remaining,
        f"{stem}-reset": reset,
    }


def test_budgets_have_no_headers_and_what_is_not_known_is_not_told():
    budget = Charge("anna", "day_usd", periods.day(NOW), 10, 1)
    minute = Charge("anna", "requests", periods.minute(NOW), 10, 1)
    assert headers([budget, minute], [Level(3)], NOW) == {}
