"""A client that leaves is noticed while nothing is written to it."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from types import SimpleNamespace

import gevent
import gevent.socket
import pytest
from gevent.event import Event

from ccproxy.gateway import disconnect
from ccproxy.gateway.disconnect import ClientGone, watch


def serve(
    sock: socket.socket, begun: Event, ends: list[BaseException | str], forever: Event, seconds: float = 3600
) -> None:
    stop = watch(sock, seconds)
    begun.set()
    try:
        forever.wait()
        ends.append("finished")
    except ClientGone as error:
        ends.append(error)
        raise
    finally:
        stop()


class Served:
    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.begun, self.forever = Event(), Event()
        self.ends: list[BaseException | str] = []
        self.greenlet = gevent.spawn(serve, self.ours, self.begun, self.ends, self.forever)
        assert self.begun.wait(5)

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def served() -> object:
    made = Served()
    yield made
    made.close()


def test_the_end_of_the_connection_ends_the_greenlet(served: Served) -> None:
    served.theirs.close()
    served.greenlet.join(5)
    assert [type(end) for end in served.ends] == [ClientGone]


def test_half_closing_counts_as_leaving(served: Served) -> None:
    served.theirs.shutdown(socket.SHUT_WR)
    served.greenlet.join(5)
    assert [type(end) for end in served.ends] == [ClientGone]


def test_bytes_are_the_next_request_and_stay_in_the_socket(served: Served) -> None:
    served.theirs.sendall(b"POST")
    gevent.idle()
    served.forever.set()
    served.greenlet.join(5)
    assert served.ends == ["finished"]
    assert served.ours.recv(4) == b"POST"


@pytest.mark.parametrize("kind", [socket.socket, gevent.socket.socket], ids=["plain", "gevent"])
def test_a_wake_up_for_nothing_is_none(
    kind: type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loop, woken = gevent.get_hub().loop, []

    class Io:
        def start(self, callback: Callable[[], None]) -> None:
            loop.run_callback(lambda: (callback(), woken.append("up")))

        def stop(self) -> None:
            woken.append("stopped")

        close = stop

    ours, theirs = socket.socketpair()
    with theirs, contextlib.closing(kind(fileno=ours.detach())) as served:
        monkeypatch.setattr(disconnect, "get_hub", lambda: SimpleNamespace(loop=SimpleNamespace(io=lambda *_: Io())))
        stop = watch(served, 3600)
        gevent.sleep(0)
        assert woken == ["up"]
        stop()
    assert "Traceback" not in capsys.readouterr().err


def test_after_the_watch_nothing_is_ended(served: Served) -> None:
    served.forever.set()
    served.greenlet.join(5)
    served.theirs.close()
    gevent.idle()
    assert served.ends == ["finished"]


def test_a_reset_connection_counts_as_leaving() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    theirs = socket.create_connection(listener.getsockname())
    ours, _ = listener.accept()
    begun, ends = Event(), []
    greenlet = gevent.spawn(serve, ours, begun, ends, Event())
    assert begun.wait(5)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    greenlet.join(5)
    assert [type(end) for end in ends] == [ClientGone]
    ours.close()
    listener.close()


def test_a_client_that_stays_but_never_reads_is_left_in_the_end() -> None:
    ours, theirs = socket.socketpair()
    begun, ends = Event(), []
    greenlet = gevent.spawn(serve, ours, begun, ends, Event(), 0.01)
    greenlet.join(5)
    assert [type(end) for end in ends] == [ClientGone]
    ours.close()
    theirs.close()
