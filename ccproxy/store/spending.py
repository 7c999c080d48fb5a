"""What keys have used and spent since a day, going by the roll-ups of the log."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from ccproxy.store.models import usage_days
from ccproxy.store.reader import Reader

_TOKENS = usage_days.c.input_tokens + usage_days.c.output_tokens + usage_days.c.cache_creation_input_tokens


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests, tokens and USD. Tokens read from a cache are not among them, as in Anthropic's limits (their docs)."""

    requests: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


class Spending:
    """Questions to the roll-ups, asked beside the hub: a month of a busy key is many rows."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def since(self, first_day: int, key: str | None = None) -> dict[str, Spent]:
        """What each key has spent from that day on (days since 1970 began in UTC), or only one key; who has, that is.

        Raises SQLAlchemy's errors.
        """
        which = select(
            usage_days.c.key, func.sum(usage_days.c.requests), func.sum(_TOKENS), func.sum(usage_days.c.cost_usd)
        ).where(usage_days.c.day >= first_day)
        if key is not None:
            which = which.where(usage_days.c.key == key)
        rows = self._reader.run(lambda connection: connection.execute(which.group_by(usage_days.c.key)).all())
        return {name: Spent(requests, tokens, cost) for name, requests, tokens, cost in rows}
