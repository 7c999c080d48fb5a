"""Values that are good for a while: fetched by one greenlet at a time, kept until shortly before they end.

Whoever needs a value that is not there waits for the one fetch that is under way, whoever began it, and a fetch goes
on when the request that began it is over. While a value is still good, a fetch for the next one keeps nobody waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import gevent
import structlog
from gevent import Greenlet
from msgspec import Struct

T = TypeVar("T")

FAILED = 5.0
"""Seconds for which a failure is not tried again; or a burst of requests would be one of failures elsewhere."""
MOST = 256
"""Values kept at most: keys change, and what belonged to the old ones is never asked for again."""


class Lease(Struct, Generic[T], frozen=True):
    """A value, and for how many seconds: after `renew` the next one is fetched, after `lasts` this one is bad."""

    value: T
    renew: float
    lasts: float


class Failure(Struct, frozen=True):
    """Why there is no value. `refused`: somebody looked at the credentials and did not want them."""

    message: str
    refused: bool = False


class _Held(Struct, Generic[T], frozen=True):
    """What is known of a key: a value or a failure, and until which moments."""

    value: T | Failure
    renew: float
    until: float


class Leases(Generic[T]):
    """Leases by key. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str | None, _Held[T]] = {}
        self._fetching: dict[str | None, Greenlet[..., Any]] = {}

    def get(self, key: str | None, fetch: Callable[[], Lease[T] | Failure]) -> T | Failure:
        """The value for `key`, from `fetch` where none is held; or why there is none. `fetch` should raise nothing."""
        held = self._held.get(key)
        now = self._clock()
        if held is not None and now < held.renew:
            return held.value
        fetching = self._fetching.get(key)
        if fetching is None:
            # Not with arguments, which gevent would print if something failed
            work: Callable[[], Any] = lambda: self._fetch(key, fetch)  # noqa: E731
            fetching = self._fetching[key] = gevent.spawn(work)
        if held is not None and now < held.until:
            return held.value
        fetched: T | Failure = fetching.get()
        return fetched

    def drop(self, key: str | None) -> None:
        """Forget the value for `key`. Why there is none is remembered, for its few seconds."""
        held = self._held.get(key)
        if held is not None and not isinstance(held.value, Failure):
            del self._held[key]

    def _fetch(self, key: str | None, fetch: Callable[[], Lease[T] | Failure]) -> T | Failure:
        outcome: Lease[T] | Failure = Failure("nothing came of asking for them")
        try:
            outcome = fetch()
        except Exception:  # noqa: BLE001 - whoever waits gets an answer all the same
            structlog.get_logger().exception("bug in fetching credentials")
        finally:
            del self._fetching[key]
        now = self._clock()
        if isinstance(outcome, Lease):
            held = _Held(outcome.value, now + outcome.renew, now + outcome.lasts)
        else:
            held = self._failed(key, outcome, now)
        self._held.pop(key, None)
        self._held[key] = held
        while len(self._held) > MOST:
            del self._held[next(iter(self._held))]
        return held.value

    def _failed(self, key: str | None, failure: Failure, now: float) -> _Held[T]:
        """A failure; but what was good before it is so until its own end."""
        former = self._held.get(key)
        if former is not None and now < former.until and not isinstance(former.value, Failure):
            return _Held(former.value, now + FAILED, former.until)
        return _Held(failure, now + FAILED, now + FAILED)
