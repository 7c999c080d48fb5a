"""What follows from a failure: another try, another key, a rest, a probe; and where a session stays meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ccproxy.gateway.health.rules import FIRST, SET_ASIDE
from tests.fake_upstream import Answer, Exact, FakeUpstream, Hang, Received, Refusal, Reply, Stream, Until, chunk
from tests.live.fallback import CHEAP, GOOD, KEY, STRATEGIES, WELL, Stage, Told, ask, attempts_of, client_of, fresh
from tests.live.server import Server, until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One worker, so that what it found is what it goes by."""
    with (
        FakeUpstream() as upstream,
        Server(tmp_path_factory.mktemp("recovery"), workers=1) as server,
        client_of(server) as client,
    ):
        server.add_provider("good", upstream.base_url, type="deepseek", api_key=KEY)
        for streaming in (False, True):
            assert ask(client, GOOD, streaming).error is None  # its pace is known from now on
        yield Stage(server, upstream, client)


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.upstream.forget()
    running.upstream.script("deepseek-chat", Reply(WELL))
    return running


class First:
    """A provider `name` with one model, which is the first target of `route`; `good` is the second."""

    def __init__(self, stage: Stage, name: str, route: str) -> None:
        self.stage = stage
        self.name = name
        self.model = f"{CHEAP}-{name}"
        self.label = f"{name}/{self.model}"
        self.route = route

    def will(self, *answers: Any) -> None:
        """What it does, in order; the last answer stays."""
        self.stage.upstream.script(self.model, *answers)

    def ask(self, session: str | None = None, *, streaming: bool = False) -> Told:
        """A request for the route."""
        return ask(self.stage.client, self.route, streaming, session)

    @property
    def asked(self) -> list[Received]:
        """The requests that it has had."""
        return [received for received in self.stage.upstream.requests if received.json["model"] == self.model]


@pytest.fixture
def first(stage: Stage, request: pytest.FixtureRequest) -> Iterator[First]:
    """Parametrized indirectly with the fields of the provider (`api_keys`, …) and of the route."""
    fields: dict[str, Any] = dict(getattr(request, "param", {}))
    several = {"api_keys": fields.pop("api_keys")} if "api_keys" in fields else {}
    name = fresh("first")
    with (
        stage.provider(name, **several),
        stage.route(f"{name}/{CHEAP}-{name}", GOOD, **fields) as route,
    ):
        yield First(stage, name, route)


def with_fields(**fields: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("first", [fields], indirect=True, ids=[""])


# --- another try ------------------------------------------------------------------------------------------------


@with_fields(retries=1)
@pytest.mark.parametrize("status", [409, 500, 502, 503, 529])
@pytest.mark.parametrize("streaming", [False, True])
def test_what_may_be_over_in_a_moment_is_tried_again(first: First, status: int, streaming: bool) -> None:
    first.will(Refusal(status, "try again"), Reply("Now it works."))
    told = first.ask(streaming=streaming)
    assert (told.error, told.text, told.model) == (None, "Now it works.", first.label)
    shown = 500 if status == 502 else status
    assert told.attempts == f"{first.label} {shown}, {first.label} 200"
    row = first.stage.server.row(told.request_id)
    assert [(label, told) for label, told, _ in attempts_of(row)] == [(first.label, shown), (first.label, 200)]


@with_fields(retries=2)
def test_retries_are_bounded(first: First) -> None:
    first.will(Refusal(500, "it broke"))
    told = first.ask()
    assert (told.error, told.text) == (None, WELL)
    assert told.attempts == ", ".join([f"{first.label} 500"] * 3 + [f"{GOOD} 200"])


@with_fields(retries=1)
def test_a_short_retry_after_is_waited_for(first: First) -> None:
    first.will(Refusal(429, "slow down", headers={"Retry-After": "1"}), Reply("Now it works."))
    assert first.ask().text == "Now it works."
    one, two = first.asked
    assert two.at - one.at >= 0.99


@with_fields(retries=2)
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "60"}])
def test_a_429_that_lasts_is_not_waited_for(first: First, headers: dict[str, str]) -> None:
    first.will(Refusal(429, "slow down", headers=headers))
    assert first.ask().attempts == f"{first.label} 429, {GOOD} 200"


@with_fields(retries=2)
@pytest.mark.parametrize("status", [401, 403, 404, 400])
def test_what_will_not_be_over_soon_is_not_tried_again(first: First, status: int) -> None:
    first.will(Refusal(status, "no", code="model_not_found" if status == 404 else None))
    first.ask()
    assert len(first.asked) == 1


# --- keys -------------------------------------------------------------------------------------------------------

KEYS = ["sk-provider-0123456789-one", "sk-provider-0123456789-two"]


class Locked:
    """Refuses the key that it sees first, with an answer; all others are let in."""

    def __init__(self, refusal: Answer) -> None:
        self.refusal = refusal
        self.refused: str | None = None

    def __call__(self, received: Received) -> Answer:
        key = received.headers["authorization"]
        self.refused = self.refused or key
        return self.refusal if key == self.refused else Reply("Come in.")


@with_fields(api_keys=KEYS)
@pytest.mark.parametrize(
    ("refusal", "rest"),
    [
        pytest.param(Refusal(429, "slow down"), FIRST, id="429"),
        pytest.param(Refusal(429, "slow down", headers={"Retry-After": "3600"}), 3600.0, id="429-long"),
        pytest.param(Refusal(401, "bad key"), SET_ASIDE, id="401"),
        pytest.param(Refusal(402, "pay first"), SET_ASIDE, id="402"),
        pytest.param(Refusal(403, "not with this key"), SET_ASIDE, id="403"),
    ],
)
def test_another_key_is_tried_at_once_and_the_first_one_rests(first: First, refusal: Refusal, rest: float) -> None:
    first.will(Locked(refusal))
    told = first.ask()
    assert (told.error, told.text) == (None, "Come in.")
    assert told.attempts == f"{first.label} {refusal.status}, {first.label} 200"
    assert len({received.headers["authorization"] for received in first.asked}) == 2
    for _ in range(3):
        assert first.ask().text == "Come in."
    refused, *_ = first.asked
    key = refused.headers["authorization"]
    again = [received.at for received in first.asked[1:] if received.headers["authorization"] == key]
    # On a busy machine the shortest rest may be over by now
    assert all(at - refused.at > rest - 0.01 for at in again), "asked with it before its rest was over"
    row = first.stage.server.row(told.request_id)
    hints = [attempt["key"] for attempt in row["attempts"]]
    assert None not in hints
    assert len(set(hints)) == 2
    assert not any(key in str(row) for key in KEYS)


@with_fields(api_keys=KEYS)
def test_a_refused_prompt_is_not_tried_with_each_key(first: First) -> None:
    first.will(Refusal(403, "your input was flagged"))
    assert first.ask().attempts == f"{first.label} 403, {GOOD} 200"


@with_fields(api_keys=KEYS)
def test_a_refused_key_is_shown_as_set_aside(first: First) -> None:
    first.will(Locked(Refusal(401, "bad key")))
    assert first.ask().error is None
    _, providers, _ = first.stage.server.request("GET", "/providers")
    [health] = [provider["health"] for provider in providers if provider["name"] == first.name]
    assert sorted(key["state"] for key in health["keys"]) == ["ok", "resting"]
    [aside] = [key for key in health["keys"] if key["state"] == "resting"]
    assert aside["reason"] == "authentication_error"
    assert not any(key in str(providers) for key in KEYS)


@with_fields(api_keys=KEYS)
def test_where_all_keys_are_refused_the_next_target_answers(first: First) -> None:
    first.will(Refusal(401, "bad key"))
    assert first.ask().attempts == f"{first.label} 401, {first.label} 401, {GOOD} 200"
    assert first.ask().attempts == f"{GOOD} 200"


@with_fields(api_keys=KEYS)
def test_keys_take_turns_but_a_session_keeps_its_own(first: First) -> None:
    first.will(Reply("Hello."))
    for _ in range(6):
        first.ask()
    assert sorted(Counter(received.headers["authorization"] for received in first.asked).values()) == [3, 3]
    for _ in range(4):
        first.ask("session-1")
    assert len({received.headers["authorization"] for received in first.asked[6:]}) == 1


# --- rest and probe ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_target_that_rests_is_passed_over(stage: Stage, strategy: str) -> None:
    name = fresh("first")
    targets = [{"provider": name, "model": f"{CHEAP}-{name}"}, {"provider": "good", "model": "deepseek-chat"}]
    targets[1]["weight"] = 0  # type: ignore[assignment]
    with stage.provider(name), stage.route(*targets, strategy=strategy) as route:
        first = First(stage, name, route)
        first.will(Refusal(503, "come back", headers={"Retry-After": "600"}))
        assert first.ask(f"{name}-a").attempts == f"{first.label} 503, {GOOD} 200"
        for session in (f"{name}-a", f"{name}-b", None):
            assert first.ask(session).attempts == f"{GOOD} 200"
    assert len(first.asked) == 1


def test_the_third_failure_in_a_row_makes_a_rest(first: First) -> None:
    first.will(Refusal(500, "it broke"))
    for _ in range(3):
        assert first.ask().attempts == f"{first.label} 500, {GOOD} 200"
    assert first.ask().attempts == f"{GOOD} 200"


def test_the_only_target_is_asked_though_it_rests(stage: Stage) -> None:
    name = fresh("first")
    with stage.provider(name), stage.route(f"{name}/{CHEAP}-{name}") as route:
        first = First(stage, name, route)
        first.will(Refusal(429, "slow down", headers={"Retry-After": "3600"}), Reply("All the same."))
        assert first.ask().error is not None
        assert first.ask().text == "All the same."


def test_after_its_rest_one_request_finds_out_whether_it_is_well(first: First) -> None:
    go = threading.Event()
    first.will(
        Refusal(429, "slow down", headers={"Retry-After": "1"}),
        Exact(Until(go), *Reply("I am back.").steps(Received("POST", "/", {}, b"{}", 0.0, 0))),
        Reply("I am back."),
    )
    assert first.ask().attempts == f"{first.label} 429, {GOOD} 200"

    def probing() -> Told:
        return until(lambda: told if (told := first.ask()).model == first.label else None, "a probe")  # type: ignore[return-value]

    with ThreadPoolExecutor(1) as pool:
        probe = pool.submit(probing)
        until(lambda: len(first.asked) == 2, "the probe has reached it")
        for _ in range(5):
            assert first.ask().model == GOOD
        go.set()
        assert probe.result().text == "I am back."
    assert first.ask().model == first.label


# --- sessions ---------------------------------------------------------------------------------------------------


def test_a_session_stays_where_it_was_moved_to_and_others_go_on_with_the_first(first: First) -> None:
    moved, other = fresh("session"), fresh("session")
    first.will(Refusal(429, "slow down", headers={"Retry-After": "1"}), Reply("I am back."))
    assert first.ask(moved).attempts == f"{first.label} 429, {GOOD} 200"
    until(lambda: first.ask().model == first.label, "the first one is well again")
    for _ in range(3):
        assert first.ask(moved).model == GOOD
        assert first.ask(other).model == first.label
        assert first.ask().model == first.label


def test_a_session_that_was_moved_moves_on_where_that_is_unwell_too(first: First) -> None:
    session = fresh("session")
    first.will(Refusal(429, "slow down", headers={"Retry-After": "1"}), Reply("I am back."))
    assert first.ask(session).model == GOOD
    until(lambda: first.ask().model == first.label, "the first one is well again")
    first.stage.upstream.script("deepseek-chat", Refusal(500, "it broke"))
    assert first.ask(session).attempts == f"{GOOD} 500, {first.label} 200"


def test_one_failure_by_chance_does_not_move_a_session(first: First) -> None:
    session = fresh("session")
    first.will(Reply("Hello."), Refusal(500, "it broke"), Reply("Hello."))
    assert first.ask(session).model == first.label
    assert first.ask(session).model == GOOD
    assert first.ask(session).model == first.label


@with_fields(strategy="weighted")
def test_sessions_are_spread_and_each_stays(first: First) -> None:
    first.will(Reply("Hello."))
    sessions = [fresh("session") for _ in range(30)]
    at = [{first.ask(session).model for _ in range(2)} for session in sessions]
    assert all(len(models) == 1 for models in at)
    assert set.union(*at) == {first.label, GOOD}


# --- time -------------------------------------------------------------------------------------------------------


def test_a_stream_that_does_not_begin_in_the_routes_time(stage: Stage) -> None:
    name = fresh("first")
    answers: dict[str, Answer] = {"no-head": Exact(Hang()), "no-words": Stream([chunk(role="assistant"), Hang()])}
    with stage.provider(name), ThreadPoolExecutor(len(answers)) as pool, ExitStack() as routes:
        asking = []
        for model, answer in answers.items():
            stage.upstream.script(model, answer)
            route = routes.enter_context(stage.route(f"{name}/{model}", GOOD, first_byte_timeout=3))
            asking.append(pool.submit(ask, stage.client, route, True))
        for model, asked in zip(answers, asking, strict=True):
            assert asked.result().attempts == f"{name}/{model} 504, {GOOD} 200"
            assert asked.result().text == WELL


@pytest.fixture
def short(tmp_path: Path) -> Iterator[Stage]:
    """A proxy that gives up on requests after four seconds."""
    with (
        FakeUpstream() as upstream,
        Server(tmp_path, workers=1, settings={"request_timeout": "4"}) as server,
        client_of(server) as client,
    ):
        yield Stage(server, upstream, client)


def test_all_attempts_share_one_deadline(short: Stage) -> None:
    names = [fresh("hanging") for _ in range(8)]
    for name in names:
        short.server.add_provider(name, short.upstream.base_url, api_key=KEY)
    short.upstream.script("hanging", Exact(Hang()))
    targets = [f"{name}/hanging" for name in names]
    with (
        short.route(*targets) as patient,
        short.route(*targets, first_byte_timeout=4 / 3) as hasty,
        ThreadPoolExecutor(3) as pool,
    ):
        whole = pool.submit(ask, short.client, patient, False)
        streamed = pool.submit(ask, short.client, patient, True)
        moving = pool.submit(ask, short.client, hasty, True)
        for told, most in ((whole.result(), 1), (streamed.result(), 1), (moving.result(), 3)):
            assert told.error is not None
            assert (told.error.status_code, told.error.type) == (504, "timeout_error")
            row = short.server.row(told.request_id)
            attempts = attempts_of(row)
            assert 1 <= len(attempts) <= most
            assert attempts == [(target, 504, "timeout_error") for target in targets[: len(attempts)]]
