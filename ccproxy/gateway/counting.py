"""How many tokens a request has: the upstream is asked where it can tell, and what it does not tell is counted here.

A count never fails and never takes long. Editors and `/context` send dozens at once beside running streams, so only so
many ask at the same time, and what has no answer in time, or not even its turn, is counted here. So is everything while
a target has shown that it does not count: its refusals would be round trips for nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import gevent
import structlog
from gevent.lock import BoundedSemaphore

from ccproxy.errors import BadAnswer, CCProxyError, DeadlinePassed, UpstreamError, UpstreamRefused
from ccproxy.gateway import rekeying
from ccproxy.gateway.credentials import Credentials
from ccproxy.gateway.upstream import Upstream
from ccproxy.translate import tokens
from ccproxy.translate.parse import Parsed
from ccproxy.translate.target import Target, UpstreamRequest

PATIENCE = 0.75
"""Seconds for the upstream's answer, the wait for a turn included: fifty at once are to be answered within one."""
LARGE = 64 * 1024
"""Bytes of a request from which on it is no part of such a burst (recorded traffic: up to 31 kB) and takes longer."""
DEADLINE = 4.0
"""Seconds for a large one."""
AT_ONCE = 32
"""Questions under way in one worker: its share of fifty needs no second round."""

BREATH = 0.0005
"""Seconds between two counts of our own, for everything else."""

LOGGED = 60.0
"""Seconds between two lines about one provider."""
ABSENT = 600.0
"""Seconds for which a target that has no such endpoint is not asked again."""
FAILED = 10.0
"""Seconds for which one that is unwell, or has had enough, is not."""
MOST = 1000
"""Targets that are remembered at most, for a client may name any model."""


class Unasked(CCProxyError):
    """The upstream was not asked; never seen by a client."""


class Counter:
    """Counts of one worker. `health` knows the keys of targets; `clock` counts seconds."""

    def __init__(
        self,
        upstream: Upstream,
        credentials: Credentials,
        health: rekeying.Health,
        *,
        patience: float = PATIENCE,
        deadline: float = DEADLINE,
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._upstream = upstream
        self._credentials = credentials
        self._health = health
        self._deadline = deadline
        self._turns = BoundedSemaphore(at_once)
        self._here_turn = BoundedSemaphore(1)
        self._patience = patience
        self._clock = clock
        self._resting: dict[str, float] = {}
        self._logged: dict[str, float] = {}

    def count(self, parsed: Parsed, headers: Mapping[str, str], target: Target | None, wire: Any) -> bytes:
        """The body of the answer. `headers` are the client's; without a target there is nobody to ask."""
        if target is not None and hasattr(wire, "count") and self._clock() >= self._resting.get(target.label, 0.0):
            try:
                return self._asked(parsed, headers, target, wire)
            except CCProxyError as error:
                self._failed(target, error)
            except Exception:  # noqa: BLE001 - a bug in here costs accuracy and nothing else
                structlog.get_logger().exception("bug in counting tokens", provider=target.provider)
        return b'{"input_tokens":%d}' % self._here(parsed, target.label if target is not None else parsed.request.model)

    def _here(self, parsed: Parsed, label: str) -> int:
        """Our own count, which takes milliseconds of the processor for a long conversation.

        One after the other, with a pause between them in which the hub looks after its sockets: greenlets that are
        ready go on one behind the other without one, so fifty counts would hold all streams for as long as they take.
        """
        with self._here_turn:
            gevent.sleep(BREATH)
            return tokens.count(parsed.request, label)

    def _asked(self, parsed: Parsed, headers: Mapping[str, str], target: Target, wire: Any) -> bytes:
        """The count as the upstream gives it, with whichever key. Raises a CCProxyError."""
        begun = time.monotonic()

        def send(keyed: Target) -> bytes:
            request = wire.count(parsed, headers, keyed)
            if request is None:
                raise Unasked("")
            limit = self._patience if len(request.body) < LARGE else self._deadline
            return self._answered(request, keyed, wire, limit, begun + limit - time.monotonic())

        body = rekeying.ask(self._health, target, send)
        count: int = wire.counted(body)
        if not 0 <= count < 1_000_000_000:
            raise BadAnswer("the provider's count is not one")
        # One that speaks the Messages API may tell more than the number
        return body if hasattr(wire, "relay") and b'"input_tokens"' in body else b'{"input_tokens":%d}' % count

    def _answered(self, request: UpstreamRequest, target: Target, wire: Any, limit: float, left: float) -> bytes:
        """The body of the answer, within the seconds that are left of the limit, the wait for a turn included."""
        late: CCProxyError = DeadlinePassed(f"the provider did not count within {limit:g} s")
        if self._turns.locked():
            late = Unasked("too many counts are under way")  # for which it can do nothing
        with gevent.Timeout(max(0.0, left), late), self._turns:
            url = target.base_url + request.path
            authorized = self._credentials.headers(target, request.method, url, request.headers, request.body)
            status, told, body = self._upstream.ask(request.method, url, authorized, request.body, self._deadline)
        if status == 401:
            self._credentials.refused(target)
        if status != 200:
            refused: UpstreamRefused = wire.decode_error(status, told, body)
            raise refused
        return body

    def _failed(self, target: Target, error: CCProxyError) -> None:
        """Leave the target alone for a while where that helps, and say so once in a while."""
        now = self._clock()
        if rest := _rest(error):
            _remember(self._resting, target.label, now + rest)
        if error.message and now >= self._logged.get(target.provider, 0.0):
            _remember(self._logged, target.provider, now + LOGGED)
            structlog.get_logger().info("tokens are counted here", provider=target.provider, error=error.logged)


def _rest(error: CCProxyError) -> float:
    """How long to leave a target alone that failed like this; not at all where it was about the request."""
    if not isinstance(error, UpstreamRefused):
        return FAILED if isinstance(error, UpstreamError) and error.status >= 500 else 0.0
    match error.upstream_status:
        case 404 | 405 | 410 | 501:
            return ABSENT
        case 401 | 402 | 403:
            return LOGGED
        case 429:
            return FAILED
        case status:
            return FAILED if status is not None and status >= 500 else 0.0


def _remember(moments: dict[str, float], name: str, until: float) -> None:
    moments.pop(name, None)
    moments[name] = until
    while len(moments) > MOST:
        del moments[next(iter(moments))]
