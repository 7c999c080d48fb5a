from __future__ import annotations

from collections.abc import Callable

import gevent
import pytest
from gevent.event import Event
from structlog.testing import capture_logs

from ccproxy.gateway.credentials.lease import FAILED, MOST, Failure, Lease, Leases


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Gives one outcome after the other; waits for `gate` where there is one."""

    def __init__(self, *outcomes: Lease[str] | Failure, gate: Event | None = None) -> None:
        self.outcomes = list(outcomes)
        self.asked = 0
        self.gate = gate

    def __call__(self) -> Lease[str] | Failure:
        self.asked += 1
        if self.gate is not None:
            assert self.gate.wait(30)
        return self.outcomes.pop(0)


def lease(value: str) -> Lease[str]:
    return Lease(value, 60.0, 100.0)


def settled(ready: Callable[[], bool]) -> None:
    with gevent.Timeout(30):
        while not ready():
            gevent.sleep(0)


def test_a_value_is_fetched_once_and_kept() -> None:
    clock, source = Clock(), Source(lease("a"))
    leases: Leases[str] = Leases(clock)
    assert leases.get("k", source) == "a"
    clock.now += 59
    assert leases.get("k", source) == "a"
    assert source.asked == 1
    assert leases.get("other", Source(lease("b"))) == "b"


def test_all_who_need_it_wait_for_one_fetch() -> None:
    gate = Event()
    source = Source(lease("a"), gate=gate)
    leases: Leases[str] = Leases(Clock())
    waiting = [gevent.spawn(leases.get, "k", source) for _ in range(50)]
    settled(lambda: source.asked == 1)
    gate.set()
    gevent.joinall(waiting, timeout=30)
    assert [one.value for one in waiting] == ["a"] * 50
    assert source.asked == 1


def test_a_fetch_goes_on_when_who_began_it_is_gone() -> None:
    gate = Event()
    source = Source(lease("a"), gate=gate)
    leases: Leases[str] = Leases(Clock())
    first = gevent.spawn(leases.get, "k", source)
    settled(lambda: source.asked == 1)
    first.kill()
    second = gevent.spawn(leases.get, "k", source)
    gevent.sleep(0)
    gate.set()
    assert second.get(timeout=30) == "a"
    assert source.asked == 1


def test_the_next_value_is_fetched_while_the_old_one_is_good() -> None:
    clock, gate = Clock(), Event()
    leases: Leases[str] = Leases(clock)
    leases.get("k", Source(lease("a")))
    clock.now += 60
    source = Source(lease("b"), gate=gate)
    assert leases.get("k", source) == "a"
    assert leases.get("k", source) == "a"
    settled(lambda: source.asked == 1)
    gate.set()
    settled(lambda: leases.get("k", source) == "b")
    assert source.asked == 1


def test_one_that_is_over_is_waited_for() -> None:
    clock = Clock()
    leases: Leases[str] = Leases(clock)
    leases.get("k", Source(lease("a")))
    clock.now += 100
    assert leases.get("k", Source(lease("b"))) == "b"


def test_a_failure_is_not_tried_again_at_once() -> None:
    clock, no = Clock(), Failure("no", refused=True)
    source = Source(no, lease("a"))
    leases: Leases[str] = Leases(clock)
    assert leases.get("k", source) == no
    assert leases.get("k", source) == no
    leases.drop("k")
    assert leases.get("k", source) == no
    assert source.asked == 1
    clock.now += FAILED
    assert leases.get("k", source) == "a"


def test_what_was_good_stays_so_until_its_end_though_the_next_cannot_be_had() -> None:
    clock, no = Clock(), Failure("no")
    leases: Leases[str] = Leases(clock)
    leases.get("k", Source(lease("a")))
    clock.now += 60
    source = Source(no, no)
    assert leases.get("k", source) == "a"
    settled(lambda: not source.outcomes[1:])
    assert leases.get("k", source) == "a"
    assert source.asked == 1
    clock.now += 40
    assert leases.get("k", source) == no


def test_a_value_that_was_refused_is_fetched_anew() -> None:
    leases: Leases[str] = Leases(Clock())
    source = Source(lease("a"), lease("b"))
    leases.get("k", source)
    leases.drop("k")
    leases.drop("never there")
    assert leases.get("k", source) == "b"


def test_old_keys_are_let_go_of() -> None:
    leases: Leases[str] = Leases(Clock())
    for number in range(MOST + 1):
        leases.get(str(number), Source(lease("a")))
    again = Source(lease("b"))
    assert leases.get(str(MOST), again) == "a"
    assert leases.get("0", again) == "b"


def test_a_bug_is_a_failure_like_others_and_shows_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    leases: Leases[str] = Leases(clock)
    with capture_logs() as logged:
        assert isinstance(leases.get("the-key", Source()), Failure)
    assert [line["event"] for line in logged] == ["bug in fetching credentials"]
    out, err = capsys.readouterr()
    assert "the-key" not in out + err + str(logged)
    clock.now += FAILED
    assert leases.get("the-key", Source(lease("a"))) == "a"
