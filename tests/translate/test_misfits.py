"""JSON that strict reading refuses: values with faults of their encoding, objects with fields of wrong types."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Struct

from ccproxy.errors import BadAnswer
from ccproxy.translate.misfits import Halves, fitted, value


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


def told(*texts: str, at: str = '{"type":"t","a":[{"b":"%s"}]}') -> tuple[list[str], Halves]:
    """The texts of one stream's payloads, in which they stand at the same place, and what still waits in the end."""
    halves: Halves = {}
    return [value((at % text).encode(), halves)["a"][0]["b"] for text in texts], halves


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("a\\ud83d", "\\ude00b"), ["a", "😀b"]),
        (("\\ud83d", "", "\\ude00\\ud83d", "\\ude01"), ["", "", "😀", "😁"]),
        (("a\\ud83d", "b"), ["a", "\ufffdb"]),
        (("a\\ud83d", "\\ud83d", "\\ude00"), ["a", "\ufffd", "😀"]),
        (("a", "\\ude00b"), ["a", "\ufffdb"]),
        (("a\\ud83db", "c"), ["a\ufffdb", "c"]),
    ],
)
def test_a_character_in_two_payloads_is_one(texts: tuple[str, ...], expected: list[str]) -> None:
    assert told(*texts) == (expected, {})


def test_half_a_character_waits_at_its_place() -> None:
    halves: Halves = {}
    assert value(b'{"type":"t","a":"x\\ud83d","b":"y\\ud83d"}', halves) == {"type": "t", "a": "x", "b": "y"}
    assert value(b'{"type":"u","a":"\\ude00"}', halves)["a"] == "\ufffd", "another kind of event"
    assert value(b'[{"index":"x"},{"index":{}},"\\ud83d"]', halves) == [{"index": "x"}, {"index": {}}, ""]
    assert value(b'{"type":"t","b":"\\ude00","a":1}', halves)["b"] == "😀"
    assert value(b'{"type":"t","a":"\\ude01"}', halves)["a"] == "😁"
    assert value(b'{"type":{},"a":"\\ud83d"}', halves)["a"] == ""


def test_items_with_a_number_of_their_own_may_take_turns() -> None:
    halves: Halves = {}
    for number, text in ((0, "\\ud83d"), (1, "\\ud83d"), (0, "\\ude00"), (1, "\\ude01")):
        found = value(b'{"calls":[{"index":%d,"text":"%s"}]}' % (number, text.encode()), halves)
    assert (found["calls"][0]["text"], halves) == ("😁", {})


def test_without_a_stream_there_is_nobody_to_wait_for() -> None:
    assert value(b'{"\\ud83d":"a\\ud83d"}') == {"\ufffd": "a\ufffd"}


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
