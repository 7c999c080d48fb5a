"""The counters, in one process and in several at once."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable

import pytest

from ccproxy.gateway.limits import periods
from ccproxy.gateway.limits.charges import Charge, Level
from ccproxy.gateway.limits.shared_memory import SharedCounters

NOW = 1_800_000_000.0


def charge(amount: int = 1, limit: int = 10, holder: str = "anna", kind: str = "requests", now: float = NOW) -> Charge:
    period = periods.minute if kind in ("requests", "tokens") else periods.day
    return Charge(holder, kind, period(now), limit, amount)  # type: ignore[arg-type]


def take(counters: SharedCounters, *wanted: Charge, now: float = NOW) -> tuple[Charge | None, list[Level]]:
    return counters.take(wanted, now, lambda charge: 0)


@pytest.fixture
def counters() -> SharedCounters:
    return SharedCounters(sets=64)


def fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forks beside threads; none is ours
        return os.fork()


def in_children(number: int, work: Callable[[int], int]) -> list[int]:
    """What `work` returns (0 to 255) in as many forks, all at once."""
    children = []
    for index in range(number):
        child = fork()
        if child == 0:
            code = 255
            try:
                code = work(index)
            finally:
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def test_charges_add_up_to_the_limit(counters):
    for count in range(1, 11):
        assert take(counters, charge()) == (None, [Level(count)])
    assert take(counters, charge()) == (charge(), [Level(10)])
    assert take(counters, charge(holder="ben")) == (None, [Level(1)])


def test_all_are_charged_or_none(counters):
    tokens, requests = charge(50, 100, kind="tokens"), charge(limit=1)
    assert take(counters, tokens, requests)[0] is None
    assert take(counters, tokens, requests) == (requests, [Level(50), Level(1)])
    assert take(counters, tokens) == (None, [Level(100)])


def test_the_minute_before_is_looked_back_at(counters):
    take(counters, charge(10))
    later = charge(now=NOW + 60)
    assert take(counters, later, now=NOW + 60) == (later, [Level(0, 10)])
    assert take(counters, later, now=NOW + 90) == (None, [Level(1, 10)])
    assert take(counters, charge(now=NOW + 120), now=NOW + 120) == (None, [Level(1, 1)])


def test_what_is_settled_counts_whether_it_fits_or_not(counters):
    take(counters, charge(5))
    counters.add([(charge(), 20)])
    assert take(counters, charge())[1] == [Level(25)]
    counters.add([(charge(), -24)])
    assert take(counters, charge()) == (None, [Level(2)])


def test_a_budget_is_begun_once(counters):
    budget, other = charge(1, 100, kind="day_tokens"), charge(1, 100, kind="month_tokens")
    asked = []

    def already(charge: Charge) -> int:
        asked.append(charge)
        return 70

    assert counters.take([budget, other], NOW, already) == (None, [Level(71), Level(71)])
    assert counters.take([budget], NOW, already) == (None, [Level(72)])
    assert asked == [budget, other]


def test_who_begins_a_budget_first_has_begun_it(counters):
    budget = charge(1, 100, kind="day_tokens")

    def already(_: Charge) -> int:
        take(counters, budget)  # somebody else meanwhile
        return 70

    assert counters.take([budget], NOW, already) == (None, [Level(2)])


def test_what_is_over_makes_room(counters):
    """More counters than there are places: those that are needed no more go first."""
    small = SharedCounters(sets=1)
    for holder in range(8):
        take(small, charge(holder=str(holder), now=NOW + 60 * holder), now=NOW + 60 * holder)
    take(small, charge(holder="new", now=NOW + 480), now=NOW + 480)
    assert take(small, charge(0, holder="new", now=NOW + 480)) == (None, [Level(1)])
    kept = [take(small, charge(0, holder=str(one), now=NOW + 60 * one))[1] for one in range(8)]
    assert kept == [[Level(0)], *[[Level(1)]] * 7]


@pytest.mark.parametrize("workers", [4])
def test_a_limit_holds_exactly_between_processes(counters, workers):
    """Each of them tries as often as it is allowed to all of them together."""
    limit = 200

    def work(_: int) -> int:
        return sum(1 for _ in range(limit) if take(counters, charge(limit=limit))[0] is None)

    passed = in_children(workers, work)
    assert sum(passed) == limit
    assert take(counters, charge(limit=limit))[1] == [Level(limit)]


def test_requests_at_once_are_counted_over_all_processes(counters):
    assert counters.enter("anna", 3, NOW)
    assert in_children(1, lambda _: sum(counters.enter("anna", 3, NOW) for _ in range(5))) == [2]
    # That process has ended, so what it had under way is not
    assert counters.enter("anna", 3, NOW)
    assert counters.enter("anna", 3, NOW)
    assert not counters.enter("anna", 3, NOW)
    assert counters.enter("ben", 1, NOW)
    counters.leave("anna", NOW)
    assert counters.enter("anna", 3, NOW)
    assert not counters.enter("anna", 3, NOW)


def test_what_a_killed_worker_had_under_way_counts_no_more(counters):
    assert counters.enter("anna", 2, NOW)
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        counters.enter("anna", 2, NOW)
        os.write(writing, b"x")
        time.sleep(60)
        os._exit(0)
    assert os.read(reading, 1) == b"x"
    os.close(reading)
    os.close(writing)
    assert not counters.enter("anna", 2, NOW)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert counters.enter("anna", 2, NOW)
    # whoever comes in its place begins with nothing under way
    assert in_children(1, lambda _: counters.enter("anna", 3, NOW) + counters.enter("anna", 3, NOW)) == [1]


def test_a_process_that_dies_with_the_lock_does_not_keep_it(counters):
    def work(_: int) -> int:
        with counters._locked():
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert in_children(1, work) == [-signal.SIGKILL]
    assert take(counters, charge())[0] is None


def test_there_is_an_end_to_workers(counters, monkeypatch):
    monkeypatch.setattr(counters, "_lock_of", lambda worker: False)
    with pytest.raises(RuntimeError, match="more than 256 workers"):
        counters.enter("anna", 1, NOW)


def test_a_counter_that_has_missed_some_is_raised_and_one_that_is_lost_is_not_begun(counters):
    budget = charge(5, 100, kind="day_tokens")
    counters.add([(budget, 5)])
    counters.raise_to(budget, 50)
    assert counters.take([budget], NOW, lambda _: 70) == (None, [Level(75)])
    counters.raise_to(budget, 80)
    counters.raise_to(budget, 60)
    assert take(counters, budget) == (None, [Level(85)])
