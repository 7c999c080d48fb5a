"""What the workers tell each other of rests: read where it is needed, written behind the request's back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

import gevent
import structlog
from gevent import Greenlet

from ccproxy.gateway.health.rules import Standing
from ccproxy.store.cooldowns import Cooldown

Scope = tuple[str, str, str]
"""Provider, model ("": any), and fingerprint of a key ("": any)."""

CLAIM = 1.0
"""Seconds for which a request waits to hear whether it may probe; then it does."""
AGAIN = 1.0
"""Seconds after which what could not be written is tried again."""
MOST = 200
"""Rests that may be on the board; clients name models, so there could be any number, and each change has all read."""


class Board(Protocol):
    """Where the rests of all workers stand (`store.cooldowns`)."""

    def news(self) -> tuple[Cooldown, ...] | None: ...  # noqa: D102
    def put(self, cooldown: Cooldown) -> bool: ...  # noqa: D102
    def drop(self, provider: str, model: str, key: str) -> bool: ...  # noqa: D102
    def claim(self, provider: str, model: str, key: str, now: datetime, until: datetime) -> bool: ...  # noqa: D102


class Notices:
    """The board as one worker uses it. Only the latest word on each scope is written, in the order of their coming.

    What cannot be written now, because another process holds the database, waits.
    """

    def __init__(self, board: Board | None) -> None:
        self._board = board
        self._waiting: dict[Scope, Cooldown | None] = {}
        self._writing: Scope | None = None
        self._writer: Greenlet[..., None] | None = None
        self._there = 0

    def read(self) -> dict[Scope, Standing] | None:
        """What stands there; None where there is no board, no news on it, or it cannot be read."""
        if self._board is None:
            return None
        try:
            rests = self._board.news()
        except Exception:  # noqa: BLE001 - a request goes on without the news
            structlog.get_logger().exception("bug in reading what rests")
            return None
        if rests is None:
            return None
        self._there = len(rests)
        return {(rest.provider, rest.model, rest.key): _standing(rest) for rest in rests}

    def unwritten(self, scope: Scope) -> bool:
        """Whether the board does not know our latest word on it yet."""
        return scope in self._waiting or scope == self._writing

    def tell(self, scope: Scope, standing: Standing | None) -> bool:
        """Have a rest written soon, or (None) that there is none. Whether it will be: a full board takes no more."""
        if self._board is None or (standing is not None and max(self._there, len(self._waiting)) >= MOST):
            return False
        self._waiting.pop(scope, None)
        self._waiting[scope] = _cooldown(scope, standing) if standing is not None else None
        if self._writer is None or self._writer.dead:
            self._writer = gevent.spawn(self._write, self._board)
        return True

    def claim(self, scope: Scope, now: float, until: float) -> bool:
        """Whether this worker may probe. Waits for the database, but not long."""
        if self._board is None:
            return True
        late = gevent.Timeout(CLAIM)
        late.start()
        try:
            return self._board.claim(*scope, _moment(now), _moment(until))
        except gevent.Timeout as error:
            if error is not late:
                raise
            return True
        finally:
            late.close()

    def flush(self, seconds: float) -> None:
        """Wait until all is written, at most so long."""
        if self._writer is not None:
            self._writer.join(seconds)

    def _write(self, board: Board) -> None:
        while self._waiting:
            scope = next(iter(self._waiting))
            cooldown = self._waiting.pop(scope)
            self._writing = scope
            try:
                written = board.put(cooldown) if cooldown is not None else board.drop(*scope)
            except Exception:  # noqa: BLE001 - the other workers find out by themselves
                structlog.get_logger().exception("bug in writing what rests", provider=scope[0])
            else:
                if not written:
                    self._waiting.setdefault(scope, cooldown)
                    gevent.sleep(AGAIN)
            finally:
                self._writing = None


def _standing(rest: Cooldown) -> Standing:
    return Standing(1, rest.since.timestamp(), rest.until.timestamp(), rest.reason, rest.status)


def _cooldown(scope: Scope, standing: Standing) -> Cooldown:
    provider, model, key = scope
    return Cooldown(
        provider=provider,
        model=model,
        key=key,
        reason=standing.reason,
        status=standing.status,
        since=_moment(standing.since),
        until=_moment(standing.until),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
