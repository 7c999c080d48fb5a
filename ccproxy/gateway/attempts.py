"""One request's way over the targets of its plan: who is asked, who is asked again, and when it is enough.

An attempt that failed in a way that another target could survive moves on, as long as nothing of an answer is with the
client. What the client caused is told to it at once. A target that rests is asked only where nobody else is left.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from math import ceil
from typing import Any, Protocol, TypeVar

import gevent
from msgspec import structs

from ccproxy import presets
from ccproxy.errors import CCProxyError, NoProvider, Uncarriable, Unreachable, UpstreamError
from ccproxy.errors import UpstreamRefused as Refused
from ccproxy.gateway.call import Call
from ccproxy.gateway.discretion import fit_to_show
from ccproxy.gateway.journal import Entry
from ccproxy.gateway.resuming import Resuming
from ccproxy.gateway.routing import Plan
from ccproxy.translate.target import Target

SHORT = 5.0
"""Seconds that a provider may ask us to wait for and that are waited; for longer the next target is asked."""
PAUSE = 0.25
"""Seconds before the first further attempt at one target; twice as many before each one after it."""

_ITS_KEY = (401, 402, 403, 429)
_PASSES = (409, 429, 500, 502, 503, 529)

T = TypeVar("T")


class Health(Protocol):
    """What is known of targets and their keys (`gateway.health`)."""

    def admit(self, target: Target, session: str | None, last: bool) -> Target | None: ...  # noqa: D102
    def succeeded(self, target: Target, seconds: float | None) -> None: ...  # noqa: D102
    def failed(self, target: Target, error: UpstreamError) -> float | None: ...  # noqa: D102
    def left(self, target: Target) -> None: ...  # noqa: D102
    def other_key(self, target: Target) -> bool: ...  # noqa: D102


class Attempts:
    """The attempts of one request.

    `targets` are the plan's in the order in which they are to be tried. `prepare` makes the call of a target; it may
    raise InvalidRequest. `deadline` (monotonic seconds) bounds them all. `call` is the latest call, or, once all have
    failed, the one whose error was raised. `resuming`: an answer that breaks off may be gone on with.
    """

    def __init__(
        self,
        plan: Plan,
        targets: Iterable[Target],
        prepare: Callable[[Target], Call],
        health: Health,
        entry: Entry,
        deadline: float,
        *,
        resuming: Resuming | None = None,
        sleep: Callable[[float], Any] = gevent.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.plan = plan
        self.entry = entry
        self.deadline = deadline
        self.resuming = resuming
        self.call: Call | None = None
        self._left = deque(targets)
        self._resting: list[Target] = []
        self._broken: set[str] = set()
        self._prepare = prepare
        self._health = health
        self._failures: list[tuple[CCProxyError, Call | None]] = []
        self._rests: float | None = None
        self._sleep = sleep
        self._chance = chance

    def first(self, attempt: Callable[[Call], T], prepare: Callable[[Target], Call] | None = None) -> T:
        """What `attempt` comes to at the first target that answers.

        Raises the error that says most where none does: the first that may be over later, else the first. May be
        called again, for the targets that are left; `prepare` then stands in place of the first one.
        """
        prepare = prepare or self._prepare
        self._failures = []
        while (found := self._next()) is not None:
            try:
                return self._at(found, prepare, attempt)
            except (UpstreamError, Uncarriable) as error:
                if error.status == 429 and error.retry_after is None and error.should_retry is not False:
                    error.retry_after = ceil(self._rests or 1.0)  # told nothing, clients come back at once, all of them
                self._failures.append((error, self.call))
                if not self._goes_on(error, found):
                    break
        raise self._most_telling()

    def broke_off(self, error: UpstreamError) -> UpstreamError:
        """The answer of the latest call broke off in the middle: the same error, fit to be shown.

        Its target is asked once more, after all others, where one may go on with the answer.
        """
        if self.call is None:
            return error
        label = self.call.target.label
        if self.resuming is not None and label not in self._broken:
            self._broken.add(label)
            self._left.append(self.call.target)
        self._health.failed(self.call.target, error)
        shown = fit_to_show(error, self.call.target)
        self.entry.attempted(shown)
        return shown

    def release(self) -> None:
        """Let go of the request, which is of no use once its answer has begun, and streams last."""
        self._prepare = _released
        self._left.clear()
        self._resting.clear()
        if self.call is not None:
            self.call = _sent(self.call)

    def _next(self) -> Target | None:
        """The next target with the key to use; at last one that rests, if nobody else has answered."""
        session = self.entry.row.session_id
        while self._left:
            target = self._left.popleft()
            admitted = self._health.admit(target, session, False)
            if admitted is not None:
                return admitted
            self._resting.append(target)
        if not self._resting:
            return None
        target, self._resting = self._resting[0], []  # one of them: all would cost each request as many failures
        return self._health.admit(target, session, True)

    def _at(self, target: Target, prepare: Callable[[Target], Call], attempt: Callable[[Call], T]) -> T:
        """What the attempt comes to at one target: with each of its keys, and again where that may help."""
        retries = self.plan.retries
        while True:
            try:
                return self._once(target, prepare, attempt)
            except UpstreamError as error:
                other_key = error.status in _ITS_KEY and self._health.other_key(target)
                if not other_key:
                    pause = self._pause(error, self.plan.retries - retries)
                    if retries == 0 or pause is None:
                        raise
                    retries -= 1
                    self._sleep(pause)
                again = self._health.admit(target, self.entry.row.session_id, False)
                if again is None or time.monotonic() >= self.deadline:
                    raise
                target = again

    def _once(self, target: Target, prepare: Callable[[Target], Call], attempt: Callable[[Call], T]) -> T:
        begun = time.monotonic()
        verdict = False
        try:
            self.call = call = prepare(target)
            resumed = prepare is not self._prepare
            self.entry.asks(target, call.request.losses, upstream=call.ready is None, resumed=resumed)
            result = attempt(call)
            if call.ready is None:
                verdict = True
                self._health.succeeded(target, time.monotonic() - begun)
            return result
        except UpstreamError as error:
            verdict = True
            self._rests = self._health.failed(target, error)
            self.entry.attempted(fit_to_show(error, target))
            raise
        finally:
            if not verdict:
                self._health.left(target)

    def _pause(self, error: UpstreamError, before: int) -> float | None:
        """Seconds after which the same target may be asked again; None where that does not help."""
        if error.should_retry is False or not _passes(error):
            return None
        wanted = error.retry_after if isinstance(error, Refused) and error.retry_after is not None else 0.0
        if wanted > SHORT or (isinstance(error, Refused) and error.status == 429 and not wanted):
            return None
        pause = max(wanted * (1 + 0.1 * self._chance()), PAUSE * 2**before * (0.5 + self._chance()))
        return pause if time.monotonic() + pause < self.deadline else None

    def _goes_on(self, error: CCProxyError, target: Target) -> bool:
        """Whether another target could survive what this one did not."""
        if time.monotonic() >= self.deadline:
            return False
        if isinstance(error, Refused) and error.overflows:
            self._keep_larger(target, error)
            return True
        return _survivable(error)

    def _keep_larger(self, target: Target, error: Refused) -> None:
        """Of the targets that are left those that are known to take a longer conversation."""
        window = error.window or presets.context_window(target.kind, target.model) or 0
        self._left = deque(other for other in self._left if _window(other) > window)
        self._resting = [other for other in self._resting if _window(other) > window]

    def _most_telling(self) -> CCProxyError:
        passing = (found for found in self._failures if found[0].status in (409, 429) or found[0].status >= 500)
        error, self.call = next(
            passing, self._failures[0] if self._failures else (NoProvider("no target is left"), None)
        )
        return error


def _survivable(error: CCProxyError) -> bool:
    """Whether the failure is the target's and not the request's."""
    if isinstance(error, Refused):
        return error.status >= 401 or error.upstream_status in (408, 409)
    return True


def _passes(error: UpstreamError) -> bool:
    """Whether the failure may be over in a moment."""
    if isinstance(error, Refused):
        return error.status in _PASSES or error.upstream_status == 409
    return isinstance(error, Unreachable)


def _released(target: Target) -> Call:
    raise RuntimeError(f"the request for {target.label} is gone: its answer has begun")


def _window(target: Target) -> int:
    return presets.context_window(target.kind, target.model) or 0


def _sent(call: Call) -> Call:
    """The call without the bytes that were sent."""
    return structs.replace(call, request=structs.replace(call.request, body=b""), again=None)
