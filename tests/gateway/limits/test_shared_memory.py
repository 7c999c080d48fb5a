"""The counters, in one process and in several at once."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable

import pytest

from ccproxy.gateway.limits import periods
from ccproxy.gateway.limits.charges import Charge, Level, Taken
from ccproxy.gateway.limits.shared_memory import SharedCounters

NOW = 1_800_000_000.0


def charge(amount: int = 1, limit: int = 10, holder: str = "anna", kind: str = "requests", now: float = NOW) -> Charge:
    period = {"requests": periods.minute, "tokens": periods.minute, "at_once": lambda _: periods.ALWAYS}
    return Charge(holder, kind, period.get(kind, periods.day)(now), limit, amount)  # type: ignore[arg-type]


def taken(counters: SharedCounters, *wanted: Charge, now: float = NOW) -> Taken:
    return counters.take(wanted, now, lambda charge: 0)


def take(counters: SharedCounters, *wanted: Charge, now: float = NOW) -> tuple[Charge | None, list[Level]]:
    found = taken(counters, *wanted, now=now)
    return found.refused, found.levels


def level(counters: SharedCounters, of: Charge) -> int:
    [found] = counters.take([charge(0, of.limit, of.holder, of.kind)], NOW, lambda charge: 0).levels
    return found.current


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
    counters.settle(taken(counters, charge(5, kind="tokens")), [25], NOW)
    assert level(counters, charge(kind="tokens")) == 25
    counters.settle(Taken([charge(25, kind="tokens")], []), [2], NOW)
    assert take(counters, charge(kind="tokens")) == (None, [Level(3)])


def test_what_a_long_stream_used_beyond_its_estimate_counts_when_it_ends(counters):
    stream = taken(counters, charge(5, 100, kind="tokens"))
    counters.settle(stream, [40], NOW + 300)
    later = charge(1, 100, kind="tokens", now=NOW + 300)
    assert take(counters, later, now=NOW + 300) == (None, [Level(36)])
    assert level(counters, charge(kind="tokens")) == 5


def test_a_request_is_given_back_to_the_door(counters):
    knocked = taken(counters, charge())
    counters.settle(knocked, [0], NOW)
    assert level(counters, charge()) == 0


def test_nothing_is_taken_of_nothing(counters):
    assert taken(counters) == Taken((), [])


def test_a_budget_is_begun_once(counters):
    budget, other = charge(1, 100, kind="day_tokens"), charge(1, 100, kind="month_tokens")
    asked = []

    def already(charge: Charge) -> int:
        asked.append(charge)
        return 70

    assert counters.take([budget, other], NOW, already).levels == [Level(71), Level(71)]
    assert counters.take([budget], NOW, already).levels == [Level(72)]
    assert asked == [budget, other]


def test_who_begins_a_budget_first_has_begun_it(counters):
    budget = charge(1, 100, kind="day_tokens")

    def already(_: Charge) -> int:
        take(counters, budget)  # somebody else meanwhile
        return 70

    assert counters.take([budget], NOW, already).levels == [Level(2)]


def test_what_is_over_makes_room():
    """More counters than there are places: those that are needed no more go first."""
    small = SharedCounters(sets=1)
    for holder in range(8):
        take(small, charge(holder=str(holder), now=NOW + 60 * holder), now=NOW + 60 * holder)
    take(small, charge(holder="new", now=NOW + 480), now=NOW + 480)
    assert take(small, charge(0, holder="new", now=NOW + 480)) == (None, [Level(1)])
    kept = [take(small, charge(0, holder=str(one), now=NOW + 60 * one))[1] for one in range(8)]
    assert kept == [[Level(0)], *[[Level(1)]] * 7]


def test_a_key_with_nothing_under_way_makes_room_and_others_do_not():
    small = SharedCounters(sets=1)
    for holder in range(8):
        first = taken(small, charge(holder=str(holder), kind="at_once"))
        if holder == 3:
            small.settle(first, [0], NOW)
    take(small, charge(holder="new", kind="at_once"))
    assert [level(small, charge(holder=str(one), kind="at_once")) for one in range(8)] == [1, 1, 1, 0, 1, 1, 1, 1]


def test_a_charge_whose_place_another_of_the_same_request_takes_is_not_mixed_up_with_it():
    small = SharedCounters(sets=1)
    for number in range(8):
        take(small, charge(holder=str(number), now=NOW + 60 * number), now=NOW + 60 * number)
    wanted = [charge(holder="0"), charge(3, holder="new", kind="at_once")]
    assert take(small, *wanted) == (None, [Level(2), Level(3)])
    assert level(small, charge(holder="new", kind="at_once")) == 3


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
    at_once = charge(limit=3, kind="at_once")

    def enter() -> bool:
        return take(counters, at_once)[0] is None

    first = taken(counters, at_once)
    assert in_children(1, lambda _: sum(enter() for _ in range(5))) == [2]
    # That process has ended, so what it had under way is not
    assert enter()
    assert enter()
    assert take(counters, at_once) == (at_once, [Level(3)])
    assert take(counters, charge(limit=1, holder="ben", kind="at_once"))[0] is None
    counters.settle(first, [0], NOW)
    assert enter()
    assert not enter()


def killed(counters: SharedCounters, *wanted: Charge) -> None:
    """Have another worker take these, and kill it."""
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        take(counters, *wanted)
        os.write(writing, b"x")
        time.sleep(60)
        os._exit(0)
    assert os.read(reading, 1) == b"x"
    os.close(reading)
    os.close(writing)
    for one in wanted:
        assert level(counters, one) >= one.amount, "it counts as long as that worker lives"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


HELD = ("tokens", "day_tokens", "month_usd", "at_once")


@pytest.mark.parametrize("kind", HELD)
def test_what_a_killed_worker_had_under_way_is_given_back_before_anybody_is_refused(counters, kind):
    take(counters, charge(2, kind=kind))
    killed(counters, charge(8, kind=kind), charge())
    assert take(counters, charge(8, kind=kind)) == (None, [Level(10)])
    assert take(counters, charge(kind=kind)) == (charge(kind=kind), [Level(10)])
    assert level(counters, charge()) == 1, "that it was asked stays counted"


def test_who_comes_in_the_place_of_a_killed_worker_finds_nothing_of_its(counters):
    killed(counters, *(charge(3, kind=kind) for kind in HELD))
    assert in_children(1, lambda _: sum(level(counters, charge(kind=kind)) for kind in HELD)) == [0]


def test_what_is_settled_is_not_given_back_once_more(counters):
    """A worker that is killed with one request done and one under way."""

    def work(_: int) -> int:
        counters.settle(taken(counters, charge(3, 100, kind="day_tokens")), [40], NOW)
        take(counters, charge(5, 100, kind="day_tokens"))
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert in_children(1, work) == [-signal.SIGKILL]
    budget = charge(61, 100, kind="day_tokens")
    assert take(counters, budget) == (budget, [Level(40)])


def test_what_is_given_back_begins_no_counter(counters):
    budget = charge(8, kind="day_tokens")
    killed(counters, budget)
    counters._memory[: counters._sets * 192] = bytes(counters._sets * 192)
    assert take(counters, charge(11, kind="tokens"))[0] is not None
    assert take(counters, budget) == (None, [Level(8)])


def test_a_process_that_dies_with_the_lock_does_not_keep_it(counters):
    def work(_: int) -> int:
        with counters._locked():
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert in_children(1, work) == [-signal.SIGKILL]
    assert take(counters, charge())[0] is None


def test_there_is_an_end_to_workers(counters, monkeypatch):
    monkeypatch.setattr(counters._ledgers, "_lock", lambda worker: False)
    with pytest.raises(RuntimeError, match="more than 256 workers"):
        take(counters, charge())


def test_a_counter_that_has_missed_some_is_raised_and_one_that_is_lost_is_not_begun(counters):
    budget = charge(5, 100, kind="day_tokens")
    counters.settle(Taken([budget], []), [10], NOW)
    counters.raise_to(budget, 50)
    first = counters.take([budget], NOW, lambda _: 70)
    assert first.levels == [Level(75)]
    counters.raise_to(budget, 80)
    counters.raise_to(budget, 60)
    assert take(counters, budget) == (None, [Level(90)]), "what is under way is not in the log yet"
    counters.settle(first, [5], NOW)
    assert level(counters, budget) == 90


def test_a_budget_that_had_to_make_room_begins_with_what_is_under_way(counters):
    budget = charge(5, 100, kind="day_tokens")
    first = taken(counters, budget)
    counters._memory[: counters._sets * 192] = bytes(counters._sets * 192)
    assert counters.take([budget], NOW, lambda _: 70).levels == [Level(80)]
    counters.settle(first, [1], NOW)
    assert level(counters, budget) == 76
