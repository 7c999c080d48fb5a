"""Noticing that the client has left, also while nothing is being written to it.

Knows sockets and greenlets, nothing of requests. gunicorn learns of a closed connection only when a write fails;
an upstream that is silent for a minute would be paid for meanwhile. So the client's socket is watched for its end,
and the greenlet that serves it is ended with ClientGone. Costs about 2 µs a request: no greenlet of its own.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import gevent
from gevent import GreenletExit, get_hub
from gevent.exceptions import BlockingSwitchOutError

_READ = 1


class ClientGone(GreenletExit):
    """The client closed its connection.

    A GreenletExit, so that `except Exception` passes it on and gunicorn ends the request quietly.
    """


def watch(client: socket.socket, seconds: float) -> Callable[[], None]:
    """End the current greenlet with ClientGone when `client` reaches its end; returns what ends the watch.

    So it does after `seconds`, for a client that stays and never reads: whoever writes to it waits. A client that only
    half-closes looks gone too. Bytes instead of an end are the next, pipelined request: they are left in the socket
    and the watch is over.
    """
    greenlet: Any = gevent.getcurrent()
    watcher: Any = get_hub().loop.io(client.fileno(), _READ)

    def readable() -> None:
        try:
            gone = not client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except (BlockingIOError, BlockingSwitchOutError):
            return  # nothing there after all; gevent's recv would wait for it, and the hub refuses to
        except OSError:
            gone = True
        watcher.stop()
        if gone:
            greenlet.kill(ClientGone, block=False)

    patience = gevent.Timeout.start_new(seconds, ClientGone)

    def stop() -> None:
        patience.close()
        watcher.stop()
        watcher.close()

    watcher.start(readable)
    return stop
