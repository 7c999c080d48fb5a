"""JSON that strict reading refuses: values with faults of their encoding, objects with fields of wrong types."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Struct

from ccproxy.errors import BadAnswer
from ccproxy.translate.misfits import fitted, value


class Inner(Struct):
    number: int | None = None


class Outer(Struct):
    text: str = ""
    one: Inner | None = None
    many: list[Inner] | None = None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": 12345678901234567890123}', {"a": 12345678901234567890123}),
        (b'"a\\ud83d\\ude00b"', "a😀b"),
        (b'"a\\ud83db"', "a\ufffdb"),
        (b'"a\\ude00\\ud83db"', "a\ufffd\ufffdb"),
        (b'"a\xffb"', "a\ufffdb"),
        (b'"a\nb"', "a\nb"),
    ],
)
def test_values(data: bytes, expected: Any) -> None:
    assert value(data) == expected


@pytest.mark.parametrize("data", [b"", b"{", b"<html>", b"NaN", b"[" * 100000])
def test_what_is_no_json_is_a_bad_answer(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        value(data)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"text": "a", "more": 1}, Outer("a")),
        ({"text": 5, "one": {"number": "x"}}, Outer(one=Inner())),
        ({"one": 7, "many": 7}, Outer()),
        ({"text": None, "one": None}, Outer()),
        ({"many": [{"number": 1}, 7, {"number": []}]}, Outer(many=[Inner(1), Inner(), Inner()])),
        ({"one": {"number": "3"}}, Outer(one=Inner(3))),
    ],
)
def test_fields_of_wrong_types_count_as_not_sent(found: Any, expected: Outer) -> None:
    assert fitted(found, Outer, "thing") == expected


@pytest.mark.parametrize("found", [5, [], None, "x", {"many": [{"number": []} for _ in range(40)]}])
def test_what_cannot_be_made_fit_is_a_bad_answer(found: Any) -> None:
    with pytest.raises(BadAnswer, match=r"no thing|not a thing"):
        fitted(found, Outer, "thing")
