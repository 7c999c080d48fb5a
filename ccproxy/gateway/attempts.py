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
_SOON = 60.0  # seconds for which clients do wait; told of an hour, Claude Code gives up at once (measured)
_PASSES = (409, 429, 500, 502, 503, 529)

T = TypeVar("T")


class Health(Protocol):
    """What is known of targets and their keys (`gateway.health`)."""

    def admit(self, target: Target, session: str | None, last: bool) -> Target | None: ...  # noqa: D102
    def began(self, target: Target, seconds: float) -> None: ...  # noqa: D102
    def answered(self, target: Target, seconds: float) -> None: ...  # noqa: D102
    def succeeded(self, target: Target, seconds: float) -> None: ...  # noqa: D102
    def failed(self, target: Target, error: UpstreamError, seconds: float) -> float | None: ...  # noqa: D102
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
        self._asked = 0.0  # when the latest call was made
        self._rests: float | None = None
        self._sleep = sleep
        self._chance = chance

    def first(self, attempt: Callable[[Call], T], prepare: Callable[[Target], Call] | None = None) -> T:
        """What `attempt` comes to at the first target that answers.

        Raises the error that says most where none does. May be called again, for the targets that are left; `prepare`
        then stands in place of the first one.
        """
        prepare = prepare or self._prepare
        while (found := self._next()) is not None:
            try:
                result = self._at(found, prepare, attempt)
            except (UpstreamError, Uncarriable) as error:
                if error.status == 429 and error.retry_after is None and error.should_retry is not False:
                    error.retry_after = ceil(self._rests or 1.0)  # told nothing, clients come back at once, all of them
                self._failures.append((error, self.call))
                if not self._goes_on(error, found):
                    break
            else:
                self._failures.clear()  # they hold the request
                return result
        raise self._most_telling()

    def delivered(self) -> None:
        """The stream of the latest call is with the client, to its end."""
        self.entry.attempted(None)
        if self.call is not None and self.call.ready is None:
            self._health.succeeded(self.call.target, time.monotonic() - self._asked)

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
        self._health.failed(self.call.target, error, time.monotonic() - self._asked)
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
        """What the attempt comes to at one target: with each of its keys once, and again where that may help."""
        retries = self.plan.retries
        tried: set[str | None] = set()
        while True:
            tried.add(target.key)
            try:
                return self._once(target, prepare, attempt)
            except UpstreamError as error:
                other_key = _of_its_key(error) and self._health.other_key(target)
                if not other_key:
                    pause = self._pause(error, self.plan.retries - retries)
                    if retries == 0 or pause is None:
                        raise
                    retries -= 1
                    self._sleep(pause)
                again = self._health.admit(target, self.entry.row.session_id, False)
                if again is None:
                    raise
                # A key's rest may be over before the others were asked; without this they would take turns for ever
                if time.monotonic() >= self.deadline or (other_key and again.key in tried):
                    self._health.left(again)
                    raise
                target = again

    def _once(self, target: Target, prepare: Callable[[Target], Call], attempt: Callable[[Call], T]) -> T:
        self._asked = begun = time.monotonic()
        verdict = False
        try:
            self.call = call = prepare(target)
            resumed = prepare is not self._prepare
            self.entry.asks(
                target,
                call.request.losses,
                upstream=call.ready is None,
                resumed=resumed,
                input_tokens=call.context.input_tokens,
            )
            result = attempt(call)
            if call.ready is None:
                verdict = True
                heard = self._health.began if self.entry.row.stream else self._health.answered
                heard(target, time.monotonic() - begun)
            return result
        except UpstreamError as error:
            verdict = True
            self._rests = self._health.failed(target, error, time.monotonic() - begun)
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
        window = error.window or _window(target)
        self._left = deque(other for other in self._left if _window(other) > window)
        self._resting = [other for other in self._resting if _window(other) > window]

    def _most_telling(self) -> CCProxyError:
        """What lets the client go on: what is over soon, else what it can shorten, else what is over later."""
        if not self._failures:
            self.call = None
            return NoProvider("no target is left")
        passing = [found for found in self._failures if found[0].status in (409, 429) or found[0].status >= 500]
        soonest = min(passing, key=lambda found: found[0].retry_after or 0.0, default=None)
        if soonest is None or (soonest[0].retry_after or 0.0) > _SOON:
            overflow = (found for found in self._failures if isinstance(found[0], Refused) and found[0].overflows)
            soonest = next(overflow, soonest)
        error, self.call = soonest or self._failures[0]
        return error


def _survivable(error: CCProxyError) -> bool:
    """Whether the failure is the target's and not the request's."""
    if isinstance(error, Refused):
        return error.status >= 401 or error.upstream_status in (408, 409) or error.of_account
    return True


def _of_its_key(error: UpstreamError) -> bool:
    """Whether it may be the key that is refused, so that another one may not be."""
    return error.status in _ITS_KEY or (isinstance(error, Refused) and error.of_account)


def _passes(error: UpstreamError) -> bool:
    """Whether the failure may be over in a moment."""
    if isinstance(error, Refused):
        return error.status in _PASSES or error.upstream_status == 409
    return isinstance(error, Unreachable)


def _released(target: Target) -> Call:
    raise RuntimeError(f"the request for {target.label} is gone: its answer has begun")


def _window(target: Target) -> int:
    return target.dialect.context_window or presets.context_window(target.kind, target.model) or 0


def _sent(call: Call) -> Call:
    """The call without the bytes that were sent."""
    return structs.replace(call, request=structs.replace(call.request, body=b""), again=None)
