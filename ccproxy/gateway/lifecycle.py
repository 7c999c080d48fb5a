"""Which requests are alive in this worker, and how it lets them end.

Knows greenlets, not HTTP. A worker that is told to stop (SIGTERM) refuses new requests and gives the running ones
their time; what still runs then is ended with Draining, which a stream turns into an `error` event.
"""

from __future__ import annotations

from typing import Any

import gevent
from gevent.event import Event

from ccproxy.errors import Draining

_GOODBYE = 2.0  # seconds for the last words of what is ended


class Lifecycle:
    """The live requests of one worker."""

    def __init__(self) -> None:
        self._live: set[Any] = set()
        self._idle = Event()
        self._idle.set()
        self.draining = False

    @property
    def live(self) -> int:
        """How many requests are running."""
        return len(self._live)

    def enter(self) -> Any:
        """Note that the current greenlet serves a request; raises Draining once this worker refuses new ones.

        Returns the token for `leave`.
        """
        if self.draining:
            raise _draining()
        greenlet = gevent.getcurrent()
        self._live.add(greenlet)
        self._idle.clear()
        return greenlet

    def leave(self, token: Any) -> None:
        """The request of that token has ended; a second call does nothing."""
        self._live.discard(token)
        if not self._live:
            self._idle.set()

    def drain(self, seconds: float) -> None:
        """From now on refuse new requests; wait up to `seconds` for the live ones, then end the rest with Draining."""
        self.draining = True
        if self._idle.wait(seconds):
            return
        for greenlet in list(self._live):
            greenlet.kill(_draining(), block=False)
        self._idle.wait(_GOODBYE)


def _draining() -> Draining:
    return Draining("this worker is shutting down; try again", retry_after=1, should_retry=True)
