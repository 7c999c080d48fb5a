"""In which order targets are asked, strategy by strategy, and where a session stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.gateway.affinity import Affinity
from ccproxy.gateway.choice import ANSWER, Choice
from ccproxy.gateway.health import Health
from ccproxy.gateway.routing import Plan
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.target import Target


def target(name: str, kind: str = "groq", model: str = "m") -> Target:
    return Target(provider=name, kind=kind, wire="openai-chat", model=model, base_url="x", dialect=Dialect())


A, B, C = target("a"), target("b"), target("c")
BUSY = UpstreamRefused("no", status=429, type="rate_limit_error", upstream_status=429, retry_after=10)


class Stage:
    """A choice, its health, and the time."""

    def __init__(
        self, random: Callable[[], float] = lambda: 0.5, prices: dict[str, float | None] | None = None
    ) -> None:
        self.now = 1_700_000_000.0
        self.priced: list[tuple[str, int, int]] = []
        self.prices = prices or {}
        self.affinity = Affinity()
        self.health = Health(None, clock=lambda: self.now)
        self.choice = Choice(self.health, self.affinity, random, self.price)

    def price(self, target: Target, input_tokens: int, output_tokens: int) -> float | None:
        self.priced.append((target.label, input_tokens, output_tokens))
        return self.prices.get(target.provider)

    def order(
        self, plan: Plan, session: str | None = None, size: int = 100, most: int | None = 50, streams: bool = True
    ) -> str:
        return "".join(target.provider for target in self.choice.order(plan, session, streams, size, most))


def plan(*targets: Target, **fields: Any) -> Plan:
    return Plan("default", targets or (A, B, C), **fields)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_fallback_is_as_the_route_has_it(stage: Stage) -> None:
    assert stage.order(plan()) == stage.order(plan(), "s") == "abc"
    assert stage.order(plan(A)) == "a"
    assert stage.choice.former(plan(), "s") is None


@pytest.mark.parametrize("strategy", ["fallback", "weighted", "fastest", "cheapest"])
def test_who_rests_comes_last_whatever_the_strategy(stage: Stage, strategy: Any) -> None:
    for one in (A, B):
        stage.health.failed(one, BUSY)
    ordered = stage.order(plan(strategy=strategy), "s")
    assert ordered[0] == "c"
    assert sorted(ordered) == ["a", "b", "c"]
    stage.now += 10
    assert stage.order(plan()) == "abc"


# --- weighted --------------------------------------------------------------------------------------------------------


def shares(stage: Stage, plan: Plan, session: bool, times: int = 4000) -> dict[str, float]:
    first = Counter(stage.order(plan, f"session {number}" if session else None)[0] for number in range(times))
    return {name: count / times for name, count in first.items()}


def test_weights_are_shares_of_the_sessions(stage: Stage) -> None:
    found = shares(stage, plan(strategy="weighted", weights=(6, 3, 1)), session=True)
    assert found == pytest.approx({"a": 0.6, "b": 0.3, "c": 0.1}, abs=0.03)


def test_without_a_session_chance_decides() -> None:
    numbers = cycle([(number * 0.618034) % 1 for number in range(9973)])
    found = shares(Stage(lambda: next(numbers)), plan(strategy="weighted", weights=(6, 3, 1)), session=False)
    assert found["a"] > found["b"] > found["c"] > 0


def test_a_weight_of_nothing_is_never_first(stage: Stage) -> None:
    weighted = plan(strategy="weighted", weights=(0, 1, 0))
    assert {stage.order(weighted, f"session {number}") for number in range(50)} == {"bac"}


def test_without_weights_all_are_alike(stage: Stage) -> None:
    found = shares(stage, plan(strategy="weighted"), session=True)
    assert found == pytest.approx({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, abs=0.03)


def test_chance_may_be_nought() -> None:
    assert sorted(Stage(lambda: 0.0).order(plan(strategy="weighted"))) == ["a", "b", "c"]


def test_only_those_sessions_move_that_have_to(stage: Stage) -> None:
    three, two = plan(strategy="weighted"), plan(A, B, strategy="weighted")
    for number in range(200):
        before, after = stage.order(three, f"session {number}"), stage.order(two, f"session {number}")
        assert before.replace("c", "") == after


# --- fastest, cheapest -----------------------------------------------------------------------------------------------


def test_the_quickest_comes_first_but_who_was_not_measured_before_all(stage: Stage) -> None:
    fastest = plan(strategy="fastest")
    assert stage.order(fastest) == "abc"
    stage.health.began(A, 2.0)
    stage.health.began(B, 1.0)
    assert stage.order(fastest) == "cba"
    stage.health.began(C, 3.0)
    assert stage.order(fastest) == "bac"
    stage.now += 299
    stage.health.began(B, 1.0)
    stage.now += 1
    assert stage.order(fastest) == "acb"


def test_whole_answers_are_compared_with_whole_answers(stage: Stage) -> None:
    """They take as long as they are, and say nothing of how soon a stream begins."""
    fastest = plan(strategy="fastest")
    for begins, ends, target in ((1.0, 40.0, A), (2.0, 4.0, B), (3.0, 5.0, C)):
        stage.health.began(target, begins)
        stage.health.answered(target, ends)
    assert stage.order(fastest) == "abc"
    assert stage.order(fastest, streams=False) == "bca"


def test_the_cheapest_comes_first_and_the_unknown_last() -> None:
    stage = Stage(prices={"a": None, "b": 2.0, "c": 0.0})
    assert stage.order(plan(strategy="cheapest"), size=700, most=32_000) == "cba"
    assert set(stage.priced) == {("a/m", 700, ANSWER), ("b/m", 700, ANSWER), ("c/m", 700, ANSWER)}
    stage.priced.clear()
    stage.order(plan(strategy="cheapest"), size=700, most=20)
    assert {output for _, _, output in stage.priced} == {20}
    stage.order(plan(strategy="cheapest"), most=None)
    assert stage.priced[-1] == ("c/m", 100, ANSWER)


# --- sessions --------------------------------------------------------------------------------------------------------


def test_a_session_stays_where_it_was_answered_while_that_is_in_service(stage: Stage) -> None:
    stage.health.failed(A, BUSY)
    assert stage.order(plan(), "s") == "bca"
    stage.choice.settled(plan(), "s", B)
    stage.now += 10
    assert stage.order(plan(), "s") == "bac"
    assert stage.choice.former(plan(), "s") is B
    assert stage.order(plan(), "another") == stage.order(plan()) == "abc"
    stage.health.failed(B, BUSY)
    assert stage.order(plan(), "s") == "acb"
    stage.choice.settled(plan(), "s", A)
    stage.now += 10
    assert stage.order(plan(), "s") == "abc"


def test_one_failure_does_not_move_a_session(stage: Stage) -> None:
    stage.choice.settled(plan(), "s", A)
    stage.choice.settled(plan(), "s", B)  # a failed once, and is in service still
    assert stage.order(plan(), "s") == "abc"
    stage.choice.settled(plan(B, C), "s", B)  # a is no target any more
    assert stage.order(plan(B, C), "s") == "bc"


def test_sessions_are_remembered_by_route(stage: Stage) -> None:
    stage.choice.settled(plan(), "s", C)
    other = Plan("think", (A, B, C))
    assert (stage.order(plan(), "s"), stage.order(other, "s")) == ("cab", "abc")


def test_what_has_no_choice_is_not_remembered(stage: Stage) -> None:
    stage.choice.settled(plan(A), "s", A)
    stage.choice.settled(plan(), None, C)
    assert stage.choice.former(plan(), "s") is None
    assert stage.choice.former(plan(), None) is None


def test_a_session_stays_although_another_is_cheaper_or_quicker() -> None:
    stage = Stage(prices={"a": 9.0, "b": 1.0, "c": 2.0})
    stage.choice.settled(plan(), "s", A)
    for strategy in ("cheapest", "fastest", "weighted"):
        assert stage.order(plan(strategy=strategy), "s")[0] == "a"
