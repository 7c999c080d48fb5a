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

from ccproxy.errors import ClientError, Unavailable
from ccproxy.gateway.limits import periods, told
from ccproxy.gateway.limits.charges import NANO, Charge, Kind, Taken
from ccproxy.store.client_keys import ClientKey
from ccproxy.store.logbook import RequestRow
from ccproxy.store.spending import Spent

COMPARED = 60.0
"""Seconds after which a budget's counter is held against the log again."""
OTHERS = 2
LEAST_OTHERS = 100
"""Other requests (counts of tokens, explanations, lists) that a key has for each one of its messages, and at least.

They are counted by themselves, as with Anthropic (provider docs); clients send fifty at once (recorded traffic).
"""


class Counters(Protocol):
    """Where charges are counted (`shared_memory.SharedCounters`)."""

    @property
    def phase(self) -> int: ...  # noqa: D102
    def take(self, wanted: Sequence[Charge], now: float, already: Callable[[Charge], int]) -> Taken: ...  # noqa: D102
    def settle(self, taken: Taken, came_to: Sequence[int], now: float) -> None: ...  # noqa: D102
    def raise_to(self, charge: Charge, value: int) -> None: ...  # noqa: D102


class Knock(Struct, frozen=True):
    """A request that is charged as one, and the headers that tell of that limit."""

    taken: Taken
    headers: dict[str, str]


class Admission:
    """A request that was let in: what it was charged with, and the headers that tell its client of its limits."""

    def __init__(self, limits: Limits, taken: Taken, headers: dict[str, str]) -> None:
        self.headers = headers
        self._limits = limits
        self._taken = taken

    def settle(self, row: RequestRow) -> None:
        """The request has ended: charge what it came to in place of the estimate, and make room for the next one."""
        self._limits.settled(self._taken, row)


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
        return self._knock("requests", key.name, key.requests_per_minute)

    def knock_beside(self, key: ClientKey | None) -> None:
        """Charge one request that no model answers. Raises RateLimited."""
        if key is not None and key.requests_per_minute is not None:
            self._knock("others", key.name, max(LEAST_OTHERS, OTHERS * key.requests_per_minute))

    def _knock(self, kind: Kind, name: str, limit: int) -> Knock:
        now = self._clock()
        charge = Charge(name, kind, periods.minute(now), limit, 1)
        taken = self.counters.take((charge,), now, lambda _: 0)
        headers = told.headers(taken.charges, taken.levels, now)
        if taken.refused is not None:
            raise told.refusal(charge, taken.levels[0], now, headers)
        return Knock(taken, headers)

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
                self.counters.settle(knock.taken, (0,), self._clock())
            raise

    def _admit(
        self, key: ClientKey, tokens: Callable[[], int], cost: Callable[[], float | None], headers: dict[str, str]
    ) -> Admission:
        now = self._clock()
        wanted = tuple(_charges(key, tokens, cost, now))
        already = cache(self._already)
        self._compare(key, wanted, now, already)
        try:
            taken = self.counters.take(wanted, now, already)
        except SQLAlchemyError as error:
            raise Unavailable("what the key has used cannot be read now; try again", retry_after=1) from error
        headers = headers | told.headers(wanted, taken.levels, now)
        if taken.refused is not None:
            raise told.refusal(taken.refused, taken.levels[-1], now, headers)
        return Admission(self, taken, headers)

    def settled(self, taken: Taken, row: RequestRow) -> None:
        """See `Admission.settle`."""
        if not taken.charges:
            return
        tokens = (row.input_tokens or 0) + (row.output_tokens or 0) + (row.cache_creation_input_tokens or 0)
        came_to = {"tokens": tokens, "usd": round((row.cost_usd or 0.0) * NANO), "once": 0}
        self.counters.settle(
            taken, [came_to[charge.kind.rpartition("_")[2]] for charge in taken.charges], self._clock()
        )

    def _compare(self, key: ClientKey, wanted: Sequence[Charge], now: float, already: Callable[[Charge], int]) -> None:
        """Hold the counters of budgets against the log once a minute, and whenever the key was changed.

        What was used while a budget was not counted, because the key had none or Redis was away, is in the log alone.
        """
        for charge in wanted:
            if not charge.budgeted:
                continue
            what = (charge.holder, charge.kind)
            held = (key.updated_at, charge.period.number, self.counters.phase)
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
    if key.concurrent_requests is not None:
        yield Charge(name, "at_once", periods.ALWAYS, key.concurrent_requests, 1)
