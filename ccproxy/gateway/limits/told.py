"""What clients are told of their limits: Anthropic's headers on every answer, and why a request is refused. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ccproxy.errors import ClientError, OverBudget, RateLimited
from ccproxy.gateway.limits import charges, periods
from ccproxy.gateway.limits.charges import NANO, Charge, Level

AT_ONCE_AGAIN = 1.0
"""Seconds after which to come back where too many requests are under way: when one ends nobody can know."""
_BUDGETS = {
    "day_usd": "daily_budget_usd",
    "month_usd": "monthly_budget_usd",
    "day_tokens": "daily_token_budget",
    "month_tokens": "monthly_token_budget",
}
_MINUTE = {
    "requests": "requests",
    "tokens": "tokens",
    "others": "other requests (counts of tokens, explanations, lists)",
}
_WORDS = {"day": "daily", "month": "monthly"}


def headers(wanted: Sequence[Charge], levels: Iterable[Level], now: float) -> dict[str, str]:
    """`anthropic-ratelimit-requests-*` and `-tokens-*`, for limits of a minute whose level is known.

    `reset` is when all of the limit is to be had again, if nothing more is used (provider docs).
    """
    told = {}
    for charge, level in zip(wanted, levels, strict=False):
        if charge.kind in ("requests", "tokens"):
            stem = f"anthropic-ratelimit-{charge.kind}"
            told[f"{stem}-limit"] = str(charge.limit)
            told[f"{stem}-remaining"] = str(max(0, charge.limit - charges.used(charge, level, now)))
            full = charge.period.ends + (periods.MINUTE if level.current else 0)
            told[f"{stem}-reset"] = _moment(full if level.current or level.previous else now)
    return told


def refusal(charge: Charge, level: Level, now: float, headers: dict[str, str]) -> ClientError:
    """The error for a request whose charge does not fit: OverBudget for a budget, RateLimited for all else."""
    if charge.budgeted:
        return _over_budget(charge, level)
    if charge.kind == "at_once":
        return RateLimited(
            f"the key {charge.holder!r} has {charge.limit:,} requests under way, which is its limit",
            retry_after=AT_ONCE_AGAIN,
            headers=headers,
        )
    wait = charges.wait(charge, level, now)
    limit = f"{charge.limit:,} {_MINUTE[charge.kind]} a minute"
    if wait is None:
        return RateLimited(
            f"this request has about {charge.amount:,} {charge.kind}, and the key {charge.holder!r} may use {limit}",
            should_retry=False,
            headers=headers,
        )
    # No fraction of a second too early, and never at once: clients would come back all together
    seconds = max(1, math.ceil(wait))
    return RateLimited(
        f"the key {charge.holder!r} has used its {limit}; there is room for this request in {seconds} s",
        retry_after=seconds,
        headers=headers,
    )


def _over_budget(charge: Charge, level: Level) -> OverBudget:
    renews = _moment(charge.period.ends)
    money = charge.kind.endswith("usd")
    unit = NANO if money else 1
    return OverBudget(
        f"the {_WORDS[charge.period.name]} budget of {_amount(charge.limit, money)} of the key {charge.holder!r} does "
        f"not suffice: {_amount(level.current, money)} are used, and this request takes about "
        f"{_amount(charge.amount, money)}; it renews at {renews}",
        details={
            "budget": _BUDGETS[charge.kind],
            "limit": charge.limit / unit if money else charge.limit,
            "used": level.current / unit if money else level.current,
            "renews_at": renews,
        },
    )


def _amount(amount: int, money: bool) -> str:
    return f"${amount / NANO:,.4f}" if money else f"{amount:,} tokens"


def _moment(when: float) -> str:
    return datetime.fromtimestamp(math.ceil(when), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
