"""What is held by workers, in one process; in several: `test_shared_memory`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from mmap import mmap

import pytest

from ccproxy.gateway.limits import ledgers
from ccproxy.gateway.limits.ledgers import SIZE, Ledgers

FIRST = 40
ANNA, BEN, CARL = b"anna----", b"ben-----", b"carl----"


@pytest.fixture
def own() -> Iterator[Ledgers]:
    with tempfile.TemporaryFile() as file:
        made = Ledgers(mmap(-1, FIRST + SIZE), FIRST, file)
        assert not made.claimed
        made.claim()
        yield made


def used(own: Ledgers) -> int:
    return own._all_used()[0]


def test_what_is_held_adds_up_and_goes(own):
    assert own.claimed
    own.hold(ANNA, 3)
    own.hold(BEN, 5)
    own.hold(ANNA, 4)
    assert (own.held(ANNA), own.held(BEN), own.held(CARL)) == (7, 5, 0)
    own.release(ANNA, 3)
    assert own.held(ANNA) == 4
    own.release(ANNA, 4)
    assert (own.held(ANNA), own.held(BEN), used(own)) == (0, 5, 2)


def test_places_are_used_again_and_given_up_with_the_last(own):
    for name in (ANNA, BEN):
        own.hold(name, 1)
    own.release(ANNA, 1)
    own.hold(CARL, 2)
    assert (used(own), own.held(ANNA), own.held(CARL)) == (2, 0, 2)
    own.release(BEN, 1)
    own.release(CARL, 2)
    assert used(own) == 0
    own.hold(BEN, 9)
    assert (used(own), own.held(BEN), own.held(CARL)) == (1, 9, 0)


def test_what_has_no_place_is_not_held_and_nothing_else_suffers(own, monkeypatch):
    monkeypatch.setattr(ledgers, "PLACES", 1)
    own.hold(ANNA, 1)
    own.hold(BEN, 2)
    assert (own.held(ANNA), own.held(BEN)) == (1, 0)
    own.release(BEN, 2)
    own.hold(ANNA, 1)
    assert own.held(ANNA) == 2
    own.release(ANNA, 5)
    assert own.held(ANNA) == 0


def test_an_amount_that_looks_like_a_counter_is_none(own):
    own.hold(ANNA, int.from_bytes(BEN, "little"))
    own.hold(BEN, 3)
    assert own.held(BEN) == 3


def test_the_living_are_not_among_the_dead(own):
    own.hold(ANNA, 1)
    assert list(own.of_the_dead()) == []
    assert own.held(ANNA) == 1


def test_a_new_ledger_holds_nothing_of_the_one_before(own):
    for name in (ANNA, BEN):
        own.hold(name, 7)
    own._process = 0  # as a fork finds it
    assert sorted(own.of_the_dead()) == [(ANNA, 7), (BEN, 7)]
    assert list(own.of_the_dead()) == []
    own.claim()
    own.hold(CARL, 1)
    assert (own.held(ANNA), own.held(BEN), own.held(CARL)) == (0, 0, 1)
