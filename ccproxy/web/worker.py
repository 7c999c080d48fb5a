"""The gunicorn worker: how it ends, and what it says to what is not HTTP.

Knows gunicorn. gunicorn's own gevent worker cuts streams off without an end and answers malformed requests with an
HTML page; this one drains (`gateway.lifecycle`), and answers in the form of every other error.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import uuid
from mmap import mmap
from types import FrameType
from typing import Any

import gevent
from gevent.monkey import get_original
from gunicorn.http.errors import (  # type: ignore[attr-defined]  # new in 27, the stubs know 26
    ExpectationFailed,
    InvalidHTTPVersion,
    InvalidRequestLine,
    InvalidRequestMethod,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.ggevent import GeventWorker

from ccproxy.errors import CCProxyError, Draining
from ccproxy.web.services import EXTENSION, Services

# In words of our own: gunicorn's hold what was sent, and a misspelt header may be one with a key in it.
_UNPARSED: tuple[tuple[type[ParseException], int, str], ...] = (
    (LimitRequestLine, 414, "its first line is too long"),
    (LimitRequestHeaders, 431, "its headers are too many or too long"),
    (ExpectationFailed, 417, "the only expectation that is understood is 100-continue"),
    (UnsupportedTransferCoding, 501, "the only transfer coding that is understood is chunked"),
    (InvalidHTTPVersion, 400, "its version is not HTTP/1.0 or HTTP/1.1"),
    (InvalidRequestMethod, 400, "its method is not valid"),
    (InvalidRequestLine, 400, "its first line is not valid"),
    (ParseException, 400, "its headers or its framing are not valid"),
)
_REASONS = {
    400: "Bad Request",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}
_FLUSH = 3.0  # seconds for the last log rows; with the drain's goodbye it fits into the margin
_NEWS = 0.5  # seconds for what was found out last about providers, and for who was refused last
_MARGIN = 5.0  # seconds between the end of a drain and gunicorn's patience, for the last answers and rows


class Worker(GeventWorker):
    """A gevent worker that lets its requests end."""

    seat: int | None = None
    """Its place among the workers that count together; deploy/gunicorn.conf.py gives it before the fork."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # in the master, before the fork
        # deploy/gunicorn.conf.py hangs it on the application object that all workers share
        self._reloads: mmap = self.app.reloads  # type: ignore[attr-defined]
        self._born = self._reloads[0]
        self._ending = False
        self._connections: set[socket.socket] = set()

    def run(self) -> None:
        """Serve until told to stop; the log rows of all that was served are written before this returns."""
        parts = self._services()
        parts.metrics.start(self.seat)
        if parts.traces is not None:
            parts.traces.start()
        parts.logbook.start()
        parts.captures.start()
        parts.retention.start()
        # A client that does not read is stopped while it is written to: gunicorn sees that, and calls it an error
        self.log.error_log.addFilter(_is_news)
        try:
            super().run()
        finally:
            parts.retention.stop()
            parts.lifecycle.drain(0)  # whatever ended it: its master may have died
            parts.logbook.stop(_FLUSH)
            parts.captures.stop(_NEWS)
            parts.refusals.stop(_NEWS)
            parts.health.flush(_NEWS)
            if parts.traces is not None:
                parts.traces.stop(_NEWS)
            parts.metrics.publish(parts.busy)
            parts.metrics.stop()

    def notify(self) -> None:
        """The heartbeat, once a second: the master sees that this worker lives, and the metrics what it does."""
        super().notify()
        parts = self._services()
        parts.metrics.publish(parts.busy)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - gunicorn's signature
        """SIGTERM. Runs inside a signal handler, so the work is left to a greenlet."""
        if not self._ending:
            self._ending = True
            gevent.spawn(self._end, max(0.0, self.cfg.graceful_timeout - _MARGIN))

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - gunicorn's signature
        """SIGINT and SIGQUIT: the same without the wait, also where one has begun."""
        self._ending = True
        gevent.spawn(self._end, 0)

    def _end(self, seconds: float) -> None:
        """Let the running requests end within `seconds`, then stop.

        Being replaced (SIGHUP): stop accepting at once, for the new workers do, and serve what the connections that
        are here still ask; gunicorn has each of them end after its next answer. Being stopped: keep accepting
        meanwhile, to say no in words (and 503 on /health) instead of resetting connections; then hang up on those that
        wait for nothing.
        """
        parts = self._services()
        if self._reloads[0] != self._born:
            self.alive = False
            gevent.sleep(seconds)  # the process ends meanwhile if there is nothing more to do
            seconds = 0
        parts.lifecycle.drain(seconds)
        self.alive = False
        parts.logbook.stop(_FLUSH)  # at once: the master's patience may be at its end
        parts.captures.stop(_NEWS)
        for connection in list(self._connections):
            _hang_up(connection)

    def handle(self, listener: Any, client: socket.socket, addr: Any) -> None:
        """One connection, from its first request to its end."""
        self._connections.add(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self._connections.discard(client)

    def handle_request(self, listener_name: Any, req: Any, sock: socket.socket, addr: Any) -> bool:
        """One request; then the others have their turn.

        A busy connection has its next request ready, and a quick provider its answer: nothing would ever wait, and one
        client would keep all others from being served.
        """
        answered = super().handle_request(listener_name, req, sock, addr)
        gevent.sleep(0)
        return answered

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:  # noqa: ARG002
        """What cannot be parsed gets a JSON error; the end of a greenlet that nobody waits for gets nothing."""
        if isinstance(exc, gevent.GreenletExit | gevent.Timeout):
            return
        ours = isinstance(exc, InvalidResponseHeader | InvalidResponseHeaderName)
        if isinstance(exc, ParseException) and not ours:
            status, what = next((status, what) for kind, status, what in _UNPARSED if isinstance(exc, kind))
            error = {"type": "invalid_request_error", "message": f"not a valid HTTP request: {what}"}
            self.log.warning("not a valid HTTP request from %s: %s", addr[0] if addr else "?", what)
        elif isinstance(exc, Draining):
            status, error = 503, {"type": exc.type, "message": exc.message}
        else:
            self.log.exception("error outside of any request")
            status, error = 500, {"type": CCProxyError.type, "message": "internal error"}
        request_id = str(uuid.uuid4())
        body = json.dumps({"type": "error", "error": error, "request_id": request_id}).encode()
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Request-ID: {request_id}\r\nrequest-id: {request_id}\r\n\r\n"
        )
        with contextlib.suppress(OSError):  # it may have left
            client.sendall(head.encode() + body)

    def _services(self) -> Services:
        parts: Services = self.wsgi.extensions[EXTENSION]  # type: ignore[attr-defined] # it is our Flask
        return parts


def _hang_up(connection: socket.socket) -> None:
    """Let whoever reads from it come to its end; what has arrived is still read, and answered."""
    # gevent's own shutdown would raise in the reader instead
    plain = get_original("socket", "socket")
    with contextlib.suppress(OSError), plain(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(socket.SHUT_RD)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of gunicorn's log is more than that a request was ended because the worker ends."""
    return not (record.exc_info and isinstance(record.exc_info[1], Draining))
