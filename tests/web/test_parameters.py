"""What query strings may hold, and what a client hears otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from ccproxy.errors import InvalidRequest
from ccproxy.web.parameters import Parameters

NOW = datetime(2026, 11, 28, 6, 30, tzinfo=UTC)
ALLOWED = ("a", "from", "to", "last")


def given(**values: str) -> Parameters:
    return Parameters(MultiDict({name.rstrip("_"): value for name, value in values.items()}), ALLOWED)


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (lambda p: p.text("a"), " x y ", "x y"),
        (lambda p: p.text("a"), "  ", None),
        (lambda p: p.text("to"), "x", None),
        (lambda p: p.choice("a", ("json", "csv"), "json"), "", "json"),
        (lambda p: p.choice("a", ("json", "csv"), "json"), "csv", "csv"),
        (lambda p: p.choices("a", ("key", "day")), "day, key,", ("day", "key")),
        (lambda p: p.choices("a", ("key", "day")), "", ()),
        (lambda p: p.whole("a", 1, 500), "500", 500),
        (lambda p: p.whole("a", 1, 500), "", None),
        (lambda p: p.moment("a"), "2026-11-28", datetime(2026, 11, 28, tzinfo=UTC)),
        (lambda p: p.moment("a"), "2026-11-28T06:30:00Z", NOW),
        (lambda p: p.moment("a"), "2026-11-28T08:30:00.000+02:00", NOW),
        (lambda p: p.moment("a"), "2026-11-28T08:30:00 02:00", NOW),
        (lambda p: p.moment("a"), "", None),
    ],
)
def test_what_is_given_becomes_a_value(read: Callable[[Parameters], Any], value: str, expected: Any) -> None:
    assert read(given(a=value)) == expected


@pytest.mark.parametrize(
    ("read", "value", "words"),
    [
        (lambda p: p.text("a"), "x\x00", "a: must be at most 512 printable characters"),
        (lambda p: p.text("a"), "x" * 513, "a: must be at most 512 printable characters"),
        (lambda p: p.choice("a", ("json", "csv"), "json"), "xml", "a: must be json or csv"),
        (lambda p: p.choices("a", ("key", "day")), "key,week", "a: must be a comma list of key, day"),
        (lambda p: p.choices("a", ("key", "day")), "key,key", "a: has a word twice"),
        *(
            (lambda p: p.whole("a", 1, 500), bad, "whole number from 1 to 500")
            for bad in ("0", "501", "-1", "x", "1.5", "٣")
        ),
        *((lambda p: p.moment("a"), bad, "a: must be a time such as") for bad in ("yesterday", "2026-13-01", "06:30")),
        (lambda p: p.moment("a"), "2026-11-28T06:30:00", "with its zone"),
        (lambda p: p.moment("a"), "0001-01-01T00:00:00+10:00", "a: must be a time such as"),
    ],
)
def test_what_is_not_allowed_is_said(read: Callable[[Parameters], Any], value: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        read(given(a=value))
    assert words in raised.value.message


def test_names_that_nobody_knows_and_names_that_come_twice() -> None:
    with pytest.raises(InvalidRequest, match="b: is not a parameter here; there are a, from, to, last"):
        Parameters(MultiDict({"b": "1"}), ALLOWED)
    with pytest.raises(InvalidRequest, match=r"^a parameter: is not"):
        Parameters(MultiDict({"b\n": "1"}), ALLOWED)
    with pytest.raises(InvalidRequest, match="a: is given twice"):
        Parameters(MultiDict([("a", "1"), ("a", "2")]), ALLOWED)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (None, None)),
        ({"from_": "2026-11-01"}, (datetime(2026, 11, 1, tzinfo=UTC), None)),
        ({"last": "24h"}, (NOW - timedelta(days=1), None)),
        ({"last": "7d"}, (NOW - timedelta(days=7), None)),
    ],
)
def test_spans(values: dict[str, str], expected: Any) -> None:
    assert given(**values).span(NOW) == expected


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"last": "24"}, "last: must be a number of hours or days"),
        ({"last": "0d"}, "last: must be a number of hours or days"),
        ({"last": "99999d"}, "last: must be a number of hours or days"),
        ({"last": "1d", "to": "2026-11-01"}, "last: cannot be given beside from and to"),
        ({"from_": "2026-11-02", "to": "2026-11-02"}, "from: must be before to"),
    ],
)
def test_spans_that_are_none(values: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        given(**values).span(NOW)
