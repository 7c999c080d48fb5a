"""Requests that are let in, refused and settled, by a clock of the test's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from ccproxy.errors import OverBudget, RateLimited, Unavailable
from ccproxy.gateway.limits import COMPARED, Limits, is_budgeted, is_limited
from ccproxy.gateway.limits.shared_memory import SharedCounters
from ccproxy.gateway.limits.told import AT_ONCE_AGAIN
from ccproxy.store.client_keys import ClientKey
from ccproxy.store.logbook import RequestRow
from ccproxy.store.spending import Spent

BEGIN = 1_800_000_000.0  # 2027-01-15T08:00:00Z


class Stage:
    """Limits over real counters, with a clock that is set and a log that says what is said here."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.spent: dict[str, Spent] = {}
        self.asked: list[tuple[int, str]] = []
        self.counters = SharedCounters(sets=64)
        self.limits = Limits(self.counters, self._since, lambda: self.now)

    def _since(self, first_day: int, key: str) -> dict[str, Spent]:
        self.asked.append((first_day, key))
        return self.spent

    def admit(self, key: ClientKey, tokens: int = 100, cost: float | None = 0.01) -> Any:
        return self.limits.admit(key, lambda: tokens, lambda: cost, self.limits.knock(key))

    def refused(self, key: ClientKey, tokens: int = 100, cost: float | None = 0.01) -> Any:
        with pytest.raises((RateLimited, OverBudget)) as caught:
            self.admit(key, tokens, cost)
        return caught.value


@pytest.fixture
def stage() -> Stage:
    return Stage()


def key(**limits: Any) -> ClientKey:
    return ClientKey(name="anna", prefix="", digest="", **limits)


def row(**fields: Any) -> RequestRow:
    return RequestRow(request_id="r", started_at=datetime.now(UTC), **fields)


@pytest.mark.parametrize("none", [None, key()])
def test_without_limits_nothing_is_estimated(stage, none):
    def no() -> Any:
        raise AssertionError("was estimated")

    assert stage.limits.admit(none, no, no) is None


def test_requests_a_minute(stage):
    anna = key(requests_per_minute=3)
    stage.now += 20
    told = [stage.admit(anna).headers for _ in range(3)]
    assert [one["anthropic-ratelimit-requests-remaining"] for one in told] == ["2", "1", "0"]
    assert told[0]["anthropic-ratelimit-requests-limit"] == "3"
    assert told[0]["anthropic-ratelimit-requests-reset"] == "2027-01-15T08:02:00Z"
    refused = stage.refused(anna)
    assert (refused.status, refused.type, refused.should_retry) == (429, "rate_limit_error", None)
    assert refused.message == "the key 'anna' has used its 3 requests a minute; there is room for this request in 60 s"
    assert refused.headers["anthropic-ratelimit-requests-remaining"] == "0"
    stage.now += refused.retry_after - 1
    stage.refused(anna)
    stage.now += 1
    assert stage.admit(anna) is not None


def test_a_refused_request_is_charged_nothing(stage):
    anna = key(requests_per_minute=1, tokens_per_minute=1000)
    stage.admit(anna, tokens=1)
    for _ in range(5):
        stage.refused(anna, tokens=900)
    assert stage.admit(key(tokens_per_minute=1000), tokens=999) is not None


def test_tokens_are_reserved_by_the_estimate_and_settled_by_what_it_came_to(stage):
    anna = key(tokens_per_minute=1000)
    first = stage.admit(anna, tokens=900)
    assert stage.refused(anna, tokens=200).retry_after is not None
    first.settle(row(input_tokens=80, output_tokens=10, cache_creation_input_tokens=10, cache_read_input_tokens=9000))
    second = stage.admit(anna, tokens=900)
    assert second.headers["anthropic-ratelimit-tokens-remaining"] == "0"
    second.settle(row())  # it came to nothing
    assert stage.admit(anna, tokens=900).headers["anthropic-ratelimit-tokens-remaining"] == "0"


def test_a_stream_of_minutes_is_charged_when_it_ends(stage):
    anna = key(tokens_per_minute=1000)
    stream = stage.admit(anna, tokens=100)
    stage.now += 300
    stream.settle(row(input_tokens=100, output_tokens=900))
    assert stage.refused(anna, tokens=200).retry_after > 0
    assert stage.admit(anna, tokens=100) is not None


def test_an_estimate_that_was_too_high_is_given_back_where_it_was_taken(stage):
    anna = key(tokens_per_minute=1000)
    stream = stage.admit(anna, tokens=1000)
    stage.now += 61
    stream.settle(row(input_tokens=10))
    assert stage.admit(anna, tokens=980) is not None
    assert stage.refused(anna, tokens=20).retry_after > 0


def test_what_can_never_fit_says_so(stage):
    refused = stage.refused(key(tokens_per_minute=1000), tokens=1001)
    assert refused.should_retry is False
    assert refused.retry_after is None
    assert refused.message == "this request has about 1,001 tokens, and the key 'anna' may use 1,000 tokens a minute"


def test_requests_at_once(stage):
    anna = key(concurrent_requests=2, requests_per_minute=10)
    first, _ = stage.admit(anna), stage.admit(anna)
    refused = stage.refused(anna)
    assert (refused.status, refused.retry_after) == (429, AT_ONCE_AGAIN)
    assert refused.message == "the key 'anna' has 2 requests under way, which is its limit"
    first.settle(row())
    third = stage.admit(anna)
    assert third.headers["anthropic-ratelimit-requests-remaining"] == "7"  # the refused one was charged nothing
    stage.refused(anna)


def test_a_request_too_many_at_once_takes_nothing_of_the_other_limits(stage):
    """Not even for a moment, in which another one might be refused for it."""
    anna = key(concurrent_requests=1, tokens_per_minute=1000, daily_budget_usd=1.0)
    stage.admit(anna, tokens=100, cost=0.1)
    before = bytes(stage.counters._memory)
    stage.refused(anna, tokens=900, cost=0.9)
    assert bytes(stage.counters._memory) == before


def test_other_requests_are_counted_beside_those_of_messages(stage):
    """Twice as many, and no fewer than an editor sends at once."""
    anna, ben = key(requests_per_minute=3), replace(key(requests_per_minute=200), name="ben")
    for _ in range(100):
        stage.limits.knock_beside(anna)
    with pytest.raises(RateLimited) as caught:
        stage.limits.knock_beside(anna)
    assert caught.value.message.startswith(
        "the key 'anna' has used its 100 other requests (counts of tokens, explanations, lists) a minute; there is room"
    )
    assert caught.value.headers == {}
    assert stage.admit(anna).headers["anthropic-ratelimit-requests-remaining"] == "2"
    for _ in range(400):
        stage.limits.knock_beside(ben)
    with pytest.raises(RateLimited):
        stage.limits.knock_beside(ben)
    stage.limits.knock_beside(key(tokens_per_minute=1))
    stage.limits.knock_beside(None)


BUDGETS = [
    ("daily_budget_usd", 1.0, "daily budget of $1.0000", "2027-01-16T00:00:00Z", {"cost": 0.6}, {"cost_usd": 0.6}),
    ("monthly_budget_usd", 1.0, "monthly budget of $1.0000", "2027-02-01T00:00:00Z", {"cost": 0.6}, {"cost_usd": 0.6}),
    (
        "daily_token_budget",
        1000,
        "daily budget of 1,000 tokens",
        "2027-01-16T00:00:00Z",
        {"tokens": 600},
        {"input_tokens": 600},
    ),
    (
        "monthly_token_budget",
        1000,
        "monthly budget of 1,000 tokens",
        "2027-02-01T00:00:00Z",
        {"tokens": 600},
        {"output_tokens": 600},
    ),
]


@pytest.mark.parametrize(("name", "limit", "words", "renews", "takes", "came_to"), BUDGETS)
def test_a_budget_is_used_up_and_renews(stage, name, limit, words, renews, takes, came_to):
    anna = key(**{name: limit})
    one = stage.admit(anna, **takes)
    refused = stage.refused(anna, **takes)
    assert (refused.status, refused.type, refused.should_retry) == (402, "billing_error", False)
    assert refused.message.startswith(f"the {words} of the key 'anna' does not suffice: ")
    assert refused.message.endswith(f"; it renews at {renews}")
    assert refused.details == {"budget": name, "limit": limit, "used": pytest.approx(limit * 0.6), "renews_at": renews}
    one.settle(row(**came_to))
    stage.refused(anna, **takes)
    stage.now = datetime.fromisoformat(renews).timestamp() - 1
    stage.refused(anna, **takes)
    stage.now += 1
    assert stage.admit(anna, **takes) is not None


@pytest.mark.parametrize(("name", "limit", "words", "renews", "takes", "came_to"), BUDGETS)
def test_what_was_spent_before_this_process_counts(stage, name, limit, words, renews, takes, came_to):
    stage.spent = {"anna": Spent(requests=3, tokens=500, cost_usd=0.5), "ben": Spent(9, 9, 9.0)}
    stage.refused(key(**{name: limit}), **takes)
    first = {
        "2027-01-16T00:00:00Z": datetime(2027, 1, 15, tzinfo=UTC),
        "2027-02-01T00:00:00Z": datetime(2027, 1, 1, tzinfo=UTC),
    }
    assert stage.asked == [(int(first[renews].timestamp() // 86400), "anna")]
    stage.refused(key(**{name: limit}), **takes)
    assert len(stage.asked) == 1


def test_what_began_before_midnight_counts_on_the_day_before(stage):
    """As in the log, which goes by when a request began."""
    anna = key(daily_token_budget=1000)
    stage.now = datetime(2027, 1, 15, 23, 59, 59, tzinfo=UTC).timestamp()
    stream = stage.admit(anna, tokens=600)
    stage.refused(anna, tokens=600)
    stage.now += 1
    other = stage.admit(anna, tokens=600)
    stream.settle(row(input_tokens=990))
    other.settle(row(input_tokens=100))
    assert stage.admit(anna, tokens=900) is not None
    stage.refused(anna, tokens=1)
    stage.now -= 1
    assert stage.refused(anna, tokens=11).details["used"] == 990


def test_of_a_stream_that_lasts_past_midnight_no_worker_leaves_anything_behind(stage):
    anna = key(daily_token_budget=1000, monthly_budget_usd=1.0, tokens_per_minute=1000, concurrent_requests=1)
    stage.now = datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    stream = stage.admit(anna, tokens=600, cost=0.5)
    stage.now += 300
    stream.settle(row(input_tokens=990, cost_usd=0.9))
    assert not stage.counters._ledgers._own
    admitted = stage.admit(replace(anna, tokens_per_minute=None), tokens=1000, cost=1.0)
    assert admitted is not None


def test_without_a_price_nothing_is_charged_in_dollars(stage):
    anna = key(daily_budget_usd=0.001)
    for _ in range(3):
        stage.admit(anna, cost=None).settle(row(input_tokens=1000, cost_usd=None))


def test_a_budget_goes_before_a_wait(stage):
    """Waiting a minute would not help."""
    anna = key(tokens_per_minute=100, daily_token_budget=100)
    stage.admit(anna, tokens=100)
    assert stage.refused(anna, tokens=1).status == 402


@pytest.mark.parametrize(
    ("limits", "limited", "budgeted"),
    [
        ({}, False, False),
        ({"concurrent_requests": 1}, True, False),
        ({"requests_per_minute": 1}, True, False),
        ({"tokens_per_minute": 1}, True, True),
        ({"daily_budget_usd": 1.0}, True, True),
        ({"monthly_token_budget": 1}, True, True),
    ],
)
def test_which_keys_are_limited(limits, limited, budgeted):
    assert is_limited(key(**limits)) is limited
    assert is_budgeted(key(**limits)) is budgeted


def test_what_was_used_while_a_budget_was_not_counted_is_taken_from_the_log(stage):
    """A budget that was taken off and put back, or that Redis had counted and is away: its counter has missed some."""
    anna = key(daily_token_budget=1000)
    stage.admit(anna, tokens=100).settle(row(input_tokens=100))
    stage.spent = {"anna": Spent(9, 950, 0.0)}
    assert stage.admit(anna, tokens=10) is not None, "the log is not asked for each request"
    changed = replace(anna, updated_at=datetime(2027, 1, 15, tzinfo=UTC))
    assert stage.refused(changed, tokens=60).status == 402
    stage.spent = {"anna": Spent(9, 1000, 0.0)}
    stage.admit(changed, tokens=10)
    stage.now += COMPARED
    assert stage.refused(changed, tokens=10).details["used"] == 1000 + 10 + 10, "of two nobody knows what they come to"


def test_settling_begins_no_counter_of_a_budget(stage):
    """One that was lost would begin with nothing used, and what was spent before would be forgotten."""
    anna = key(daily_token_budget=1000)
    stage.spent = {"anna": Spent(9, 900, 0.0)}
    admission = stage.admit(anna, tokens=50)
    stage.counters._memory[:] = bytes(len(stage.counters._memory))
    admission.settle(row(input_tokens=10))
    assert stage.refused(anna, tokens=150).details["used"] == 900


def test_a_spent_budget_of_dollars_leaves_what_is_free(stage):
    anna = key(daily_budget_usd=0.01)
    stage.admit(anna, cost=0.01).settle(row(cost_usd=0.05))
    stage.refused(anna, cost=0.001)
    assert stage.admit(anna, cost=0.0) is not None
    assert stage.admit(anna, cost=None) is not None


def test_without_a_database_budgets_go_on_by_their_counters_and_nobody_is_let_in_without_one(stage):
    anna = key(daily_token_budget=1000)
    stage.admit(anna, tokens=10)

    def gone(_first_day: int, _key: str) -> Any:
        raise OperationalError("SELECT", {}, Exception("gone"))

    stage.limits._spent = gone
    stage.now += COMPARED
    with capture_logs() as lines:
        assert stage.admit(anna, tokens=10) is not None
    assert [line["event"] for line in lines] == ["budgets cannot be held against the log"]
    with capture_logs(), pytest.raises(Unavailable):
        stage.admit(key(monthly_token_budget=1000), tokens=10)


def test_whoever_knocks_is_counted_whatever_comes_of_it(stage):
    anna = key(requests_per_minute=3)
    for _ in range(3):
        assert stage.limits.knock(anna) is not None
    with pytest.raises(RateLimited, match="has used its 3 requests a minute"):
        stage.limits.knock(anna)
    assert stage.limits.knock(key(tokens_per_minute=3)) is None
    assert stage.limits.knock(None) is None
