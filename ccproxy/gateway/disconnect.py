"""Noticing that the client has left, also while nothing is being written to it.

Knows sockets and greenlets, nothing of requests. gunicorn learns of a closed connection only when a write fails;
an upstream that is silent for a minute would be paid for meanwhile. So the client's socket is watched for its end,
and the greenlet that serves it is ended with ClientGone. Costs about 2 µs a request: no greenlet of its own.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from gevent import GreenletExit, get_hub

_READ = 1


class ClientGone(GreenletExit):
    """The client closed its connection.

    A GreenletExit, so that `except Exception` passes it on and gunicorn ends the request quietly.
    """


@contextmanager
def watching(client: socket.socket | None, on_gone: Callable[[], None] | None = None) -> Iterator[None]:
    """End the current greenlet with ClientGone when `client` reaches its end.

    `client` is None where the server gives no socket (tests): nothing is watched then. `on_gone` is called first.
    A client that only half-closes looks gone too. Bytes instead of an end are the next, pipelined request: they
    are left in the socket and the watch is over.
    """
    if client is None:
        yield
        return
    stop = watch(client, on_gone)
    try:
        yield
    finally:
        stop()


def watch(client: socket.socket, on_gone: Callable[[], None] | None = None) -> Callable[[], None]:
    """As `watching`, for work that outlives a `with`: returns what ends the watch."""
    greenlet: Any = gevent.getcurrent()
    watcher: Any = get_hub().loop.io(client.fileno(), _READ)

    def readable() -> None:
        try:
            if client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                watcher.stop()
                return
        except BlockingIOError:
            return
        except OSError:
            pass  # reset: gone as well
        watcher.stop()
        if on_gone is not None:
            on_gone()
        greenlet.kill(ClientGone, block=False)

    def stop() -> None:
        watcher.stop()
        watcher.close()

    watcher.start(readable)
    return stop
