"""What each failure comes to, and how rests grow."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import (
    BadAnswer,
    DeadlinePassed,
    NoCredentials,
    Truncated,
    Unreachable,
    UpstreamError,
    UpstreamRefused,
)
from ccproxy.gateway.health.rules import (
    FIRST,
    FORGOTTEN,
    LONGEST,
    LONGEST_TOLD,
    NO_MODEL,
    SET_ASIDE,
    STRIKES,
    Standing,
    Verdict,
    after,
    judge,
)

NOW = 1_000_000.0


def refused(status: int, message: str = "no", **more: Any) -> UpstreamRefused:
    return UpstreamRefused(message, **{"status": status, "type": f"t{status}", "upstream_status": status, **more})


def told(seconds: float, part: Any = "target", reason: str = "t429") -> Verdict:
    return Verdict(part, reason, seconds)


BILLING = Verdict("key", "billing_error", SET_ASIDE)
ONE_KEY: list[tuple[UpstreamError, Verdict | None]] = [
    # what the request was at fault for
    (refused(400), None),
    (refused(413), None),
    (refused(422), None),
    (refused(400, "prompt is too long: 300000 tokens > 200000 maximum"), None),
    (refused(403, "Your input was flagged by OpenAI"), None),
    (refused(403, "This model requires moderation"), None),
    (refused(404, "File not found: file_011CNha8iCJcU1wXNR6q4V8w"), None),
    (refused(404, "Previous response with id 'resp_1' not found."), None),
    (refused(404, "No endpoints found that support tool use. To learn more about provider routing, visit: …"), None),
    # the key
    (refused(400, "Your credit balance is too low to access the Anthropic API."), BILLING),
    (refused(400, "You have reached your specified API usage limits. You will regain access on 2026-12-01."), BILLING),
    (refused(401), Verdict("key", "t401", SET_ASIDE)),
    (refused(402), Verdict("key", "t402", SET_ASIDE)),
    (refused(403), Verdict("key", "t403", SET_ASIDE)),
    (refused(401, upstream_status=400), Verdict("key", "t401", SET_ASIDE)),
    (refused(429, should_retry=False), Verdict("key", "billing_error", SET_ASIDE)),
    (NoCredentials("none"), Verdict("key", "no_credentials", SET_ASIDE)),
    # one model of its
    (refused(403, "Project `p` does not have access to model `gpt-x`"), Verdict("target", "t403", SET_ASIDE)),
    (refused(403, "You don't have access to the model with the specified id"), Verdict("target", "t403", SET_ASIDE)),
    (refused(403, code="model_not_found"), Verdict("target", "t403", SET_ASIDE)),
    (refused(404), Verdict("target", "t404", NO_MODEL)),
    (refused(404, "No endpoints found for qwen/qwq-32b:free."), Verdict("target", "t404", NO_MODEL)),
    # told how long
    (refused(429, retry_after=7), told(7)),
    (refused(429, retry_after=0.5, should_retry=False), told(0.5)),
    (refused(429, retry_after=86_400), told(LONGEST_TOLD)),
    (refused(503, retry_after=9), told(9, reason="t503")),
    (refused(529, retry_after=2), told(2, reason="t529")),
    # not told
    (refused(429), Verdict("target", "t429")),
    (refused(429, retry_after=0), Verdict("target", "t429")),
    # may be chance
    (refused(500), Verdict("target", "t500", strikes=STRIKES)),
    (refused(500, retry_after=9), Verdict("target", "t500", strikes=STRIKES)),
    (refused(503), Verdict("target", "t503", strikes=STRIKES)),
    (refused(529), Verdict("target", "t529", strikes=STRIKES)),
    (refused(504, upstream_status=408), Verdict("target", "t504", strikes=STRIKES)),
    (refused(409), Verdict("target", "t409", strikes=STRIKES)),
    (refused(400, upstream_status=409), Verdict("target", "t400", strikes=STRIKES)),
    (refused(529, upstream_status=None), Verdict("target", "t529", strikes=STRIKES)),
    (Unreachable("no"), Verdict("target", "unreachable", strikes=STRIKES)),
    (DeadlinePassed("no"), Verdict("target", "deadline_passed", strikes=STRIKES)),
    (BadAnswer("no"), Verdict("target", "bad_answer", strikes=STRIKES)),
    (Truncated("no"), Verdict("target", "truncated", strikes=STRIKES)),
]


@pytest.mark.parametrize(("error", "verdict"), ONE_KEY, ids=repr)
def test_a_failure_says(error: UpstreamError, verdict: Verdict | None) -> None:
    assert judge(error, several_keys=False) == verdict


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (refused(429, retry_after=7), told(7, "key")),
        (refused(429), Verdict("key", "t429")),
        (refused(401), Verdict("key", "t401", SET_ASIDE)),
        (refused(403, "no access to model m"), Verdict("grant", "t403", SET_ASIDE)),  # another key may have it
        (
            refused(403, "The model is blocked", code="model_permission_blocked_project"),
            Verdict("grant", "t403", SET_ASIDE),
        ),
        (refused(404), Verdict("target", "t404", NO_MODEL)),
        (refused(529, retry_after=2), told(2, reason="t529")),
        (Unreachable("no"), Verdict("target", "unreachable", strikes=STRIKES)),
        (refused(400), None),
    ],
    ids=repr,
)
def test_with_several_keys_some_are_of_the_key_alone(error: UpstreamError, verdict: Verdict | None) -> None:
    assert judge(error, several_keys=True) == verdict


BUSY = Verdict("target", "rate_limit_error")
BROKEN = Verdict("target", "api_error", strikes=STRIKES)


def rests(verdict: Verdict, times: int) -> list[float]:
    """The lengths of the rests that follow when each probe right after a rest fails again; 0: none."""
    known, now, lengths = Standing(), NOW, []
    for _ in range(times):
        known = after(known, verdict, 500, now, probing=True)
        lengths.append(known.until - now if known.until else 0.0)
        now = max(now + 0.1, known.until)
    return lengths


@pytest.mark.parametrize(
    ("verdict", "lengths"),
    [
        (BUSY, [5, 10, 20, 40, 80, 160, 300, 300]),
        (BROKEN, [0, 0, 5, 10, 20, 40, 80, 160, 300, 300]),
        (told(7), [7, 7, 7]),
        (Verdict("key", "x", SET_ASIDE), [SET_ASIDE, SET_ASIDE]),
    ],
    ids=repr,
)
def test_a_rest_is_twice_as_long_as_the_one_before(verdict: Verdict, lengths: list[float]) -> None:
    assert rests(verdict, len(lengths)) == pytest.approx(lengths)
    assert max(lengths) <= max(LONGEST, SET_ASIDE)


def test_what_is_kept_says_why_and_since_when() -> None:
    standing = after(Standing(), told(7), 429, NOW, probing=False)
    assert standing == Standing(1, NOW, NOW + 7, "t429", 429)
    assert (standing.rests(NOW), standing.rests(NOW + 7), standing.half_open(NOW), standing.half_open(NOW + 7)) == (
        True,
        False,
        False,
        True,
    )
    assert not Standing().half_open(NOW)


@pytest.mark.parametrize(
    ("verdict", "until"),
    [
        (BUSY, NOW + 5),  # all of a burst are one failure
        (BROKEN, NOW + 5),
        (told(2), NOW + 5),
        (told(60), NOW + 61),  # the provider says so itself
    ],
    ids=repr,
)
def test_failures_during_a_rest_make_it_no_longer_but_for_what_is_told(verdict: Verdict, until: float) -> None:
    known = after(Standing(), BUSY, 429, NOW, probing=False)
    again = after(known, verdict, 429, NOW + 1, probing=False)
    assert again.until == until
    assert again.since == NOW
    assert (again is known) == (until == NOW + 5)


def test_the_probe_counts_although_its_own_claim_has_not_run_out() -> None:
    known = Standing(1, NOW, NOW + 5, "x")
    assert after(known, BUSY, 429, NOW + 1, probing=True).until == NOW + 1 + 10


@pytest.mark.parametrize(
    ("passed", "strikes", "length"), [(FORGOTTEN - 1, 3, FIRST), (FORGOTTEN, 1, 0.0)], ids=["in a row", "long ago"]
)
def test_failures_long_ago_are_no_row(passed: float, strikes: int, length: float) -> None:
    known = Standing(2, NOW, 0.0, "x")
    found = after(known, BROKEN, 500, NOW + passed, probing=False)
    assert found.strikes == strikes
    assert (found.until - found.since if found.until else 0.0) == length


@pytest.mark.parametrize(("passed", "length"), [(FORGOTTEN - 1, 80), (FORGOTTEN, FIRST)])
def test_a_long_rest_long_ago_makes_the_next_one_no_longer(passed: float, length: float) -> None:
    known = Standing(1, NOW - 40, NOW, "x")
    found = after(known, BUSY, 429, NOW + passed, probing=False)
    assert found.until - found.since == length
