"""The counters in Redis: a real server's protocol, spoken by fakeredis on a loopback port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gevent
import pytest
from fakeredis import TcpFakeServer
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from ccproxy.gateway.limits import periods, redis
from ccproxy.gateway.limits.charges import Charge, Level, Taken
from ccproxy.gateway.limits.redis import LEASE, RedisCounters
from ccproxy.gateway.limits.shared_memory import SharedCounters
from tests.fake_upstream import closed_port

NOW = 1_800_000_000.0


def charge(amount: int = 1, limit: int = 10, holder: str = "anna", kind: str = "requests", now: float = NOW) -> Charge:
    period = {"requests": periods.minute, "tokens": periods.minute, "at_once": lambda _: periods.ALWAYS}
    return Charge(holder, kind, period.get(kind, periods.day)(now), limit, amount)  # type: ignore[arg-type]


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
def machine(url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], RedisCounters]]:
    """Makes the counters of one more machine. They are patient: a busy machine may keep the fake server waiting."""
    monkeypatch.setattr(redis, "PATIENCE", 30.0)
    made: list[RedisCounters] = []

    def make() -> RedisCounters:
        made.append(RedisCounters(url, SharedCounters(sets=8), clock))
        return made[-1]

    yield make
    for one in made:
        if one._renewing is not None:
            one._renewing.kill()
        one._redis.close()


def taken(counters: RedisCounters, *wanted: Charge, now: float = NOW) -> Taken:
    return counters.take(wanted, now, lambda charge: 70)


def take(counters: RedisCounters, *wanted: Charge, now: float = NOW) -> tuple[Charge | None, list[Level]]:
    found = taken(counters, *wanted, now=now)
    return found.refused, found.levels


def level(counters: RedisCounters, of: Charge) -> int:
    return int(counters._redis.get(redis._name(of)) or 0)


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
    assert take(one, tokens, requests) == (requests, [Level(50), Level(1)])
    assert take(one, tokens) == (None, [Level(100)])
    assert taken(one) == Taken((), [])


def test_a_budget_begins_with_what_the_log_says_once(machine):
    budget, other = charge(5, 100, kind="day_tokens"), charge(5, 100, kind="month_tokens")
    assert take(machine(), budget) == (None, [Level(75)])
    assert take(machine(), other, budget) == (None, [Level(75), Level(80)])


@pytest.mark.parametrize("kind", ["tokens", "day_tokens"])
def test_what_is_settled_counts(machine, kind):
    one, other = machine(), machine()
    before = 70 if kind == "day_tokens" else 0
    first, second = taken(one, charge(5, 1000, kind=kind)), taken(other, charge(5, 1000, kind=kind))
    one.settle(first, [8], NOW)
    assert level(one, charge(kind=kind)) == before + 13
    other.settle(second, [1], NOW)
    assert level(one, charge(kind=kind)) == before + 9
    assert one._redis.keys("ccproxy/under way*") == []


def test_what_a_long_stream_used_beyond_its_estimate_counts_when_it_ends(machine):
    one = machine()
    one.settle(taken(one, charge(5, 100, kind="tokens")), [40], NOW + 300)
    assert level(one, charge(kind="tokens")) == 5
    assert level(one, charge(kind="tokens", now=NOW + 300)) == 35


def test_a_request_is_given_back_to_the_door(machine):
    one = machine()
    one.settle(taken(one, charge()), [0], NOW)
    assert level(one, charge()) == 0


def test_large_numbers_are_counted_to_the_last_digit(machine):
    one, budget = machine(), charge(10**15 + 1, 10**18, kind="month_usd")
    first = taken(one, budget)
    assert first.levels == [Level(10**15 + 71)]
    one.settle(first, [10**15 + 2], NOW)
    assert level(one, budget) == 10**15 + 72


def test_of_many_at_once_never_more_than_the_limit_are_let_in(machine):
    machines = [machine() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: take(machines[number % 4], charge(limit=25))[0] is None, range(60)))
    assert sum(found) == 25


def test_requests_under_way_are_counted_over_all_machines(machine):
    one, other = machine(), machine()
    at_once = charge(limit=2, kind="at_once")
    first, second = taken(one, at_once), taken(other, at_once)
    assert take(one, charge(5, kind="tokens"), at_once) == (at_once, [Level(0), Level(2)])
    assert level(one, charge(kind="tokens")) == 0
    assert take(one, charge(holder="ben", kind="at_once"))[0] is None
    other.settle(second, [0], NOW)
    assert take(one, at_once)[0] is None
    one.settle(first, [0], NOW)
    assert take(other, at_once)[0] is None


HELD = ("tokens", "day_tokens", "month_usd", "at_once")


@pytest.mark.parametrize("kind", HELD)
def test_what_a_dead_machine_had_under_way_is_given_back_after_its_lease(machine, kind):
    dead, other = machine(), machine()
    before = 70 if kind in ("day_tokens", "month_usd") else 0
    held = charge(8, before + 10, kind=kind)
    assert take(dead, charge(), held) == (None, [Level(1), Level(before + 8)])
    assert take(other, held, now=NOW + LEASE - 1) == (held, [Level(before + 8)])
    assert take(other, held, now=NOW + LEASE) == (None, [Level(before + 8)])
    assert level(other, charge()) == 1, "that it was asked stays counted"


@pytest.mark.parametrize(("kind", "came_to"), [("tokens", 6), ("tokens", 9), ("day_tokens", 6), ("at_once", 0)])
def test_a_lease_that_ended_too_early_is_settled_all_the_same(machine, kind, came_to):
    slow, other = machine(), machine()
    held = charge(8, 1000, kind=kind)
    first, _ = taken(slow, held), taken(slow, charge(20, 1000, kind=kind))
    take(other, charge(), now=NOW + LEASE)
    before = 70 if kind == "day_tokens" else 0
    assert level(other, held) == before
    second = taken(other, charge(3, 1000, kind=kind), now=NOW + LEASE)
    slow.settle(first, [came_to], NOW + LEASE)
    assert level(other, held) == before + 3 + came_to
    other.settle(second, [3], NOW + LEASE)
    assert level(other, held) == before + 3 + came_to


def test_what_is_under_way_is_renewed(machine, clock, monkeypatch):
    monkeypatch.setattr(redis, "RENEWAL", 0.001)
    one, other = machine(), machine()
    at_once = charge(limit=1, kind="at_once")
    first = taken(one, at_once)
    clock.now += LEASE - 1
    with gevent.Timeout(10):
        while one._redis.zscore(redis.UNDER_WAY, first.receipt) == NOW + LEASE:
            gevent.sleep(0.001)
    assert take(other, at_once, now=NOW + LEASE + 1)[0] is not None
    one.settle(first, [0], clock.now)
    with gevent.Timeout(10):
        one._renewing.join()
    take(one, charge())
    assert one._renewing.dead, "a request at the door holds nothing"


def test_a_request_that_is_killed_while_it_waits_for_redis_holds_nothing_for_good(machine, monkeypatch):
    one, at_once = machine(), charge(limit=1, kind="at_once")
    script = one._take

    def cut(**asked: Any) -> None:
        script(**asked)
        raise gevent.GreenletExit

    monkeypatch.setattr(one, "_take", cut)
    with pytest.raises(gevent.GreenletExit):
        take(one, at_once)
    assert take(machine(), at_once)[0] is not None
    assert take(machine(), at_once, now=NOW + LEASE)[0] is None


def test_without_redis_each_machine_counts_for_itself_and_says_so(clock):
    counters = RedisCounters(f"redis://127.0.0.1:{closed_port()}/0", SharedCounters(sets=8), clock)
    at_once = charge(limit=1, kind="at_once")
    with capture_logs() as lines:
        assert take(counters, charge()) == (None, [Level(1)])
        assert take(counters, charge()) == (None, [Level(2)])
        first = taken(counters, charge(5, kind="tokens"), at_once)
        assert take(counters, at_once)[0] is at_once
        counters.settle(first, [6, 0], NOW)
        assert take(counters, charge(kind="tokens"), at_once) == (None, [Level(7), Level(1)])
        counters.raise_to(charge(kind="day_tokens"), 9)
    assert [line["event"] for line in lines] == ["Redis cannot be reached; this machine counts for itself meanwhile"]
    assert counters.phase == 1
    with capture_logs() as lines:
        clock.now += redis.AWAY
        take(counters, charge())
    assert len(lines) == 1, "it is asked again after a while"
    assert counters.phase == 1


def cut_off(counters: RedisCounters, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no script of this machine's reach Redis any more."""

    def lost(**_: Any) -> None:
        raise RedisError("lost")

    for script in ("_take", "_settle", "_begin", "_raise"):
        monkeypatch.setattr(counters, script, lost)


def test_what_was_taken_in_one_place_is_settled_there(machine, clock, monkeypatch):
    one = machine()
    tokens, at_once = charge(5, 100, kind="tokens"), charge(kind="at_once")
    in_redis = taken(one, tokens, at_once)
    with monkeypatch.context() as away, capture_logs() as lines:
        cut_off(one, away)
        here = taken(one, tokens)
        assert here.levels == [Level(5)]
        one.settle(in_redis, [9, 0], NOW)
        assert take(one, tokens) == (None, [Level(10)]), "nothing of it is settled here"
    clock.now += redis.AWAY
    with capture_logs() as more:
        assert take(one, charge(0, kind="tokens")) == (None, [Level(5)]), "until its lease ends"
    one.settle(here, [50], NOW)
    assert level(one, tokens) == 5
    assert one._local.take([charge(0, kind="tokens")], NOW, lambda _: 0).levels == [Level(55)]
    assert take(one, tokens, now=NOW + LEASE) == (None, [Level(5)])
    assert len(lines) == 1
    assert [line["event"] for line in more] == ["Redis can be reached again"]
    assert one.phase == 2


def test_one_request_tries_whether_redis_is_back_and_none_waits_beside_it(machine, clock, monkeypatch):
    one = machine()
    with monkeypatch.context() as away, capture_logs():
        cut_off(one, away)
        take(one, charge())
    clock.now += redis.AWAY
    script, beside = one._take, []

    def slow(**asked: Any) -> Any:
        beside.append(take(one, charge()))
        return script(**asked)

    monkeypatch.setattr(one, "_take", slow)
    assert take(one, charge()) == (None, [Level(1)])
    assert beside == [(None, [Level(2)])]


def test_several_that_fail_at_once_are_told_once(machine, monkeypatch):
    one, asked = machine(), []

    def failing(**_: Any) -> None:
        asked.append(1)
        if len(asked) == 1:
            take(one, charge())
        raise RedisError("lost")

    monkeypatch.setattr(one, "_take", failing)
    with capture_logs() as lines:
        take(one, charge())
    assert (len(asked), len(lines), one.phase) == (2, 1, 1)


def test_another_storage_is_none():
    with pytest.raises(ValueError, match="must be the URL of a Redis server"):
        RedisCounters("memory://", SharedCounters(sets=8))


def test_a_counter_that_has_missed_some_is_raised_and_one_that_is_lost_is_not_begun(machine):
    one, budget = machine(), charge(5, 100, kind="day_tokens")
    one.settle(Taken([budget], [], receipt="lost"), [10], NOW)
    one.raise_to(budget, 50)
    first = taken(one, budget)
    assert first.levels == [Level(75)]  # with what the log says
    one.raise_to(budget, 80)
    one.raise_to(budget, 60)
    assert level(one, budget) == 85
    one._redis.delete(redis._name(budget))
    assert take(one, budget) == (None, [Level(80)]), "what is under way is not in the log yet"
    one.settle(first, [5], NOW)
    assert level(one, budget) == 80
