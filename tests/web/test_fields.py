from datetime import UTC, datetime

import pytest
from marshmallow import ValidationError

from ccproxy.web.fields import Amount, Moment, Networks, OneOf, Whole, as_moment


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        (Whole(1), 1, 1),
        (Whole(0, 5), 5, 5),
        (Amount(), 0.01, 0.01),
        (Amount(), 5, 5.0),
        (Amount(zero=True), 0, 0.0),
        (OneOf(("a", "b")), " a ", "a"),
        (Moment(), "2026-12-31", datetime(2026, 12, 31, tzinfo=UTC)),
        (Moment(), "2026-12-31T18:00:00Z", datetime(2026, 12, 31, 18, tzinfo=UTC)),
        (Moment(), "2026-12-31T18:00:00.5+02:00", datetime(2026, 12, 31, 16, 0, 0, 500000, tzinfo=UTC)),
        (Networks(), [], ()),
        (
            Networks(),
            ["10.0.0.0/8", " 10.1.2.3 ", "fd00::/8", "::1", "::ffff:10.0.0.0/104"],
            ("10.0.0.0/8", "10.1.2.3/32", "fd00::/8", "::1/128", "10.0.0.0/8"),
        ),
    ],
)
def test_what_is_taken(field, given, expected):
    assert field.deserialize(given) == expected


@pytest.mark.parametrize(
    ("field", "given", "words"),
    [
        *((Whole(1, 9), bad, "must be a whole number from 1 to 9") for bad in (0, 10, 1.0, "1", True, None, [])),
        *(
            (Amount(), bad, "must be a number above 0, at most 1000000000")
            for bad in (0, -1, True, "1", None, 1e10, 10**400)
        ),
        *((Amount(), bad, "must be a number above 0") for bad in (float("nan"), float("inf"))),
        (Amount(zero=True), -1, "must be a number from 0"),
        *((OneOf(("a", "b")), bad, "must be one of a, b") for bad in ("c", "A")),
        *(
            (Moment(), bad, "must be a moment such as")
            for bad in (
                "",
                "soon",
                "2026-13-01",
                "2026-12-31T18:00:00",
                "9999-12-31T23:59:59-23:00",
                5,
                None,
                "20261231",
            )
        ),
        (Networks(), "10.0.0.0/8", "must be a list of CIDR blocks"),
        (Networks(), None, "must be a list of CIDR blocks"),
        (Networks(), ["::1"] * 201, "must not hold more than 200"),
    ],
)
def test_what_is_refused(field, given, words):
    with pytest.raises(ValidationError) as caught:
        field.deserialize(given)
    assert words in str(caught.value.messages)


def test_networks_name_the_place_of_the_fault():
    with pytest.raises(ValidationError) as caught:
        Networks().deserialize(["10.0.0.0/8", "10.0.0.1/8", 7, "x"])
    assert set(caught.value.messages) == {1, 2, 3}


def test_a_moment_out_of_reach_is_none():
    assert as_moment("0001-01-01T00:00:00+23:00") is None
