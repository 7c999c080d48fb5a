from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.translate.tool_ids import inward, outward

LEGAL = re.compile(r"[a-zA-Z0-9_-]+")


@pytest.mark.parametrize("id", ["toolu_01A", "call_abc-1", "x", "0" * 60])
def test_legal_ids_stay_as_they_are_both_ways(id: str) -> None:
    assert outward(id) == id
    assert inward(id) == id


@pytest.mark.parametrize("id", ["functions.search:0", "", "ccpid_", "ccpid_x", "a b", "ünï"])
def test_ids_that_clients_refuse_are_written_reversibly(id: str) -> None:
    assert LEGAL.fullmatch(outward(id))
    assert inward(outward(id)) == id


@pytest.mark.parametrize("id", ["ccpid_!", "ccpid_A", "ccpid_gICA", "ccpid_YWJj"])
def test_ids_that_only_look_like_ours_are_left_alone(id: str) -> None:
    """Not base64, cut, not UTF-8, and an encoding that we would not have made."""
    assert inward(id) == id


@given(st.text())
def test_every_id_comes_back(id: str) -> None:
    assert inward(outward(id)) == id


def test_short_allows_forty_characters() -> None:
    assert inward("a" * 40, "short") == "a" * 40
    longer = inward("a" * 41, "short")
    assert len(longer) <= 40
    assert longer == inward("a" * 41, "short") != inward("a" * 42, "short")


def test_nine_letters_and_digits() -> None:
    assert inward("abcDEF123", "nine") == "abcDEF123"
    made = {inward(f"toolu_{n}", "nine") for n in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(r"[a-zA-Z0-9]{9}", id) for id in made)
    assert inward("toolu_7", "nine") in made
