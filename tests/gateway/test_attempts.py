"""Whom a request goes to, one after another, with a health that does as it is told."""

from __future__ import annotations

import gc
import itertools
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from ccproxy.errors import (
    BadAnswer,
    CCProxyError,
    DeadlinePassed,
    InvalidRequest,
    NoCredentials,
    NoProvider,
    Truncated,
    Uncarriable,
    Unreachable,
    UpstreamError,
    UpstreamRefused,
)
from ccproxy.gateway import journal
from ccproxy.gateway.attempts import SHORT, Attempts
from ccproxy.gateway.call import Call
from ccproxy.gateway.routing import Plan
from ccproxy.store.logbook import RequestRow
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.messages import InputMessage, Message, MessagesRequest, Usage
from ccproxy.translate.target import DecodeContext, Target, UpstreamRequest

OK = "ok"
OVERFLOW = "prompt is too long: 9000 tokens > 8192 maximum"


def target(name: str, kind: str = "openai-chat", model: str = "m", keys: tuple[str, ...] = ()) -> Target:
    return Target(
        provider=name,
        kind=kind,
        wire="toy",
        model=model,
        base_url="http://127.0.0.1:9",
        dialect=Dialect(),
        key=keys[0] if keys else None,
        keys=keys,
    )


def refused(status: int, message: str = "no", **more: Any) -> UpstreamRefused:
    return UpstreamRefused(message, status=status, type="x_error", **{"upstream_status": status, **more})


class Health:
    """Everybody is in service but those that rest; keys are used up one after another."""

    def __init__(self, resting: Sequence[str] = (), rests: float | None = None) -> None:
        self.resting = set(resting)
        self.rests = rests
        self.said: list[tuple[str, str]] = []
        self.used: list[str] = []

    def admit(self, target: Target, session: str | None, last: bool) -> Target | None:
        assert session == "s"
        if target.provider in self.resting and not last:
            return None
        free = [key for key in target.keys if key not in self.used]
        return structs.replace(target, key=free[0]) if free else target

    def began(self, target: Target, seconds: float) -> None:
        self.said.append((target.provider, "began"))

    def answered(self, target: Target, seconds: float) -> None:
        self.said.append((target.provider, "answered"))

    def succeeded(self, target: Target, seconds: float) -> None:
        self.said.append((target.provider, "succeeded"))

    def failed(self, target: Target, error: UpstreamError, seconds: float) -> float | None:
        self.said.append((target.provider, "failed"))
        if target.key is not None:
            self.used.append(target.key)
        return self.rests

    def left(self, target: Target) -> None:
        self.said.append((target.provider, "left"))

    def other_key(self, target: Target) -> bool:
        return any(key not in self.used for key in target.keys)


class Stage:
    """Attempts at scripted targets: for each provider what it does, one thing after another."""

    def __init__(self, *targets: Target, health: Health | None = None, deadline: float = 3600.0, **plan: Any) -> None:
        self.health = health or Health()
        self.rows: list[RequestRow] = []
        self.entry = journal.begin(
            self.rows.append, request_id="r", caller="c", client_ip="i", session_id="s", user_agent=None
        )
        request = MessagesRequest(model="asked", messages=[InputMessage("user", "hi")], max_tokens=9)
        self.entry.arrived(request, "a route")
        self.slept: list[float] = []
        self.asked: list[str] = []
        self.unfit: dict[str, CCProxyError] = {}
        self.ready: set[str] = set()
        self.attempts = Attempts(
            Plan("a route", targets, **plan),
            targets,
            self.prepare,
            self.health,
            self.entry,
            time.monotonic() + deadline,
            sleep=self.slept.append,
            chance=lambda: 0.5,
        )

    def prepare(self, target: Target) -> Call:
        if target.provider in self.unfit:
            raise self.unfit[target.provider]
        request = UpstreamRequest(method="POST", path="/", headers={}, body=b"{}", losses=(f"lost.{target.provider}",))
        context = DecodeContext(message_id="msg_1", target=target, input_tokens=1)
        ready = Message(id="msg_1", model="m", content=[], stop_reason="end_turn", usage=Usage())
        return Call(
            None,
            target,
            request,
            context,
            9,
            "r",
            again=lambda: None,
            ready=ready if target.provider in self.ready else None,
        )

    def run(self, **does: Any) -> Any:
        script = {name: list(steps) if isinstance(steps, list) else [steps] for name, steps in does.items()}

        def attempt(call: Call) -> str:
            self.asked.append(
                call.target.provider if not call.target.keys else f"{call.target.provider}:{call.target.key}"
            )
            step = script[call.target.provider].pop(0)
            if isinstance(step, BaseException):
                raise step
            return f"{step} from {call.target.provider}"

        with capture_logs(), self.entry:
            result = self.attempts.first(attempt)
            self.entry.attempted(None)
            return result

    @property
    def tried(self) -> list[tuple[str, int]]:
        [row] = self.rows
        return [(one["provider"], one["status"]) for one in row.attempts]


SURVIVABLE: list[Callable[[], CCProxyError]] = [
    lambda: Unreachable("no route"),
    lambda: DeadlinePassed("slow"),
    lambda: BadAnswer("html"),
    lambda: Truncated("cut"),
    lambda: NoCredentials("no token"),
    lambda: refused(401),
    lambda: refused(402),
    lambda: refused(403),
    lambda: refused(404),
    lambda: refused(413),
    lambda: refused(504, upstream_status=408),
    lambda: refused(400, upstream_status=409),
    lambda: refused(429),
    lambda: refused(500),
    lambda: refused(503),
    lambda: refused(529),
]


@pytest.mark.parametrize("failure", SURVIVABLE)
def test_what_another_target_could_survive_moves_on(failure: Callable[[], UpstreamError]) -> None:
    stage = Stage(target("a"), target("b"), target("c"))
    error = failure()
    assert stage.run(a=error, b=OK) == "ok from b"
    assert stage.asked == ["a", "b"]
    assert stage.tried == [("a", error.status), ("b", 200)]
    assert stage.health.said == [("a", "failed"), ("b", "answered")]
    assert stage.slept == []
    [row] = stage.rows
    assert (row.provider, row.dropped, row.route, row.status) == ("b", ["lost.b"], "a route", 200)
    assert stage.attempts.call is not None
    assert stage.attempts.call.target.provider == "b"


@pytest.mark.parametrize("failure", [lambda: refused(400), lambda: refused(400, "tools: too many", code="x")])
def test_what_the_client_caused_is_told_at_once(failure: Callable[[], UpstreamError]) -> None:
    stage = Stage(target("a"), target("b"), retries=3)
    with pytest.raises(UpstreamRefused):
        stage.run(a=failure())
    assert stage.asked == ["a"]
    assert stage.rows[0].status == 400


def test_a_request_that_nobody_could_serve_is_refused_without_asking() -> None:
    stage = Stage(target("a"), target("b"))
    stage.unfit["a"] = InvalidRequest("messages: no")
    with pytest.raises(InvalidRequest, match="messages: no"):
        stage.run()
    assert stage.health.said == [("a", "left")]
    assert stage.attempts.call is None
    assert stage.rows[0].attempts == []


def test_a_block_that_one_target_cannot_take_goes_to_the_next() -> None:
    stage = Stage(target("a"), target("b"))
    stage.unfit["a"] = Uncarriable("messages.0.content.0: images are not taken")
    assert stage.run(b=OK) == "ok from b"
    assert stage.tried == [("b", 200)], "the first was not asked"


def test_a_block_that_no_target_can_take_is_refused_by_the_words_of_the_first() -> None:
    stage = Stage(target("a"), target("b"))
    stage.unfit |= {"a": Uncarriable("first"), "b": Uncarriable("second")}
    with pytest.raises(Uncarriable, match="first"):
        stage.run()


@pytest.mark.parametrize(
    ("failures", "told"),
    [
        (lambda: (refused(401), refused(529)), 529),
        (lambda: (refused(529), refused(401)), 529),
        (lambda: (refused(404), refused(403)), 404),
        (lambda: (refused(500), refused(429)), 500),
        (lambda: (refused(404), DeadlinePassed("slow")), 504),
        # of two that may be over, what is over sooner; and rather a shorter conversation than a long wait
        (lambda: (refused(429, retry_after=3600), refused(503)), 503),
        (lambda: (refused(429, retry_after=3600), refused(400, OVERFLOW)), 400),
        (lambda: (refused(401), refused(400, OVERFLOW)), 400),
        (lambda: (refused(429, retry_after=9), refused(400, OVERFLOW)), 429),
    ],
)
def test_where_all_fail_the_client_hears_what_may_be_over_later(
    failures: Callable[[], tuple[UpstreamError, UpstreamError]], told: int
) -> None:
    stage = Stage(target("a"), target("b"))
    errors = failures()
    with pytest.raises(UpstreamError) as caught:
        stage.run(a=errors[0], b=errors[1])
    assert caught.value.status == told
    assert [status for _, status in stage.tried] == [errors[0].status, errors[1].status]
    assert stage.rows[0].status == told
    assert stage.attempts.call is not None
    place = [error.status for error in errors].index(told)
    assert stage.attempts.call.target.provider == "ab"[place], "the headers name whose error it is"


# --- again at the same target --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "pauses"),
    [
        (lambda: Unreachable("no"), [0.25]),
        (lambda: refused(500), [0.25]),
        (lambda: refused(529), [0.25]),
        (lambda: refused(503, retry_after=2), [2.1]),
        (lambda: refused(429, retry_after=1), [1.05]),
        (lambda: refused(400, upstream_status=409), [0.25]),
    ],
)
def test_what_may_be_over_in_a_moment_is_tried_again(failure: Any, pauses: list[float]) -> None:
    stage = Stage(target("a"), target("b"), retries=1)
    assert stage.run(a=[failure(), OK]) == "ok from a"
    assert stage.slept == pytest.approx(pauses)
    assert [name for name, _ in stage.tried] == ["a", "a"]


@pytest.mark.parametrize(
    "failure",
    [
        lambda: refused(429),
        lambda: refused(429, retry_after=SHORT + 1),
        lambda: refused(529, retry_after=60),
        lambda: refused(500, should_retry=False),
        lambda: refused(401),
        lambda: refused(404),
        lambda: DeadlinePassed("slow"),
        lambda: BadAnswer("html"),
    ],
)
def test_what_is_not_over_so_soon_is_not(failure: Callable[[], UpstreamError]) -> None:
    stage = Stage(target("a"), target("b"), retries=5)
    assert stage.run(a=failure(), b=OK) == "ok from b"
    assert stage.slept == []


def test_further_attempts_are_bounded_and_their_pauses_grow() -> None:
    stage = Stage(target("a"), retries=3)
    with pytest.raises(Unreachable):
        stage.run(a=[Unreachable(str(number)) for number in range(9)])
    assert stage.slept == [0.25, 0.5, 1.0]
    assert len(stage.tried) == 4


def test_no_further_attempt_outlives_the_deadline() -> None:
    stage = Stage(target("a"), target("b"), deadline=SHORT, retries=3)
    told = refused(503, retry_after=SHORT)  # and it comes back a little later than it is told
    assert stage.run(a=told, b=OK) == "ok from b", "the pause would be too long, another target is not"
    late = Stage(target("a"), target("b"), deadline=-1.0)
    with pytest.raises(Unreachable):
        late.run(a=Unreachable("no"))


# --- who rests ---------------------------------------------------------------------------------------------------


def test_who_rests_is_passed_over() -> None:
    stage = Stage(target("a"), target("b"), health=Health(resting=["a"]))
    assert stage.run(b=OK) == "ok from b"


def test_who_rests_is_asked_where_nobody_else_is_left() -> None:
    assert Stage(target("a"), health=Health(resting=["a"])).run(a=OK) == "ok from a"
    stage = Stage(target("a"), target("b"), target("c"), health=Health(resting=["a", "b"]))
    with pytest.raises(UpstreamRefused):
        stage.run(c=refused(500), a=refused(500))
    assert stage.asked == ["c", "a"], "only one of them"


def test_a_target_that_rests_after_its_failure_is_not_tried_again() -> None:
    health = Health()
    stage = Stage(target("a"), target("b"), health=health, retries=3)
    failed = health.failed

    def rests(target: Target, error: UpstreamError, seconds: float) -> float | None:
        health.resting.add(target.provider)
        return failed(target, error, seconds)

    health.failed = rests  # type: ignore[method-assign]
    assert stage.run(a=Unreachable("no"), b=OK) == "ok from b"


# --- keys ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_another_key_is_tried_at_once(status: int) -> None:
    stage = Stage(target("a", keys=("k1", "k2", "k3")), target("b"))
    assert stage.run(a=[refused(status), refused(status), OK]) == "ok from a"
    assert stage.asked == ["a:k1", "a:k2", "a:k3"]
    assert stage.slept == []
    keys = [one["key"] for one in stage.rows[0].attempts]
    assert len(set(keys)) == 3
    assert not {"k1", "k2", "k3"} & set(keys), "a key is never shown"


def test_another_key_does_not_help_against_other_failures() -> None:
    stage = Stage(target("a", keys=("k1", "k2")), target("b"))
    assert stage.run(a=refused(500), b=OK) == "ok from b"


def test_keys_do_not_take_turns_for_ever() -> None:
    """The first one's rest may be over before the last one was asked."""
    stage = Stage(target("a", keys=("k1", "k2")), target("b"))
    stage.health.other_key = lambda target: True  # type: ignore[method-assign]
    stage.health.admit = rotating(stage)  # type: ignore[method-assign]
    assert stage.run(a=[refused(429, retry_after=1)] * 9, b=OK) == "ok from b"
    assert stage.asked == ["a:k1", "a:k2", "b"]
    assert stage.health.said.count(("a", "left")) == 1, "what was admitted and not asked comes back"


def rotating(stage: Stage) -> Callable[[Target, str | None, bool], Target]:
    keys = itertools.cycle(("k1", "k2"))
    return lambda target, session, last: structs.replace(target, key=next(keys)) if target.keys else target


def test_an_account_without_credit_is_another_keys_or_targets_affair() -> None:
    """Anthropic says it with a 400, which is else the client's fault."""
    spent = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."
    stage = Stage(target("a", keys=("k1", "k2")), target("b"))
    assert stage.run(a=[refused(400, spent), refused(400, spent)], b=OK) == "ok from b"
    assert stage.asked == ["a:k1", "a:k2", "b"]


def test_where_no_key_is_left_the_next_target_is_asked() -> None:
    stage = Stage(target("a", keys=("k1", "k2")), target("b"))
    assert stage.run(a=[refused(401), refused(401)], b=OK) == "ok from b"


# --- too long ------------------------------------------------------------------------------------------------------


def test_an_overflow_goes_to_a_larger_window_only() -> None:
    small, same = target("a", "openai", "gpt-4"), target("b", "openai", "gpt-4-0613")
    unknown, large = target("c"), target("d", "openai", "gpt-5")
    stage = Stage(small, same, unknown, large)
    assert stage.run(a=refused(400, OVERFLOW), d=OK) == "ok from d"
    without = Stage(small, same, unknown)
    with pytest.raises(UpstreamRefused) as caught:
        without.run(a=refused(400, OVERFLOW))
    assert caught.value.message == OVERFLOW
    assert without.asked == ["a"]


def test_an_overflow_goes_where_the_administrator_says_that_there_is_room() -> None:
    own = structs.replace(target("b"), dialect=Dialect(context_window=100_000))
    stage = Stage(target("a"), own)
    assert stage.run(a=refused(400, OVERFLOW), b=OK) == "ok from b"
    small = Stage(target("a"), structs.replace(own, dialect=Dialect(context_window=8_192)))
    with pytest.raises(UpstreamRefused):
        small.run(a=refused(400, OVERFLOW))


def test_an_overflow_is_measured_by_what_the_provider_said() -> None:
    stage = Stage(target("a"), target("b", "openai", "gpt-4"), target("c", "openai", "gpt-5"))
    assert stage.run(a=refused(400, "prompt is too long: 300000 tokens > 262144 maximum"), c=OK) == "ok from c"


# --- what the client and the log are told ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rests", "given", "told"), [(5.0, None, 5), (4.2, None, 5), (None, None, 1), (60.0, 7.0, 7.0)]
)
def test_a_rate_limit_always_says_when_to_come_back(rests: float | None, given: float | None, told: float) -> None:
    stage = Stage(target("a"), health=Health(rests=rests))
    with pytest.raises(UpstreamRefused) as caught:
        stage.run(a=refused(429, retry_after=given))
    assert caught.value.retry_after == told


def test_a_quota_that_is_spent_says_nothing_of_coming_back() -> None:
    stage = Stage(target("a"), health=Health(rests=5.0))
    with pytest.raises(UpstreamRefused) as caught:
        stage.run(a=refused(429, should_retry=False))
    assert caught.value.retry_after is None


def test_an_answer_without_an_upstream_is_no_attempt() -> None:
    stage = Stage(target("a"))
    stage.ready.add("a")
    assert stage.run(a=OK) == "ok from a"
    assert stage.tried == []
    assert stage.health.said == [("a", "left")]


def test_whoever_is_broken_off_gets_no_verdict() -> None:
    stage = Stage(target("a"))
    with pytest.raises(KeyboardInterrupt):
        stage.run(a=KeyboardInterrupt())
    assert stage.health.said == [("a", "left")]
    assert [one["status"] for one in stage.rows[0].attempts] == [500]


def test_a_stream_is_well_once_it_was_delivered() -> None:
    stage = Stage(target("a"))
    stage.entry.row.stream = True
    with capture_logs(), stage.entry:
        stage.attempts.first(lambda call: OK)
        assert stage.health.said == [("a", "began")]
        stage.attempts.delivered()
    assert stage.health.said == [("a", "began"), ("a", "succeeded")]
    assert stage.tried == [("a", 200)]


def test_an_answer_that_breaks_off_later_counts_against_its_target() -> None:
    secret = "sk-provider-0123456789"
    stage = Stage(structs.replace(target("a"), secrets=(secret,)))
    with capture_logs(), stage.entry:
        stage.attempts.first(lambda call: OK)
        shown = stage.attempts.broke_off(refused(529, f"{secret} is tired"))
    assert secret not in shown.message
    assert stage.health.said == [("a", "answered"), ("a", "failed")]
    assert stage.tried == [("a", 529)]


def test_the_targets_that_are_left_can_be_asked_later() -> None:
    stage = Stage(target("a"), target("b"))
    assert stage.attempts.first(lambda call: call.target.provider) == "a"
    other = []

    def prepare(target: Target) -> Call:
        other.append(target.provider)
        return stage.prepare(target)

    assert stage.attempts.first(lambda call: call.target.provider, prepare) == "b"
    assert other == ["b"]


def test_a_request_is_let_go_of_once_its_answer_has_begun() -> None:
    stage = Stage(target("a"), target("b"))
    stage.attempts.first(lambda call: OK)
    assert stage.attempts.call is not None
    assert stage.attempts.call.request.body == b"{}"
    stage.attempts.release()
    assert stage.attempts.call.request.body == b""
    assert stage.attempts.call.again is None
    assert stage.attempts.call.request.losses == ("lost.a",)
    with pytest.raises(NoProvider, match="no target is left"):
        stage.attempts.first(lambda call: OK)


def test_what_failed_before_does_not_keep_the_request() -> None:
    stage = Stage(target("a"), target("b"))
    held: list[weakref.ref[Any]] = []

    def attempt(call: Call) -> str:
        assert call.again is not None
        held.append(weakref.ref(call.again))  # which holds the request too, and can be watched
        if call.target.provider == "a":
            raise refused(500)
        return OK

    assert stage.attempts.first(attempt) == OK
    stage.attempts.release()
    gc.collect()
    assert [one() for one in held] == [None, None]


def test_what_never_began_cannot_break_off() -> None:
    error = Truncated("cut")
    stage = Stage(target("a"))
    assert stage.attempts.broke_off(error) is error
    assert stage.health.said == []
