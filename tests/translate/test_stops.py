"""Stop sequences that are enforced here."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.translate.stops import StopWatch, overlap


def watched(stops: list[str], pieces: list[str]) -> tuple[str, str | None]:
    """The text that gets through, and the sequence that was met."""
    watch = StopWatch(stops)
    text = ""
    for piece in pieces:
        sure, met = watch.feed(piece)
        text += sure
        if met is not None:
            return text, met
    return text + watch.flush(), None


CASES = [
    ([], "abc", "abc", None),
    ([""], "abc", "abc", None),
    (["x"], "abc", "abc", None),
    (["b"], "abc", "a", "b"),
    (["END"], "one END two", "one ", "END"),
    (["END"], "one EN", "one EN", None),
    (["aab"], "aaab", "a", "aab"),
    (["\n\n"], "a\nb\n\nc", "a\nb", "\n\n"),
    (["stop", "sto"], "a stop", "a ", "sto"),
    (["xstop", "stop"], "a xstop", "a ", "xstop"),
    (["b", "a"], "ab", "", "a"),
    (["é"], "caféx", "caf", "é"),
]


@pytest.mark.parametrize(("stops", "text", "before", "met"), CASES)
def test_whole_and_letter_by_letter(stops: list[str], text: str, before: str, met: str | None) -> None:
    assert watched(stops, [text]) == (before, met)
    assert watched(stops, list(text)) == (before, met)


@settings(deadline=None)
@given(
    stops=st.lists(st.text("abc", min_size=1, max_size=4), max_size=3),
    pieces=st.lists(st.text("abc", max_size=5), max_size=8),
)
def test_cuts_change_nothing(stops: list[str], pieces: list[str]) -> None:
    text = "".join(pieces)
    before, met = watched(stops, pieces)
    assert (before, met) == watched(stops, [text])
    ends = [(text.find(stop) + len(stop), -len(stop), stop) for stop in stops if stop in text]
    if not ends:
        assert (before, met) == (text, None)
    else:
        end, length, first = min(ends)
        assert (before, met) == (text[: end + length], first)


def test_text_is_held_back_no_longer_than_needed() -> None:
    watch = StopWatch(["STOP"])
    assert watch.feed("go on ST") == ("go on ", None)
    assert watch.feed("ILL going") == ("STILL going", None)
    assert watch.flush() == ""


@pytest.mark.parametrize(
    ("text", "mark", "length"), [("", "ab", 0), ("a", "ab", 1), ("ab", "ab", 0), ("xa", "ab", 1), ("aa", "aab", 2)]
)
def test_overlap(text: str, mark: str, length: int) -> None:
    assert overlap(text, mark) == length
