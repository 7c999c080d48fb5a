"""Kept connections, and how to tell that one was gone before the request on it arrived.

A server may close a kept connection at any time (llama.cpp's does after every stream, though it announces the
contrary), and where its FIN crosses the next request on the wire, that request was never looked at. It ends at once
and without a byte of an answer. Only on a connection that has already answered one request does that mean so: on a
fresh one, or after a wait, the provider may have begun to work, and what it works on may have to be paid for.
"""

from __future__ import annotations

import time
from http.client import HTTPResponse, RemoteDisconnected
from select import POLLIN
from typing import Any

from gevent.monkey import get_original
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

AT_ONCE = 1.0
"""Seconds within which the end of a kept connection means that it had been closed before: a few round trips."""


class Gone(RemoteDisconnected):
    """The kept connection had been closed by the other side; the request may be sent on another one."""


class _Kept:
    """What an HTTP connection of urllib3's learns: whether it has answered since it was made."""

    answered = False
    _head: HTTPResponse | None = None  # being read

    @property
    def is_connected(self) -> bool:
        """Whether nothing has arrived on the idle connection: an end, or an answer that nobody asked for.

        urllib3 asks through `select`, which under gevent goes through the hub: 30 µs, and the request's turn is lost.
        """
        if self.sock is None:  # type: ignore[attr-defined]
            return False
        poll = get_original("select", "poll")()
        poll.register(self.sock, POLLIN)  # type: ignore[attr-defined]
        return not poll.poll(0)

    def connect(self) -> None:
        self.answered = False
        super().connect()  # type: ignore[misc]

    def getresponse(self) -> Any:
        begun = time.monotonic()
        try:
            response = super().getresponse()  # type: ignore[misc]
        except (RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            told = self._head is not None and isinstance(self._head.status, int)  # text until its first line is read
            if self.answered and not told and time.monotonic() - begun < AT_ONCE:
                raise Gone(str(error)) from error
            raise
        finally:
            self._head = None
        self.answered = True
        return response

    def response_class(self, *args: Any, **kwargs: Any) -> HTTPResponse:
        """What http.client reads an answer's head with."""
        self._head = HTTPResponse(*args, **kwargs)
        return self._head


class _Connection(_Kept, HTTPConnection):  # type: ignore[misc] # a method stands for the class of the same name
    pass


class _SecureConnection(_Kept, HTTPSConnection):  # type: ignore[misc]
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def adapter(connections: int) -> HTTPAdapter:
    """A way out that keeps up to so many connections to each provider, and retries nothing by itself."""
    made = HTTPAdapter(pool_connections=32, pool_maxsize=connections, max_retries=0)
    made.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return made


def was_gone(error: BaseException) -> bool:
    """Whether Gone is what an exception of requests or urllib3 is about."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Gone):
        cause = cause.__cause__ or cause.__context__
    return cause is not None
