"""Counters in Redis, for several machines that share limits: the `limits` library connects to it.

Each request is taken in one piece (`scripts`), so limits hold exactly between machines, and what fails has changed all
or nothing. Requests under way are leases of half a minute that each worker renews: what those of a machine that died
had taken is given back soon. Where Redis cannot be reached limits go on holding, each machine counting for itself, and
this is reported.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import gevent
import structlog
from limits.errors import StorageError
from limits.storage import RedisStorage, storage_from_string
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ccproxy.gateway.limits import charges, scripts
from ccproxy.gateway.limits.charges import Charge, Level, Taken
from ccproxy.gateway.limits.shared_memory import SharedCounters

PATIENCE = 0.5
"""Seconds that Redis has for an answer: it takes less than one thousandth of one."""
AWAY = 5.0
"""Seconds for which Redis is not asked after it failed."""
LEASE = 30.0
"""Seconds after which a request that nobody renews counts as ended."""
RENEWAL = 10.0

UNDER_WAY = "ccproxy/under way"
_KEPT = 120  # seconds for which a counter is kept beyond its period, for the next one looks back at it
_LONGEST = 40 * 86400  # for one whose period has no end

T = TypeVar("T")


class RedisCounters:
    """The counters of `url` (as `limits.storage.storage_from_string` takes it); `local` stand in for them."""

    def __init__(self, url: str, local: SharedCounters, clock: Callable[[], float] = time.time) -> None:
        storage = storage_from_string(
            url,
            wrap_exceptions=True,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type] # a request waits for this, and none is taken twice
        )
        if not isinstance(storage, RedisStorage):
            raise ValueError("must be the URL of a Redis server")
        self._redis = cast("Any", storage.get_connection())
        self._take = self._redis.register_script(scripts.TAKE)
        self._settle = self._redis.register_script(scripts.SETTLE)
        self._begin = self._redis.register_script(scripts.BEGIN)
        self._raise = self._redis.register_script(scripts.RAISE)
        self._local = local
        self._clock = clock
        self._back = 0.0
        self._phase = 0
        self._leases: set[str] = set()
        self._renewing: gevent.Greenlet[..., None] | None = None

    @property
    def phase(self) -> int:
        """Moves where Redis goes and where it comes back: each of both has missed what the other counted."""
        return self._phase

    def take(self, wanted: Sequence[Charge], now: float, already: Callable[[Charge], int]) -> Taken:
        """As `SharedCounters.take`."""
        if not wanted:
            return Taken(wanted, [])
        return self._ask(lambda: self._taken(wanted, now, already), lambda: self._local.take(wanted, now, already))

    def settle(self, taken: Taken, came_to: Sequence[int], now: float) -> None:
        """As `SharedCounters.settle`, where it was taken. While Redis is away its lease is left to end."""
        lease = taken.receipt
        if lease is None:
            self._local.settle(taken, came_to, now)
            return
        self._leases.discard(lease)
        self._ask(lambda: self._settled(taken, came_to, now), lambda: None)

    def raise_to(self, charge: Charge, value: int) -> None:
        """As `SharedCounters.raise_to`."""
        self._ask(
            lambda: self._raise(keys=[UNDER_WAY, _name(charge)], args=[value]),
            lambda: self._local.raise_to(charge, value),
        )

    def _taken(self, wanted: Sequence[Charge], now: float, already: Callable[[Charge], int]) -> Taken:
        lease = uuid.uuid4().hex
        keys = [UNDER_WAY, *(name for charge in wanted for name in (_name(charge), _name(charge, -1)))]
        args: list[Any] = [now, now + LEASE, lease]
        for charge in wanted:
            kept, held = _seconds(charge, now), "held" if charge.held else ""
            args += [_nature(charge), charge.limit, charge.amount, charges.left(charge, now), kept, held]
        while True:
            code, *found = map(int, self._take(keys=keys, args=args))
            if code >= 0:
                break
            charge = wanted[-code - 1]
            self._begin(keys=[UNDER_WAY, _name(charge)], args=[already(charge), _seconds(charge, now)])
        levels = [Level(current, before) for current, before in zip(found[::2], found[1::2], strict=True)]
        if code:
            return Taken(wanted, levels, wanted[code - 1])
        self._renew(lease, wanted)
        levels = [
            Level(level.current + charge.amount, level.previous) for charge, level in zip(wanted, levels, strict=True)
        ]
        return Taken(wanted, levels, receipt=lease)

    def _settled(self, taken: Taken, came_to: Sequence[int], now: float) -> None:
        keys = [UNDER_WAY]
        args: list[Any] = [taken.receipt]
        for charge, amount in zip(taken.charges, came_to, strict=True):
            counted, more = charges.settled(charge, amount, now)
            keys += [_name(charge), _name(counted)]
            args += [_nature(charge), charge.amount, more, _seconds(counted, now), "held" if charge.held else ""]
        self._settle(keys=keys, args=args)

    def _renew(self, lease: str, wanted: Sequence[Charge]) -> None:
        if any(charge.held and charge.amount for charge in wanted):
            self._leases.add(lease)
            if self._renewing is None or self._renewing.dead:
                self._renewing = gevent.spawn(self._keep_renewing)

    def _keep_renewing(self) -> None:
        """Renew what is under way here, as long as anything is."""
        while self._leases:
            gevent.sleep(RENEWAL)
            self._ask(self._renewed, lambda: None)

    def _renewed(self) -> None:
        if self._leases:
            self._redis.zadd(UNDER_WAY, dict.fromkeys(self._leases, self._clock() + LEASE), xx=True)

    def _ask(self, there: Callable[[], T], here: Callable[[], T]) -> T:
        """What Redis says; while it cannot be reached, what is known here."""
        now = self._clock()
        if now < self._back:
            return here()
        away = self._back > 0
        if away:
            self._back = now + AWAY  # one request tries, and none waits beside it
        try:
            answer = there()
        except (StorageError, RedisError) as error:
            if away or self._back <= now:  # the first of several that fail at once
                self._phase += not away
                structlog.get_logger().warning(
                    "Redis cannot be reached; this machine counts for itself meanwhile", error=type(error).__name__
                )
            self._back = self._clock() + AWAY
            return here()
        if away:
            self._back = 0.0
            self._phase += 1
            structlog.get_logger().info("Redis can be reached again")
        return answer


def _nature(charge: Charge) -> str:
    return "minute" if charge.slides else "budget" if charge.budgeted else "once"


def _seconds(charge: Charge, now: float) -> int:
    """For how long a counter is kept."""
    return min(_LONGEST, max(1, int(charge.period.ends - now)) + _KEPT)


def _name(charge: Charge, before: int = 0) -> str:
    return f"ccproxy/{charge.holder}/{charge.kind}/{charge.period.number + before}"
