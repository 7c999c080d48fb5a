"""The counters in Redis: a real server's protocol, spoken by fakeredis on a loopback port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import gevent
import pytest
from fakeredis import TcpFakeServer
from structlog.testing import capture_logs

from ccproxy.gateway.limits import periods, redis
from ccproxy.gateway.limits.charges import Charge, Level
from ccproxy.gateway.limits.redis import LEASE, RedisCounters
from ccproxy.gateway.limits.shared_memory import SharedCounters
from tests.fake_upstream import closed_port

NOW = 1_800_000_000.0


def charge(amount: int = 1, limit: int = 10, holder: str = "anna", kind: str = "requests", now: float = NOW) -> Charge:
    period = periods.minute if kind in ("requests", "tokens") else periods.day
    return Charge(holder, kind, period(now), limit, amount)  # type: ignore[arg-type]


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url() -> Iterator[str]:
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    serving.start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    server.server_close()
    serving.join(10)


@pytest.fixture
def machine(url: str, clock: Clock) -> Iterator[Callable[[], RedisCounters]]:
    """Makes the counters of one more machine."""
    made: list[RedisCounters] = []

    def make() -> RedisCounters:
        made.append(RedisCounters(url, SharedCounters(sets=8), clock))
        return made[-1]

    yield make
    for one in made:
        if one._renewing is not None:
            one._renewing.kill()
        one._redis().close()


def take(counters: RedisCounters, *wanted: Charge, now: float = NOW) -> tuple[Charge | None, list[Level]]:
    return counters.take(wanted, now, lambda charge: 70)


def test_machines_count_together(machine):
    one, other = machine(), machine()
    for count in range(1, 11):
        assert take(one if count % 2 else other, charge()) == (None, [Level(count)])
    for each in (one, other):
        assert take(each, charge()) == (charge(), [Level(10)])
    assert take(one, charge(holder="ben")) == (None, [Level(1)])


def test_the_minute_before_counts_in_part(machine):
    one = machine()
    take(one, charge(10))
    later = charge(now=NOW + 60)
    assert take(one, later, now=NOW + 60) == (later, [Level(0, 10)])
    assert take(one, later, now=NOW + 90) == (None, [Level(1, 10)])


def test_all_are_charged_or_none(machine):
    one = machine()
    tokens, requests = charge(50, 100, kind="tokens"), charge(limit=1)
    assert take(one, tokens, requests)[0] is None
    assert take(one, tokens, requests) == (requests, [Level(100), Level(1)])
    assert take(one, tokens) == (None, [Level(100)])


def test_a_budget_begins_with_what_the_log_says_once(machine):
    budget = charge(5, 100, kind="day_tokens")
    assert take(machine(), budget) == (None, [Level(75)])
    assert take(machine(), budget) == (None, [Level(80)])


def test_what_is_settled_counts(machine):
    one = machine()
    take(one, charge(5))
    one.add([(charge(), 3)])
    one.add([(charge(), -7)])
    assert take(one, charge())[1] == [Level(2)]


def test_of_many_at_once_never_more_than_the_limit_are_let_in(machine):
    machines = [machine() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda number: take(machines[number % 4], charge(limit=25))[0] is None, range(60)))
    assert sum(taken) == 25


def test_who_was_too_late_gives_back_what_was_counted(machine, monkeypatch):
    """Between the look and the count somebody else was quicker."""
    one, other = machine(), machine()
    look = one._level

    def slow(charge: Charge, *rest: object) -> Level:
        level = look(charge, *rest)
        take(other, charge)
        return level

    monkeypatch.setattr(one, "_level", slow)
    assert take(one, charge(10)) == (charge(10), [Level(10)])
    assert take(other, charge(0)) == (None, [Level(10)])


def test_requests_under_way_are_counted_over_all_machines(machine, clock):
    one, other = machine(), machine()
    assert one.enter("anna", 2, NOW)
    assert other.enter("anna", 2, NOW)
    assert not one.enter("anna", 2, NOW)
    assert one.enter("ben", 1, NOW)
    other.leave("anna", NOW)
    assert one.enter("anna", 2, NOW)
    one.leave("anna", NOW)
    one.leave("anna", NOW)
    assert other.enter("anna", 1, NOW)


def test_what_a_dead_machine_had_under_way_is_free_after_its_lease(machine):
    dead, other = machine(), machine()
    assert dead.enter("anna", 1, NOW)
    assert not other.enter("anna", 1, NOW + LEASE - 1)
    assert other.enter("anna", 1, NOW + LEASE)


def test_what_is_under_way_is_renewed(machine, clock, monkeypatch):
    monkeypatch.setattr(redis, "RENEWAL", 0.001)
    one, other = machine(), machine()
    assert one.enter("anna", 1, NOW)
    clock.now += LEASE - 1
    with gevent.Timeout(10):
        while one._redis().zscore("ccproxy/anna/under way", one._leases["anna"][0]) == NOW + LEASE:
            gevent.sleep(0.001)
    assert not other.enter("anna", 1, NOW + LEASE + 1)
    one.leave("anna", clock.now)
    with gevent.Timeout(10):
        one._renewing.join()


def test_without_redis_each_machine_counts_for_itself_and_says_so(clock):
    counters = RedisCounters(f"redis://127.0.0.1:{closed_port()}/0", SharedCounters(sets=8), clock)
    with capture_logs() as lines:
        assert take(counters, charge()) == (None, [Level(1)])
        assert take(counters, charge()) == (None, [Level(2)])
        counters.add([(charge(), 5)])
        assert counters.enter("anna", 1, NOW)
        assert not counters.enter("anna", 1, NOW)
        counters.leave("anna", NOW)
        assert counters.enter("anna", 1, NOW)
        assert take(counters, charge()) == (None, [Level(8)])
    assert [line["event"] for line in lines] == ["Redis cannot be reached; this machine counts for itself meanwhile"]
    with capture_logs() as lines:
        clock.now += redis.AWAY
        take(counters, charge())
    assert len(lines) == 1, "it is asked again after a while"


def test_another_storage_is_none():
    with pytest.raises(ValueError, match="must be the URL of a Redis server"):
        RedisCounters("memory://", SharedCounters(sets=8))


def test_a_counter_that_has_missed_some_is_raised_and_one_that_is_lost_is_not_begun(machine):
    one, budget = machine(), charge(5, 100, kind="day_tokens")
    one.add([(budget, 5)])
    one.raise_to(budget, 50)
    assert take(one, budget) == (None, [Level(75)])  # with what the log says
    one.raise_to(budget, 80)
    one.raise_to(budget, 60)
    assert take(one, budget) == (None, [Level(85)])
