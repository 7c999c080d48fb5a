"""Which names the roll-ups take: bounded, whatever clients ask for and call themselves.

A day's sums stay for good, with a row for each combination of names that its requests had; a client may invent models
and `User-Agent`s without end. So each key has only so many of them a day, first come, first served, and what is beyond
counts under `other`: sums stay whole, and nobody takes another key's room. What a day has is read from its own rows, in
the transaction that adds to them: so it holds for all workers, and over restarts. (Where transactions run at once, on
PostgreSQL, two workers may each take the last place.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

OTHER = "other"
MOST_MODELS = 100
MOST_CLIENTS = 20
MOST_WAYS = 300
"""Of one key on one day: models, programs, and combinations of them with providers and routes."""

Way = tuple[str, str, str, str]
"""Provider, model, route and client."""


class Ways:
    """The ways that one key's requests of one day have gone so far."""

    def __init__(self, ways: Iterable[Way] = ()) -> None:
        self._ways = set(ways)
        self._models: set[str] = set()
        self._clients: set[str] = set()

    def take(self, way: Way) -> Way:
        """The way that a request counts under. Providers and routes keep their names: administrators give those."""
        if way in self._ways:  # as most are: what follows is only looked at where something is new
            return way
        if not self._models:
            self._models = {"", OTHER, *(way[1] for way in self._ways)}
            self._clients = {"", OTHER, *(way[3] for way in self._ways)}
        provider, model, route, client = way
        if model not in self._models and len(self._models) >= MOST_MODELS + 2:
            model = OTHER
        if client not in self._clients and len(self._clients) >= MOST_CLIENTS + 2:
            client = OTHER
        way = (provider, model, route, client)
        if way not in self._ways and len(self._ways) >= MOST_WAYS:
            way = (provider, OTHER, route, OTHER)
        self._ways.add(way)
        self._models.add(model)
        self._clients.add(client)
        return way


def read(connection: Connection, wanted: Iterable[tuple[int, str]]) -> Mapping[tuple[int, str], Ways]:
    """What has been counted of each day and key."""
    keys: dict[int, list[str]] = defaultdict(list)
    found: dict[tuple[int, str], list[Way]] = {}
    for day, key in sorted(set(wanted)):
        keys[day].append(key)
        found[day, key] = []
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    for day, some in keys.items():
        # For the driver itself, as in `rollups`
        rows = connection.exec_driver_sql(
            "SELECT key, provider, model, route, client FROM usage_days"  # noqa: S608 - words of ours
            f" WHERE day = {mark} AND key IN ({', '.join([mark] * len(some))})",
            (day, *some),
        ).all()
        for key, provider, model, route, client in rows:
            found[day, key].append((provider, model, route, client))
    return {which: Ways(some) for which, some in found.items()}
