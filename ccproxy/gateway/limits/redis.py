"""Counters in Redis, for several machines that share limits: the `limits` library keeps the numbers there.

Two requests that meet at the very end of a limit may both be refused, never both be let in. Requests under way are
leases of half a minute that each worker renews, so those of a machine that died are free soon. Where Redis cannot be
reached limits go on holding, each machine counting for itself, and this is reported.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import gevent
import structlog
from limits.errors import StorageError
from limits.storage import RedisStorage, storage_from_string
from redis.exceptions import RedisError

from ccproxy.gateway.limits import charges
from ccproxy.gateway.limits.charges import Charge, Level
from ccproxy.gateway.limits.shared_memory import SharedCounters

PATIENCE = 0.5
"""Seconds that Redis has for an answer: it takes less than one thousandth of one."""
AWAY = 5.0
"""Seconds for which Redis is not asked after it failed."""
LEASE = 30.0
"""Seconds after which a request that nobody renews counts as ended."""
RENEWAL = 10.0

_KEPT = 120  # seconds for which a counter is kept beyond its period, for the next one looks back at it
_ENTER = """
redis.call('zremrangebyscore', KEYS[1], '-inf', ARGV[1])
if redis.call('zcard', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('zadd', KEYS[1], ARGV[2], ARGV[4])
redis.call('expire', KEYS[1], 3600)
return 1
"""

T = TypeVar("T")


class RedisCounters:
    """The counters of `url` (as `limits.storage.storage_from_string` takes it); `local` stand in for them."""

    def __init__(self, url: str, local: SharedCounters, clock: Callable[[], float] = time.time) -> None:
        storage = storage_from_string(
            url, wrap_exceptions=True, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )
        if not isinstance(storage, RedisStorage):
            raise ValueError("must be the URL of a Redis server")
        self._storage = storage
        self._enter = self._redis().register_script(_ENTER)
        self._local = local
        self._clock = clock
        self._back = 0.0
        self._leases: dict[str, list[str]] = defaultdict(list)
        self._renewing: gevent.Greenlet[..., None] | None = None

    def take(
        self, wanted: Sequence[Charge], now: float, already: Callable[[Charge], int]
    ) -> tuple[Charge | None, list[Level]]:
        """As `SharedCounters.take`."""
        return self._ask(lambda: self._take(wanted, now, already), lambda: self._local.take(wanted, now, already))

    def raise_to(self, charge: Charge, value: int) -> None:
        """As `SharedCounters.raise_to`."""
        self._ask(lambda: self._raise_to(charge, value), lambda: self._local.raise_to(charge, value))

    def add(self, settled: Sequence[tuple[Charge, int]]) -> None:
        """As `SharedCounters.add`."""
        self._ask(lambda: self._add(settled), lambda: self._local.add(settled))

    def enter(self, holder: str, most: int, now: float) -> bool:
        """As `SharedCounters.enter`."""
        return self._ask(lambda: self._lease(holder, most, now), lambda: self._local.enter(holder, most, now))

    def leave(self, holder: str, now: float) -> None:
        """As `SharedCounters.leave`, wherever it entered."""
        if not self._leases[holder]:
            self._local.leave(holder, now)
            return
        lease = self._leases[holder].pop()
        self._ask(lambda: self._redis().zrem(_under_way(holder), lease), lambda: None)

    def _take(
        self, wanted: Sequence[Charge], now: float, already: Callable[[Charge], int]
    ) -> tuple[Charge | None, list[Level]]:
        levels: list[Level] = []
        for place, charge in enumerate(wanted):
            level = self._level(charge, already, now)
            if charges.fits(charge, level, now):
                # Somebody may have been quicker: what the sum comes to decides
                current = self._storage.incr(_name(charge), self._expiry(charge, now), charge.amount)
                level = Level(current - charge.amount, level.previous)
                if charges.fits(charge, level, now):
                    levels.append(Level(current, level.previous))
                    continue
                self._add([(charge, -charge.amount)])
            self._add([(taken, -taken.amount) for taken in wanted[:place]])
            return charge, [*levels, level]
        return None, levels

    def _level(self, charge: Charge, already: Callable[[Charge], int], now: float) -> Level:
        if charge.slides:
            return Level(self._storage.get(_name(charge)), self._storage.get(_name(charge, -1)))
        name = self._storage.prefixed_key(_name(charge))
        if not self._redis().exists(name):
            self._redis().set(name, already(charge), nx=True, ex=self._expiry(charge, now))
        return Level(self._storage.get(_name(charge)))

    def _add(self, settled: Sequence[tuple[Charge, int]]) -> None:
        for charge, amount in settled:
            if charge.slides or self._redis().exists(self._storage.prefixed_key(_name(charge))):
                self._storage.incr(_name(charge), self._expiry(charge, self._clock()), amount)

    def _raise_to(self, charge: Charge, value: int) -> None:
        missing = value - self._storage.get(_name(charge))
        if missing > 0:
            self._add([(charge, missing)])

    def _expiry(self, charge: Charge, now: float) -> int:
        return max(1, int(charge.period.ends - now)) + _KEPT

    def _lease(self, holder: str, most: int, now: float) -> bool:
        lease = uuid.uuid4().hex
        if not self._enter(keys=[_under_way(holder)], args=[now, now + LEASE, most, lease]):
            return False
        self._leases[holder].append(lease)
        if self._renewing is None or self._renewing.dead:
            self._renewing = gevent.spawn(self._renew)
        return True

    def _renew(self) -> None:
        """Renew what is under way here, as long as anything is."""
        while any(self._leases.values()):
            gevent.sleep(RENEWAL)
            self._ask(self._renewed, lambda: None)

    def _renewed(self) -> None:
        until = self._clock() + LEASE
        for holder, leases in list(self._leases.items()):
            if leases:
                self._redis().zadd(_under_way(holder), dict.fromkeys(leases, until), xx=True)

    def _ask(self, there: Callable[[], T], here: Callable[[], T]) -> T:
        """What Redis says; while it cannot be reached, what is known here."""
        if self._clock() < self._back:
            return here()
        try:
            return there()
        except (StorageError, RedisError) as error:
            self._back = self._clock() + AWAY
            structlog.get_logger().warning(
                "Redis cannot be reached; this machine counts for itself meanwhile", error=type(error).__name__
            )
            return here()

    def _redis(self) -> Any:
        return self._storage.get_connection()


def _name(charge: Charge, before: int = 0) -> str:
    return f"ccproxy/{charge.holder}/{charge.kind}/{charge.period.number + before}"


def _under_way(holder: str) -> str:
    return f"ccproxy/{holder}/under way"
