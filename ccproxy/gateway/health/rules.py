"""What a failure says of a target or of a key, and how long it rests for it. Pure: the time comes in as an argument.

Times are seconds since the epoch, lengths are seconds.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct, structs

from ccproxy.errors import NoCredentials, UpstreamError, UpstreamRefused

Part = Literal["target", "key", "grant"]
"""What rests: a model of a provider's, one of its keys, or what one key may do with one model."""

FIRST = 5.0
"""The first rest of whoever does not say how long; each one after it that comes in a row is twice as long."""
LONGEST = 300.0
LONGEST_TOLD = 3600.0
"""The longest rest that a provider may ask for."""
SET_ASIDE = 900.0
"""For a key that is refused: until the provider's row changes, or somebody has paid and told nobody."""
NO_MODEL = 300.0
STRIKES = 3
"""Failures in a row that make a rest, where one may be chance."""
FORGOTTEN = 600.0
"""After so long without another failure the row has ended."""
PROBE = 60.0
"""How long one request may take to show whether who rested is well again, before another one may try."""


# What a 403 may mean beside a key that may do nothing (provider docs: OpenRouter; OpenAI, AWS)
_FLAGGED = re.compile(r"\b(?:flagged|moderation)\b", re.IGNORECASE)
# What a 404 may miss beside the model (provider docs: Anthropic, OpenAI; a recorded one of OpenRouter's)
_OF_THE_REQUEST = re.compile(
    r"\b(?:file|container|previous response|item with id|vector store)\b|\bfile_|\bendpoints found that support\b",
    re.IGNORECASE,
)
_OF_A_MODEL = re.compile(r"\baccess to (?:the )?(?:foundation )?model\b|^model_", re.IGNORECASE | re.MULTILINE)


class Verdict(Struct, frozen=True):
    """What one failure comes to: which part rests, for how long (None: doubling), and after how many in a row."""

    part: Part
    reason: str
    seconds: float | None = None
    strikes: int = 1


class Standing(Struct, frozen=True):
    """What is known against a target, a key or a provider; who is simply in service has none.

    `strikes` failures in a row, the last one at `since`; or a rest from `since` `until` (0: none so far). A rest whose
    end has come is half-open: one probe decides.
    """

    strikes: int = 0
    since: float = 0.0
    until: float = 0.0
    reason: str = ""
    status: int | None = None

    def rests(self, now: float) -> bool:
        """Whether it is not to be asked now."""
        return now < self.until

    def half_open(self, now: float) -> bool:
        """Whether its rest is over and nobody has found it well since."""
        return 0 < self.until <= now


def judge(error: UpstreamError, several_keys: bool) -> Verdict | None:
    """What a failure says; None where it says nothing of the provider, because the request was at fault."""
    if isinstance(error, NoCredentials):
        return Verdict("key", "no_credentials", SET_ASIDE)
    if not isinstance(error, UpstreamRefused):
        return Verdict("target", _name(error), strikes=STRIKES)
    told = min(error.retry_after, LONGEST_TOLD) if error.retry_after else None
    match error.status:
        case 403 if _FLAGGED.search(error.message):
            return None  # what was said was not liked, whoever said it
        case 403 if _OF_A_MODEL.search(f"{error.message}\n{error.code}"):
            return Verdict("grant" if several_keys else "target", error.type, SET_ASIDE)  # another key may have it
        case 400 if error.of_account:
            return Verdict("key", "billing_error", SET_ASIDE)
        case 401 | 402 | 403:
            return Verdict("key", error.type, SET_ASIDE)
        case 429 if error.should_retry is False and told is None:
            return Verdict("key", "billing_error", SET_ASIDE)  # the account is empty, whatever its number is
        case 429:
            return Verdict("key" if several_keys else "target", error.type, told)
        case 404 if not _OF_THE_REQUEST.search(error.message):
            return Verdict("target", error.type, NO_MODEL)
        case 503 | 529 if told is not None:
            return Verdict("target", error.type, told)
        case status if status >= 500 or error.upstream_status in (408, 409):
            return Verdict("target", error.type, strikes=STRIKES)
    return None


def after(known: Standing, verdict: Verdict, status: int | None, now: float, probing: bool) -> Standing:
    """The standing after a failure. `probing`: it is the answer to whether the one who rested is well again.

    Whoever rests already was asked before the rest began, or because nobody else was left: such failures are all one,
    so they make no rest longer, unless the provider says so itself.
    """
    if known.rests(now) and not probing:
        if verdict.seconds is not None and now + verdict.seconds > known.until:
            return structs.replace(known, until=now + verdict.seconds, reason=verdict.reason, status=status)
        return known
    in_a_row = now - max(known.since, known.until) < FORGOTTEN
    strikes = known.strikes + 1 if in_a_row else 1
    rested = known.until - known.since if known.until and in_a_row else 0.0
    if verdict.seconds is None and not rested and strikes < verdict.strikes:
        return Standing(strikes, now, 0.0, verdict.reason, status)
    length = verdict.seconds if verdict.seconds is not None else min(max(2 * rested, FIRST), LONGEST)
    return Standing(strikes, now, now + length, verdict.reason, status)


def back(known: Standing) -> Standing:
    """The standing of one that has begun to answer after a rest: with its next failure in a row it rests again.

    What begins well may still break off.
    """
    return Standing(max(known.strikes, STRIKES - 1), known.since, 0.0, known.reason, known.status)


def _name(error: UpstreamError) -> str:
    """`DeadlinePassed` as `deadline_passed`: the words of our own errors, for those of a provider are not shown."""
    name = type(error).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
