"""Who is admitted, with which key, and what becomes of it: one worker alone, and several over a real database."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event
from msgspec import structs

from ccproxy.errors import Truncated, Unreachable, UpstreamError, UpstreamRefused
from ccproxy.gateway import health as module
from ccproxy.gateway.affinity import Affinity
from ccproxy.gateway.credentials.keys import fingerprint
from ccproxy.gateway.health import LOOK, Health
from ccproxy.gateway.health.rules import PROBE, SET_ASIDE
from ccproxy.store.cooldowns import Cooldowns
from ccproxy.store.migrations import migrate
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.session import open_engine
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.target import Target

ONE, TWO, THREE = "sk-provider-0123456789", "sk-provider-abcdefghij", "sk-provider-klmnopqrst"
START = 1_700_000_000.0


class Clock:
    """Stands still but for `pass_`."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


class Unwritten:
    """A board that keeps nothing, and grants every claim after `claimed`."""

    def __init__(self, claimed: Callable[[], object]) -> None:
        self.claimed = claimed

    def news(self) -> None:
        return None

    def put(self, cooldown: object) -> bool:
        return True

    def drop(self, *_: object) -> bool:
        return True

    def claim(self, *_: object) -> bool:
        self.claimed()
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(None, clock=clock)


def target(provider: str = "p", model: str = "m", *keys: str) -> Target:
    headers = {"authorization": f"Bearer {keys[0]}"} if keys else {}
    return Target(
        provider=provider,
        kind="groq",
        wire="openai-chat",
        model=model,
        base_url="x",
        dialect=Dialect(),
        headers=headers,
        key=keys[0] if keys else None,
        keys=keys if len(keys) > 1 else (),
    )


def refused(status: int, **more: Any) -> UpstreamRefused:
    return UpstreamRefused("no", **{"status": status, "type": f"t{status}", "upstream_status": status, **more})


def admitted(health: Health, target: Target, session: str | None = None) -> Target:
    found = health.admit(target, session, False)
    assert found is not None, f"{target.label} rests"
    return found


def rest(health: Health, target: Target, error: UpstreamError | None = None) -> None:
    """Ask it, and have it fail so that it rests."""
    assert health.failed(admitted(health, target), error or refused(429, retry_after=10)) is not None


A, B, C = target("a"), target("b"), target("c")
KEYED = target("p", "m", ONE, TWO, THREE)
PAIR = target("p", "m", ONE, TWO)


# --- one target ------------------------------------------------------------------------------------------------------


def test_who_is_well_is_admitted_as_it_is(health: Health) -> None:
    single = target("p", "m", ONE)
    for one in (A, single):
        assert health.admit(one, "s", False) is one
        health.succeeded(one, 0.1)
        assert health.in_service(one)
        assert not health.other_key(one)


def test_who_rests_is_asked_only_where_nobody_else_is_left(health: Health, clock: Clock) -> None:
    assert health.failed(A, refused(429, retry_after=10)) == 10
    assert health.admit(A, None, False) is None
    assert not health.in_service(A)
    assert health.admit(A, None, True) is A
    assert health.admit(target("a", "other"), None, False) is not None
    clock.pass_(9.9)
    assert health.admit(A, None, False) is None
    clock.pass_(0.1)
    assert health.in_service(A)
    assert health.admit(A, None, False) is not None


def test_a_single_failure_may_be_chance_and_three_in_a_row_are_not(health: Health) -> None:
    assert health.failed(A, Unreachable("no")) is None
    assert health.failed(A, refused(500)) is None
    health.succeeded(A, 0.1)
    assert health.failed(A, refused(500)) is None
    assert health.failed(A, refused(529)) is None
    assert health.in_service(A)
    assert health.failed(A, Unreachable("no")) == 5
    assert not health.in_service(A)


def test_streams_that_begin_well_and_break_off_are_failures_in_a_row(health: Health, clock: Clock) -> None:
    cut = Truncated("cut")
    for _ in range(2):
        health.began(A, 0.1)
        assert health.failed(A, cut) is None
    health.began(A, 0.1)
    health.succeeded(A, 9.0)
    for rests in (None, None, 5.0):  # that one was whole, so it is counted anew
        health.began(A, 0.1)
        assert health.failed(A, cut) == rests
    clock.pass_(5)
    probe = admitted(health, A)
    health.began(probe, 0.1)
    assert admitted(health, A) is A, "whose stream has begun is back"
    assert health.failed(probe, cut) == 5.0, "but rests again if that breaks off too"


def test_what_was_asked_before_the_row_changed_says_nothing(health: Health, clock: Clock) -> None:
    """A key is changed just while the old one is refused."""
    health.take_in(snapshot())
    clock.pass_(30)
    health.take_in(snapshot(2, changed=clock() - 10))
    assert health.failed(A, refused(401), 11.0) is None
    assert health.in_service(A)
    assert health.failed(A, refused(401), 9.0) == SET_ASIDE


def test_what_the_request_was_at_fault_for_says_nothing(health: Health) -> None:
    for _ in range(5):
        assert health.failed(A, refused(400)) is None
    assert health.in_service(A)


def test_the_only_key_takes_all_models_with_it(health: Health, clock: Clock) -> None:
    one, other = target("p", "m", ONE), target("p", "n", ONE)
    assert health.failed(one, refused(401)) == SET_ASIDE
    assert health.admit(other, None, False) is None
    assert health.admit(other, None, True) is other
    clock.pass_(SET_ASIDE)
    probe = admitted(health, other)
    assert health.admit(one, None, False) is None
    health.succeeded(probe, 0.2)
    assert health.admit(one, None, False) is one


def test_a_provider_without_a_key_rests_as_a_whole(health: Health, clock: Clock) -> None:
    assert health.failed(A, refused(403)) == SET_ASIDE
    assert health.admit(target("a", "other"), None, False) is None
    clock.pass_(SET_ASIDE)
    health.succeeded(admitted(health, target("a", "other")), 0.1)
    assert health.admit(A, None, False) is A


# --- half-open -------------------------------------------------------------------------------------------------------


def test_after_a_rest_one_request_finds_out(health: Health, clock: Clock) -> None:
    rest(health, A)
    clock.pass_(10)
    probe = admitted(health, A)
    assert health.admit(A, None, False) is None
    assert not health.in_service(A)
    assert health.admit(A, None, True) is A
    health.succeeded(probe, 0.5)
    assert [health.admit(A, None, False) for _ in range(2)] == [A, A]


def test_a_probe_that_fails_makes_the_rest_longer(health: Health, clock: Clock) -> None:
    for length in (5, 10, 20, 40):
        assert health.failed(admitted(health, A), refused(429)) == length
        clock.pass_(length)
    probe = admitted(health, A)
    clock.pass_(1)
    assert health.failed(probe, Unreachable("no")) == 80
    clock.pass_(80)
    health.succeeded(admitted(health, A), 0.1)
    assert health.failed(admitted(health, A), refused(429)) == 5


def test_a_probe_without_a_verdict_leaves_it_to_the_next(health: Health, clock: Clock) -> None:
    rest(health, A)
    clock.pass_(10)
    health.left(admitted(health, A))
    assert health.failed(admitted(health, A), refused(400)) is None
    assert health.admit(A, None, False) is not None


def test_a_probe_that_never_ends_is_not_waited_for(health: Health, clock: Clock) -> None:
    rest(health, A)
    clock.pass_(10)
    first = admitted(health, A)
    clock.pass_(PROBE)
    second = admitted(health, A)
    health.left(first)  # it is not the probe any more
    assert health.admit(A, None, False) is None
    health.succeeded(second, 0.1)
    assert health.in_service(A)


def test_what_was_asked_before_a_rest_does_not_end_it(health: Health, clock: Clock) -> None:
    health.failed(A, refused(429, retry_after=60))
    clock.pass_(3)
    health.succeeded(A, 4.0)
    assert not health.in_service(A)
    health.succeeded(A, 2.0)  # asked meanwhile, as nobody else was left
    assert health.in_service(A)


def test_a_burst_of_failures_is_one_failure(health: Health) -> None:
    asked = [admitted(health, A) for _ in range(50)]
    assert {health.failed(one, refused(429)) for one in asked} == {5}


def test_other_requests_do_not_speak_for_the_probe(health: Health, clock: Clock) -> None:
    early = admitted(health, A)
    rest(health, A)
    clock.pass_(10)
    probe = admitted(health, A)
    health.left(early)
    assert health.admit(A, None, False) is None
    health.succeeded(probe, 0.1)
    assert health.in_service(A)


def test_of_many_at_once_one_probes() -> None:
    clock = Clock()
    health = Health(Unwritten(lambda: gevent.sleep(0)), clock=clock)
    rest(health, A)
    health.flush(5)
    clock.pass_(10)
    asking = [gevent.spawn(health.admit, A, None, False) for _ in range(20)]
    gevent.joinall(asking, timeout=5)
    assert sum(greenlet.value is not None for greenlet in asking) == 1


def test_a_request_that_ends_while_it_claims_the_probe_leaves_it_to_the_next() -> None:
    clock, begun = Clock(), Event()

    def claimed() -> None:
        if not begun.is_set():
            begun.set()
            gevent.sleep(60)

    health = Health(Unwritten(claimed), clock=clock)
    rest(health, A)
    health.flush(5)
    clock.pass_(10)
    leaving = gevent.spawn(health.admit, A, None, False)
    assert begun.wait(5)
    assert health.admit(A, None, False) is None
    leaving.kill()
    assert health.admit(A, None, False) is not None


def test_what_is_learnt_while_a_key_is_claimed_breaks_nothing() -> None:
    """The model is found well by somebody else, just while this request waits to hear whether it may probe the key."""
    clock = Clock()
    claims: list[bool] = []

    def claimed() -> None:
        claims.append(True)
        if len(claims) == 2:
            health.succeeded(PAIR, 0.0)

    health = Health(Unwritten(claimed), clock=clock)
    health.failed(admitted(health, PAIR), refused(429, retry_after=10))
    health.failed(admitted(health, PAIR), refused(404))
    health.flush(5)
    clock.pass_(300)
    assert admitted(health, PAIR).key == ONE
    assert len(claims) == 2


# --- order -----------------------------------------------------------------------------------------------------------


def test_those_in_service_come_first_then_those_that_are_back_soonest(health: Health, clock: Clock) -> None:
    assert health.rank([A, B, C]) == [A, B, C]
    rest(health, A, refused(429, retry_after=60))
    rest(health, B, refused(429, retry_after=10))
    assert health.rank([A, B, C]) == [C, B, A]
    clock.pass_(10)
    assert health.rank([A, B, C]) == [B, C, A]  # or nobody would find out whether b is well
    probe = admitted(health, B)
    assert health.rank([A, B, C]) == [C, A, B]
    health.left(probe)
    assert health.rank([A, B, C]) == [B, C, A]


def test_it_knows_who_is_quick(health: Health, clock: Clock) -> None:
    def pace(target: Target) -> list[float | None]:
        return [health.pace(target, streams) for streams in (True, False)]

    assert pace(A) == [None, None]
    health.began(A, 2.0)
    health.answered(A, 5.0)
    health.succeeded(B, 1.0)
    assert (pace(A), pace(B)) == ([2.0, 5.0], [None, None])
    clock.pass_(300)
    assert pace(A) == [None, None]


# --- keys ------------------------------------------------------------------------------------------------------------


def test_all_keys_are_used_alike_and_go_into_the_headers(health: Health) -> None:
    taken = Counter[str | None]()
    for _ in range(60):
        one = admitted(health, KEYED)
        assert one.headers["authorization"] == f"Bearer {one.key}"
        taken[one.key] += 1
        health.succeeded(one, 0.1)
    assert taken == {ONE: 20, TWO: 20, THREE: 20}


@pytest.mark.parametrize(
    ("status", "seconds"), [(429, 5.0), (401, SET_ASIDE), (402, SET_ASIDE), (403, SET_ASIDE)], ids=str
)
def test_one_key_rests_alone_and_comes_back(health: Health, clock: Clock, status: int, seconds: float) -> None:
    one = admitted(health, PAIR)
    assert one.key == ONE
    assert health.failed(one, refused(status)) == seconds
    assert health.other_key(one)
    assert [admitted(health, one).key for _ in range(3)] == [TWO, TWO, TWO]
    assert health.in_service(PAIR)
    clock.pass_(seconds)
    probe = admitted(health, PAIR)
    assert (probe.key, admitted(health, PAIR).key) == (ONE, TWO)  # one request finds out, the others go on
    health.succeeded(probe, 0.1)
    assert Counter(admitted(health, PAIR).key for _ in range(21))[TWO] >= 10


def test_where_all_keys_rest_the_target_does(health: Health) -> None:
    first = admitted(health, PAIR)
    health.failed(first, refused(429, retry_after=20))
    second = admitted(health, PAIR)
    health.failed(second, refused(429, retry_after=10))
    assert not health.other_key(second)
    assert health.admit(PAIR, None, False) is None
    assert health.next_key(PAIR, None) == TWO
    last = health.admit(PAIR, None, True)
    assert last is not None
    assert last.key == TWO  # the one that is back first
    assert health.rank([PAIR, A]) == [A, PAIR]


def test_another_key_does_not_help_where_this_one_is_well(health: Health) -> None:
    """Or each of them would be asked in turn, for as long as the request may take."""
    one = admitted(health, PAIR)
    assert health.failed(one, UpstreamRefused("your input was flagged", status=403, type="permission_error")) is None
    assert not health.other_key(one)


def test_a_key_that_may_not_have_one_model_serves_the_others(health: Health, clock: Clock) -> None:
    """Or whoever asks for a model that is not theirs takes the whole provider out of use."""
    other = structs.replace(PAIR, model="other")
    forbidden = UpstreamRefused("Project p does not have access to model m", status=403, type="permission_error")
    first = admitted(health, PAIR)
    assert health.failed(first, forbidden) == SET_ASIDE
    assert health.other_key(first)
    assert health.next_key(PAIR, None) == TWO
    second = admitted(health, PAIR)
    assert (first.key, second.key) == (ONE, TWO)
    assert {admitted(health, other).key for _ in range(4)} == {ONE, TWO}
    assert health.failed(second, forbidden) == SET_ASIDE
    assert not health.other_key(second)
    assert health.admit(PAIR, None, False) is None
    assert health.rank([PAIR, other]) == [other, PAIR]
    said = health.report(Provider(name="p", type="groq", api_base_url="x", api_keys=(ONE, TWO), models=("m", "other")))
    assert (said["state"], [key["state"] for key in said["keys"]]) == ("ok", ["ok", "ok"])
    assert said["targets"]["m"]["reason"] == "permission_error"
    clock.pass_(SET_ASIDE)
    health.succeeded(admitted(health, PAIR), 0.1)
    assert health.in_service(PAIR)


def test_a_target_that_rests_does_so_with_all_keys(health: Health, clock: Clock) -> None:
    assert health.failed(admitted(health, PAIR), refused(404)) == 300
    assert health.admit(PAIR, None, False) is None
    other = structs.replace(PAIR, model="other")
    assert health.admit(other, None, False) is not None
    # Its probe is not used up where no key is in service
    rest(health, other)
    rest(health, other)
    clock.pass_(300)
    for key in (ONE, TWO):
        probe = admitted(health, other)
        assert probe.key == key
        assert health.failed(probe, refused(429, retry_after=30)) == 30
    assert health.admit(PAIR, None, False) is None
    clock.pass_(30)
    assert health.admit(PAIR, None, False) is not None


def test_a_session_keeps_its_key_while_it_is_in_service(clock: Clock) -> None:
    health = Health(None, Affinity(), clock=clock)
    other_worker = Health(None, health._sessions, clock=clock)
    mine = admitted(health, KEYED, "s").key
    others = [admitted(health, KEYED, f"session {number}").key for number in range(8)]
    assert Counter([mine, *others]) == {ONE: 3, TWO: 3, THREE: 3}
    for one in (health, other_worker):
        assert [admitted(one, KEYED, "s").key for _ in range(3)] == [mine] * 3
    assert health.next_key(KEYED, "s") == mine
    with_mine = admitted(health, KEYED, "s")
    health.failed(with_mine, refused(429, retry_after=5))
    new = admitted(health, KEYED, "s").key
    assert new != mine
    clock.pass_(5)
    assert admitted(health, KEYED, "s").key == new  # it stays there, and somebody else probes


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_it_remembers_so_many_and_no_more(health: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    named = [target("p", f"model {number}") for number in range(5)]
    for one in named:
        health.failed(one, refused(404))
    assert [health.in_service(one) for one in named] == [True, True, False, False, False]
    health.report(Provider(name="p", type="groq", api_base_url="x"))


# --- over a board ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("database") / "empty.db"
    migrate(open_engine(f"sqlite:///{path}"))
    return path


@pytest.fixture
def worker(
    empty_database: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Health]]:
    """Makes workers' healths over one real database, which they wait for: a claim that is late is granted."""
    monkeypatch.setattr("ccproxy.gateway.health.board.CLAIM", 30.0)
    monkeypatch.setattr("ccproxy.store.cooldowns.WAIT_SECONDS", 30.0)
    shutil.copy(empty_database, tmp_path / "ccproxy.db")
    boards: list[Cooldowns] = []

    def make() -> Health:
        boards.append(Cooldowns(open_engine(f"sqlite:///{tmp_path / 'ccproxy.db'}")))
        return Health(boards[-1], clock=clock)

    yield make
    for board in boards:
        board.close()


def snapshot(version: int = 1, *, changed: float = START - 60, names: str = "abp") -> Snapshot:
    when = datetime.fromtimestamp(changed, UTC)
    return Snapshot(
        version=version,
        providers=tuple(Provider(name=name, type="groq", api_base_url="x", updated_at=when) for name in names),
    )


def test_what_one_worker_found_the_others_learn(worker: Callable[[], Health], clock: Clock) -> None:
    one, other = worker(), worker()
    other.take_in(snapshot())
    rest(one, A, refused(429, retry_after=30))
    one.flush(5)
    other.take_in(snapshot())
    assert other.in_service(A)  # it has looked a moment ago
    clock.pass_(LOOK)
    other.take_in(snapshot())
    assert not other.in_service(A)
    one.succeeded(A, 0.0)
    one.flush(5)
    clock.pass_(LOOK)
    other.take_in(snapshot())
    assert other.in_service(A)


def test_of_all_workers_one_request_probes(worker: Callable[[], Health], clock: Clock) -> None:
    workers = [worker() for _ in range(3)]
    one, other, third = workers
    rest(one, A)
    one.flush(5)
    clock.pass_(10)
    for each in workers:
        each.take_in(snapshot())
    probe = admitted(other, A)
    assert one.admit(A, None, False) is None
    assert third.admit(A, None, False) is None
    assert other.failed(probe, refused(429)) == 20  # twice the rest before, whoever found that
    other.flush(5)
    clock.pass_(20)
    for each in workers:
        each.take_in(snapshot())
    probe = admitted(third, A)
    assert other.admit(A, None, False) is None
    third.left(probe)  # it gives it back
    third.flush(5)
    clock.pass_(LOOK)
    one.take_in(snapshot())
    one.succeeded(admitted(one, A), 0.1)
    one.flush(5)
    clock.pass_(LOOK)
    for each in workers:
        each.take_in(snapshot())
        assert each.admit(A, None, False) is A


def test_a_worker_that_dies_while_it_probes_blocks_nobody(worker: Callable[[], Health], clock: Clock) -> None:
    dying, other = worker(), worker()
    rest(dying, A)
    dying.flush(5)
    clock.pass_(10)
    other.take_in(snapshot())
    admitted(dying, A)
    assert other.admit(A, None, False) is None
    clock.pass_(PROBE)
    other.take_in(snapshot())
    assert other.admit(A, None, False) is not None


def test_a_key_that_is_set_aside_stays_so_over_a_restart(worker: Callable[[], Health], clock: Clock) -> None:
    one = worker()
    rest(one, PAIR, refused(401))
    one.flush(5)
    again = worker()
    again.take_in(snapshot())
    assert {admitted(again, PAIR).key for _ in range(4)} == {TWO}
    provider = Provider(name="p", type="groq", api_base_url="x", api_key=ONE, api_keys=(ONE, TWO))
    first, second = again.report(provider)["keys"]
    assert (first["fingerprint"], first["state"], first["reason"]) == (fingerprint(ONE), "resting", "t401")
    assert second["state"] == "ok"
    assert ONE not in str(again.report(provider))


def test_a_changed_row_forgets_it_everywhere(worker: Callable[[], Health], clock: Clock) -> None:
    one, other = worker(), worker()
    one.take_in(snapshot())
    rest(one, PAIR, refused(401))
    rest(one, A)
    one.flush(5)
    clock.pass_(1)
    changed = snapshot(2, changed=clock.now, names="p")  # and a is no more
    one.take_in(changed)
    assert {admitted(one, PAIR).key for _ in range(4)} == {ONE, TWO}
    assert one.in_service(A)
    one.flush(5)
    other.take_in(changed)
    assert {admitted(other, PAIR).key for _ in range(4)} == {ONE, TWO}
    third = worker()
    third.take_in(snapshot())  # nothing stands there any more
    assert third.in_service(A)


def test_a_new_version_is_looked_at_at_once(worker: Callable[[], Health]) -> None:
    one, other = worker(), worker()
    other.take_in(snapshot())
    rest(one, A)
    one.flush(5)
    other.take_in(snapshot(2))
    assert not other.in_service(A)


def test_what_is_not_yet_written_counts_more_than_what_stands_there(worker: Callable[[], Health], clock: Clock) -> None:
    one = worker()
    rest(one, A)
    one.take_in(snapshot())  # nothing stands there yet
    assert not one.in_service(A)
    one.flush(5)
    one.succeeded(A, 0.0)
    clock.pass_(LOOK)
    one.take_in(snapshot())  # the rest still stands there
    assert one.in_service(A)


def test_a_rest_that_cannot_be_written_is_kept_all_the_same(
    worker: Callable[[], Health],
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("ccproxy.gateway.health.board.AGAIN", 0.001)
    monkeypatch.setattr("ccproxy.store.cooldowns.WAIT_SECONDS", 0.01)
    one, other = worker(), worker()
    one.take_in(snapshot())
    holder = sqlite3.connect(tmp_path / "ccproxy.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    rest(one, A, refused(429, retry_after=60))
    deadline = time.monotonic() + 30
    while "cool-downs cannot be written" not in caplog.text:  # until the first try has failed
        assert time.monotonic() < deadline
        one.flush(0.01)
    clock.pass_(LOOK)
    one.take_in(snapshot())
    assert not one.in_service(A)
    holder.execute("ROLLBACK")
    holder.close()
    one.flush(5)
    other.take_in(snapshot())
    assert (one.in_service(A), other.in_service(A)) == (False, False)


def test_a_probe_goes_on_while_the_board_is_read(worker: Callable[[], Health], clock: Clock) -> None:
    clock.pass_(0.1234567)  # no time that a database keeps in full
    one = worker()
    rest(one, A)
    one.flush(5)
    clock.pass_(10)
    probe = admitted(one, A)
    clock.pass_(LOOK)
    one.take_in(snapshot())
    assert one.admit(A, None, False) is None
    assert one.failed(probe, refused(429)) == pytest.approx(20, abs=0.001)


def test_a_new_key_begins_where_the_others_are(health: Health) -> None:
    for _ in range(5):
        health.left(admitted(health, PAIR))
    when = datetime.fromtimestamp(START - 9, UTC)
    row = Provider(name="p", type="groq", api_base_url="x", api_key=TWO, api_keys=(TWO, THREE), updated_at=when)
    health.take_in(Snapshot(version=2, providers=(row,)))
    changed = target("p", "m", TWO, THREE)
    assert Counter(admitted(health, changed).key for _ in range(8)) == {TWO: 4, THREE: 4}
