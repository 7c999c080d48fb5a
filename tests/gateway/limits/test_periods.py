from datetime import UTC, datetime

import pytest

from ccproxy.gateway.limits import periods


def at(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("find", "first", "last", "ends"),
    [
        (periods.minute, (2026, 11, 28, 6, 30), (2026, 11, 28, 6, 30, 59, 999999), (2026, 11, 28, 6, 31)),
        (periods.day, (2026, 11, 28), (2026, 11, 28, 23, 59, 59, 999999), (2026, 11, 29)),
        (periods.day, (2026, 12, 31), (2026, 12, 31, 23, 59), (2027, 1, 1)),
        (periods.month, (2026, 12, 1), (2026, 12, 31, 23, 59, 59, 999999), (2027, 1, 1)),
        (periods.month, (2028, 2, 1), (2028, 2, 29, 12), (2028, 3, 1)),
        (periods.month, (2026, 1, 1), (2026, 1, 31), (2026, 2, 1)),
    ],
)
def test_a_period_holds_from_its_beginning_to_its_end(find, first, last, ends):
    found = find(at(*first))
    assert find(at(*last)) == found
    assert found.ends == at(*ends)
    assert find(found.ends).number == found.number + 1
    assert find(at(*first) - 0.001).number == found.number - 1


def test_the_first_day_of_a_period_is_counted_since_1970():
    assert periods.day(at(1970, 1, 3, 5)).first_day == 2
    assert periods.month(at(1970, 2, 20)).first_day == 31
