"""What keys have used and spent since a day, going by the roll-ups of the log."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from ccproxy.store.models import usage_days

_TOKENS = usage_days.c.input_tokens + usage_days.c.output_tokens + usage_days.c.cache_creation_input_tokens


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests, tokens and USD. Tokens read from a cache are not among them, as in Anthropic's limits (their docs)."""

    requests: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


class Spending:
    """Questions to the roll-ups; each opens a connection and gives it back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def since(self, first_day: int, key: str | None = None) -> dict[str, Spent]:
        """What each key has spent from that day on (days since 1970 began in UTC), or only one key; who has, that is.

        Raises SQLAlchemy's errors.
        """
        which = select(
            usage_days.c.key, func.sum(usage_days.c.requests), func.sum(_TOKENS), func.sum(usage_days.c.cost_usd)
        ).where(usage_days.c.day >= first_day)
        if key is not None:
            which = which.where(usage_days.c.key == key)
        with self._engine.connect() as connection:
            rows = connection.execute(which.group_by(usage_days.c.key)).all()
        return {name: Spent(requests, tokens, cost) for name, requests, tokens, cost in rows}
