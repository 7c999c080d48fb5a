"""Work in a greenlet of its own: begun at once, waited for in spells, stopped."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from ccproxy.gateway.opening import Opening


def test_work_without_a_pause_is_done_when_the_first_wait_returns() -> None:
    steps = []
    opening = Opening(lambda: steps.append("work") or 7)
    assert steps == []
    assert not opening.ready
    assert opening.wait(30)
    assert (steps, opening.ready, opening.result) == (["work"], True, 7)
    assert opening.wait(30)


def test_the_caller_is_next_when_the_work_ends() -> None:
    """Nobody who was queued in the meantime comes in between."""
    order = []
    go = Event()

    def work() -> str:
        go.wait()
        order.append("work")
        return "done"

    def caller() -> None:
        opening = Opening(work)
        opening.wait(30)
        order.append("caller")

    def others() -> None:
        go.set()
        gevent.spawn(order.append, "queued")
        gevent.spawn(order.append, "queued too")

    gevent.joinall([gevent.spawn(caller), gevent.spawn(others)], timeout=30)
    assert order.index("caller") == order.index("work") + 1


def test_work_is_waited_for_in_spells() -> None:
    go = Event()
    opening = Opening(lambda: go.wait() and "late")
    assert not opening.wait(0.01)
    assert not opening.wait(0.01)
    gevent.spawn(go.set)
    assert opening.wait(30)
    assert opening.result == "late"


def test_the_end_of_the_work_disturbs_nobody_who_waits_for_something_else() -> None:
    go, other, elsewhere = Event(), Event(), Event()
    seen = []

    def caller() -> None:
        opening = Opening(go.wait)
        assert not opening.wait(0.01)
        elsewhere.set()
        seen.append(other.wait(30))
        seen.append(opening.ready)

    waiting = gevent.spawn(caller)
    assert elsewhere.wait(30)
    go.set()
    gevent.idle()
    assert seen == []
    other.set()
    waiting.join(30)
    assert seen == [True, True]


@pytest.mark.parametrize("begun", [0, 1, 2], ids=["never", "in the first wait", "later"])
def test_work_can_be_stopped(begun: int) -> None:
    ends = []

    def work() -> None:
        try:
            Event().wait()
        except gevent.GreenletExit:
            ends.append("stopped")
            raise

    opening = Opening(work)
    for _ in range(begun):
        assert not opening.wait(0.01)
    opening.end()
    gevent.idle()
    assert ends == (["stopped"] if begun else [])
    assert not opening.ready


def test_an_exception_for_the_caller_reaches_it_and_the_work_can_be_stopped_then() -> None:
    ends = []

    class Gone(gevent.GreenletExit):
        pass

    def work() -> None:
        try:
            Event().wait()
        finally:
            ends.append("work")

    def caller() -> None:
        opening = Opening(work)
        try:
            opening.wait(30)
        except Gone:
            ends.append("caller")
            opening.end()

    waiting = gevent.spawn(caller)
    gevent.idle()
    waiting.kill(Gone, block=False)
    waiting.join(30)
    gevent.idle()
    assert ends == ["caller", "work"]


def test_ended_work_is_not_stopped_again() -> None:
    opening = Opening(lambda: 1)
    opening.wait(30)
    opening.end()
    gevent.idle()
    assert opening.result == 1
