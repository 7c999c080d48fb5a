"""What each client key may use: requests and tokens a minute, requests at once, budgets of a day and a month.

A request is charged when it comes in, its tokens and dollars by estimate, and settled by what it came to when it ends.
Streams under way are never ended for a limit. Which limits a key has stands in `store.client_keys`; where the counters
are kept is another module's, for one machine (`shared_memory`) or several (`redis`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import structlog
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from ccproxy.errors import ClientError, RateLimited, Unavailable
from ccproxy.gateway.limits import periods, told
from ccproxy.gateway.limits.charges import NANO, Charge, Level
from ccproxy.store.client_keys import ClientKey
from ccproxy.store.logbook import RequestRow
from ccproxy.store.spending import Spent

COMPARED = 60.0
"""Seconds after which a budget's counter is held against the log again."""
AT_ONCE_AGAIN = 1.0
"""Seconds after which to come back where too many requests are under way: when one ends nobody can know."""


class Counters(Protocol):
    """Where charges are counted (`shared_memory.SharedCounters`)."""

    def take(  # noqa: D102
        self, wanted: Sequence[Charge], now: float, already: Callable[[Charge], int]
    ) -> tuple[Charge | None, list[Level]]: ...
    def add(self, settled: Sequence[tuple[Charge, int]]) -> None: ...  # noqa: D102
    def raise_to(self, charge: Charge, value: int) -> None: ...  # noqa: D102
    def enter(self, holder: str, most: int, now: float) -> bool: ...  # noqa: D102
    def leave(self, holder: str, now: float) -> None: ...  # noqa: D102


class Knock(Struct, frozen=True):
    """A request that is charged as one, and the headers that tell of that limit."""

    charge: Charge
    headers: dict[str, str]


class Admission:
    """A request that was let in: what it was charged with, and the headers that tell its client of its limits."""

    def __init__(self, limits: Limits, key: ClientKey, taken: Sequence[Charge], headers: dict[str, str]) -> None:
        self.headers = headers
        self._limits = limits
        self._key = key
        self._taken = taken

    def settle(self, row: RequestRow) -> None:
        """The request has ended: charge what it came to in place of the estimate, and make room for the next one."""
        self._limits.settled(self._key, self._taken, row)


class Limits:
    """The limits of one worker's requests. `spent` is `store.spending.Spending.since`; `clock` counts since 1970."""

    def __init__(
        self,
        counters: Counters,
        spent: Callable[[int, str], Mapping[str, Spent]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.counters = counters
        self._spent = spent
        self._clock = clock
        self._compared: dict[tuple[str, str], tuple[Any, float]] = {}

    def knock(self, key: ClientKey | None) -> Knock | None:
        """Charge one request a minute, before a byte of it is read; None where the key has no such limit.

        What is no request at all, or leads nowhere, is charged too. Raises RateLimited.
        """
        if key is None or key.requests_per_minute is None:
            return None
        now = self._clock()
        charge = Charge(key.name, "requests", periods.minute(now), key.requests_per_minute, 1)
        refused, levels = self.counters.take([charge], now, lambda _: 0)
        headers = told.headers([charge], levels, now)
        if refused is not None:
            raise told.refusal(charge, levels[0], now, headers)
        return Knock(charge, headers)

    def admit(
        self,
        key: ClientKey | None,
        tokens: Callable[[], int],
        cost: Callable[[], float | None],
        knock: Knock | None = None,
    ) -> Admission | None:
        """Let the request in that has knocked; None where its key has no limits, or it has no key.

        `tokens` and `cost` (USD) estimate what it takes at least; they are asked only where a limit needs it. Raises
        RateLimited and OverBudget; then what was charged at the door is given back.
        """
        if key is None or not is_limited(key):
            return None
        try:
            return self._admit(key, tokens, cost, knock.headers if knock is not None else {})
        except ClientError:
            if knock is not None:
                self.counters.add([(knock.charge, -1)])
            raise

    def _admit(
        self, key: ClientKey, tokens: Callable[[], int], cost: Callable[[], float | None], headers: dict[str, str]
    ) -> Admission:
        now = self._clock()
        wanted = list(_charges(key, tokens, cost, now))
        already = cache(self._already)
        self._compare(key, wanted, now, already)
        try:
            refused, levels = self.counters.take(wanted, now, already)
        except SQLAlchemyError as error:
            raise Unavailable("what the key has used cannot be read now; try again", retry_after=1) from error
        if refused is not None:
            raise told.refusal(refused, levels[-1], now, headers | told.headers(wanted, levels, now))
        headers = headers | told.headers(wanted, levels, now)
        most = key.concurrent_requests
        if most is not None and not self.counters.enter(key.name, most, now):
            self.counters.add([(charge, -charge.amount) for charge in wanted])
            raise RateLimited(
                f"the key {key.name!r} has {most} requests under way, which is its limit",
                retry_after=AT_ONCE_AGAIN,
                headers=headers,
            )
        return Admission(self, key, wanted, headers)

    def settled(self, key: ClientKey, taken: Sequence[Charge], row: RequestRow) -> None:
        """See `Admission.settle`."""
        now = self._clock()
        if key.concurrent_requests is not None:
            self.counters.leave(key.name, now)
        tokens = (row.input_tokens or 0) + (row.output_tokens or 0) + (row.cache_creation_input_tokens or 0)
        came_to = {"tokens": tokens, "usd": round((row.cost_usd or 0.0) * NANO)}
        settled = []
        for charge in taken:
            more = came_to[charge.kind.rpartition("_")[2]] - charge.amount
            if more > 0 and charge.slides:
                # A stream may last for minutes: what it used beyond the estimate counts now, not when it began
                charge = Charge(charge.holder, charge.kind, periods.minute(now), charge.limit, 0)
            if more:
                settled.append((charge, more))
        if settled:
            self.counters.add(settled)

    def _compare(self, key: ClientKey, wanted: Sequence[Charge], now: float, already: Callable[[Charge], int]) -> None:
        """Hold the counters of budgets against the log once a minute, and whenever the key was changed.

        What was used while a budget was not counted, because the key had none or Redis was away, is in the log alone.
        """
        for charge in wanted:
            if charge.slides:
                continue
            what = (charge.holder, charge.kind)
            held = (key.updated_at, charge.period.number)
            known, when = self._compared.get(what, (None, 0.0))
            if known == held and 0 <= now - when < COMPARED:
                continue
            self._compared[what] = (held, now)
            try:
                self.counters.raise_to(charge, already(charge))
            except SQLAlchemyError as error:  # the counters go on by themselves
                structlog.get_logger().warning("budgets cannot be held against the log", error=type(error).__name__)

    def _already(self, charge: Charge) -> int:
        """What the log says of a budget's period, which began before this process did."""
        spent = self._spent(charge.period.first_day, charge.holder).get(charge.holder, Spent())
        return round(spent.cost_usd * NANO) if charge.kind.endswith("usd") else spent.tokens


def is_limited(key: ClientKey) -> bool:
    """Whether anything of what a key may use is limited."""
    return key.concurrent_requests is not None or any(
        limit is not None
        for limit in (
            key.requests_per_minute,
            key.tokens_per_minute,
            key.daily_token_budget,
            key.monthly_token_budget,
            key.daily_budget_usd,
            key.monthly_budget_usd,
        )
    )


def is_budgeted(key: ClientKey) -> bool:
    """Whether tokens or dollars of a key are counted, which takes answers with their usage."""
    amounts = (key.tokens_per_minute, key.daily_token_budget, key.monthly_token_budget)
    return any(limit is not None for limit in (*amounts, key.daily_budget_usd, key.monthly_budget_usd))


def _charges(
    key: ClientKey, tokens: Callable[[], int], cost: Callable[[], float | None], now: float
) -> Iterator[Charge]:
    """All that a request is charged with after it has knocked.

    Budgets first, for waiting a minute does not help where one is used up.
    """
    name = key.name
    dollars = ((key.daily_budget_usd, "day_usd", periods.day), (key.monthly_budget_usd, "month_usd", periods.month))
    if any(budget is not None for budget, _, _ in dollars):
        nanos = round((cost() or 0.0) * NANO)
        for budget, kind, period in dollars:
            if budget is not None:
                yield Charge(name, kind, period(now), round(budget * NANO), nanos)  # type: ignore[arg-type]
    counted: tuple[tuple[int | None, Any, Any], ...] = (
        (key.daily_token_budget, "day_tokens", periods.day),
        (key.monthly_token_budget, "month_tokens", periods.month),
        (key.tokens_per_minute, "tokens", periods.minute),
    )
    if any(limit is not None for limit, _, _ in counted):
        estimate = tokens()
        for limit, kind, period in counted:
            if limit is not None:
                yield Charge(name, kind, period(now), limit, estimate)
