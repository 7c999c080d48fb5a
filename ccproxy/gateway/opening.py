"""Work that begins at once in a greenlet of its own, and that can be waited for in spells.

A stream is opened this way: its client may need a ping before the upstream has answered, so somebody else has to do
the waiting. `gevent.spawn` would put both the work and its end at the back of the hub's queue, behind every request
that has just arrived; in a burst of 100 streams that doubles the time to the first event. Here the caller switches
straight into the work, and comes straight back where it ends without a pause of the caller's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import gevent
from gevent.event import Event
from greenlet import greenlet

T = TypeVar("T")


class _Enough(Exception):
    """The caller's patience is over; the work goes on."""


class Opening(Generic[T]):
    """`work` must return what it comes to, errors included: an exception would end up in whoever waits, or nowhere."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._greenlet: Any = greenlet(self._run)
        self._ended = Event()
        self._result: T | None = None

    @property
    def ready(self) -> bool:
        """Whether the work has come to its end."""
        return self._ended.is_set()

    @property
    def result(self) -> T:
        """What the work came to, once it is ready."""
        return cast("T", self._result)

    def wait(self, seconds: float) -> bool:
        """Let the work go on for up to `seconds`; whether it is ready then. The first call begins it."""
        if self._greenlet:
            return bool(self._ended.wait(seconds))
        if self._greenlet.dead:
            return self.ready
        timeout = gevent.Timeout.start_new(max(0.0, seconds), _Enough)
        try:
            self._greenlet.switch()  # comes back when the work ends, or with an exception that was meant for us
        except _Enough:
            pass
        finally:
            timeout.close()
            if not self._greenlet.dead:
                # From now on its end must not switch to us: we will be waiting for something else.
                self._greenlet.parent = gevent.get_hub()
        return self.ready

    def end(self) -> None:
        """Stop the work where it stands, soon; nothing where it has ended or never began."""
        if self._greenlet:
            gevent.kill(self._greenlet)

    def _run(self) -> None:
        self._result = self._work()
        del self._work  # and what it holds
        self._ended.set()
