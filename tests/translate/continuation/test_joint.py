"""Where two texts meet: for any text, any cut and whatever the second target repeats, the client's text is whole."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ccproxy.translate.continuation.joint import LEAST, Joint, loops
from ccproxy.translate.continuation.request import last_words

PROSE = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness."
BLANKS = st.text(" \n\t", max_size=4)
ANYTHING = st.text(st.sampled_from("abc .,\n\té漢🙂"), max_size=120) | st.text(max_size=80)


def cut(text: str, sizes: list[int]) -> list[str]:
    """The text in pieces of these sizes, and the rest in one."""
    pieces = []
    for size in sizes:
        pieces.append(text[:size])
        text = text[size:]
    return [*pieces, text]


def joined(said: str, lead: str | None, more: str, sizes: list[int] | None = None) -> str:
    """What the client has in the end."""
    joint = Joint(said, lead)
    return said + "".join(map(joint.feed, cut(more, sizes or []))) + joint.close()


SIZES = st.lists(st.integers(0, 9), max_size=30)


@given(ANYTHING, ANYTHING, BLANKS, SIZES)
def test_who_copies_the_last_words_is_met_exactly(said: str, more: str, blank: str, sizes: list[int]) -> None:
    """As asked: the last words, all of the white space behind them, and on. Any text, loops and all."""
    lead = last_words(said)
    space = said[len(said.rstrip()) :]
    assume(lead)
    assert joined(said, lead, blank + lead + space + more, sizes) == said + more


@given(ANYTHING, ANYTHING, SIZES)
def test_who_goes_on_with_its_own_message_loses_nothing(said: str, more: str, sizes: list[int]) -> None:
    core = said.rstrip()
    space = said[len(core) :]
    assume(core)
    assume(not (space + more).lstrip().startswith(core))
    assert joined(said, None, space + more, sizes) == said + more


@given(ANYTHING, ANYTHING, BLANKS, SIZES)
def test_who_gives_all_back_first_is_met_exactly(said: str, more: str, blank: str, sizes: list[int]) -> None:
    core = said.strip()
    assume(core and core == said.rstrip())
    assert joined(said, None, blank + said + more, sizes) == said + more


@given(st.integers(30, len(PROSE)), st.integers(LEAST, len(PROSE)), BLANKS, SIZES)
def test_who_repeats_another_tail_than_asked_is_met_exactly(at: int, tail: int, blank: str, sizes: list[int]) -> None:
    said, more = PROSE[:at], PROSE[at:]
    again = said[-tail:]
    assume(len(again.strip()) >= LEAST)
    assert joined(said, last_words(said), blank + again.lstrip() + more, sizes) == PROSE


@given(st.integers(30, len(PROSE)), SIZES)
def test_who_goes_on_without_copying_anything_loses_nothing(at: int, sizes: list[int]) -> None:
    assert joined(PROSE[:at], last_words(PROSE[:at]), PROSE[at:], sizes) == PROSE


@pytest.mark.parametrize(
    ("said", "lead", "more", "whole"),
    [
        # A word that is begun anew, and words that were asked for neither so.
        ("the quick bro", "quick brown", "brown fox", "the quick brown fox"),
        ("jumps over the", "nothing", "over the lazy dog", "jumps over the lazy dog"),
        # What is short, or repeats itself anyway, may be meant.
        ("say: ", "nothing", "say it", "say: say it"),
        ("1.0", "nothing", "1.0", "1.01.0"),
        ("ha ha ha", "nothing", " ha ha", "ha ha ha ha ha"),
        ("bonbon", "nothing", "bon", "bonbonbon"),
        ("|---|---|---|---|---|", "nothing", "---|---|---|---|---|", "|---|---|---|---|---|---|---|---|---|---|"),
        ("x = 1\nx = 1\ny", "nothing", "x = 1\nx = 1\ny2", "x = 1\nx = 1\ny2"),
        # The copy stopped before its end.
        ("and so they", "and so they", "and so", "and so they"),
        # White space at the seam.
        ("one\n", None, "\n\ntwo", "one\n\ntwo"),
        ("one\n\n", None, "\n- two", "one\n\n- two"),
        ("one ", None, "two", "one two"),
        ("one ", None, "\ntwo", "one \ntwo"),
        ("one\n  ", "one", "one\n    two", "one\n    two"),
        ("one  ", None, "  ", "one  "),
        ("one", "one", "one", "one"),
        ("one", "one", "", "one"),
        ("one", "one", "\n" * 2000, "one" + "\n" * 2000),
        # Before there was a text.
        (" \n", None, "\none", " \n\none"),
        (" \n", None, " \none", " \none"),
        ("", None, " one", " one"),
    ],
)
def test_seams(said: str, lead: str | None, more: str, whole: str) -> None:
    assert joined(said, lead, more) == whole
    assert joined(said, lead, more, [1] * len(more)) == whole


def test_a_continuation_passes_as_soon_as_it_can_be_told_from_a_repeat() -> None:
    joint = Joint(PROSE, last_words(PROSE))
    assert joint.feed("And") == "And"
    assert joint.settled
    assert joint.feed(PROSE) == PROSE


@pytest.mark.parametrize(
    ("text", "expected"),
    [("haha", True), ("ha ha ha", True), ("ab", False), ("", False), ("aabaabb", False), ("abcabcab", True)],
)
def test_loops(text: str, expected: bool) -> None:
    assert loops(text) is expected


@given(st.text("ab", max_size=14))
def test_loops_by_definition(text: str) -> None:
    assert loops(text) == any(text[step:] == text[:-step] for step in range(1, len(text) // 2 + 1))
