"""Which requests are alive in this worker, and how it lets them end.

Knows greenlets, not HTTP. A worker that is told to stop (SIGTERM) refuses new requests and gives the running ones
their time; what still runs then is ended with Draining, which a stream turns into an `error` event. A worker that
is being replaced (SIGHUP) refuses nothing: it accepts no new connections, but what reaches it is served.
"""

from __future__ import annotations

from typing import Any

import gevent
from gevent.event import Event

from ccproxy.errors import Draining


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
            raise Draining("this worker is shutting down; try again", retry_after=1, should_retry=True)
        greenlet = gevent.getcurrent()
        self._live.add(greenlet)
        self._idle.clear()
        return greenlet

    def leave(self, token: Any) -> None:
        """The request of that token has ended; a second call does nothing."""
        self._live.discard(token)
        if not self._live:
            self._idle.set()

    def drain(self, seconds: float, *, refuse: bool) -> None:
        """Wait up to `seconds` for the live requests, then end the rest with Draining and wait for their ends.

        `refuse`: whether new requests are turned away meanwhile.
        """
        self.draining = refuse
        if self._idle.wait(seconds):
            return
        for greenlet in list(self._live):
            greenlet.kill(Draining("this worker is shutting down"), block=False)
        self._idle.wait(2)
