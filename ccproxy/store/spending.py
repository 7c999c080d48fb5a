"""What keys have used and spent since a day, going by the roll-ups of the log."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, Engine, cast, func, select

from ccproxy.store.models import usage_days
from ccproxy.store.reader import Reader
from ccproxy.store.rollups import DAY

_TOKENS = usage_days.c.input_tokens + usage_days.c.output_tokens + usage_days.c.cache_creation_input_tokens


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests, tokens and USD. Tokens read from a cache are not among them, as in Anthropic's limits (their docs)."""

    requests: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


def spent_since(connection: Connection, first_day: int, key: str | None = None) -> dict[str, Spent]:
    """What each key has spent from that day on (days since 1970 began in UTC), or only one key; who has, that is."""
    # An integer on PostgreSQL too, whose sums of integers are decimals
    sums = [cast(func.sum(what), BigInteger) for what in (usage_days.c.requests, _TOKENS)]
    which = select(usage_days.c.key, *sums, func.sum(usage_days.c.cost_usd)).group_by(usage_days.c.key)
    if key is None:
        which = which.where(usage_days.c.day >= first_day)
    else:
        # The table is kept by day and key, so days that are named are looked up, and later ones are gone through
        days = range(first_day, int(time.time() // DAY) + 2)
        which = which.where(usage_days.c.day.in_(days), usage_days.c.key == key)
    return {name: Spent(requests, tokens, cost) for name, requests, tokens, cost in connection.execute(which)}


class Spending:
    """`spent_since` for budgets, asked in a thread of its own: no request waits behind the questions of others."""

    def __init__(self, engine: Engine) -> None:
        self._reader = Reader(engine)

    def since(self, first_day: int, key: str) -> Spent:
        """What a key has spent from that day on. Raises SQLAlchemy's errors."""
        spent = self._reader.run(lambda connection: spent_since(connection, first_day, key))
        return spent.get(key, Spent())
