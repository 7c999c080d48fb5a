"""How it ends: SIGTERM lets streams end and refuses the rest in words, SIGINT does not wait; every row is written."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.fake_upstream import DONE, Exact, FakeUpstream, Hang, Stream, Until, chunk, finish
from tests.live.raw import Connection, CutOff, ask, post, request
from tests.live.server import Server, until
from tests.translate.grammar import check, frames

C = TypeVar("C", bound=Connection)
Keep = Callable[[C], C]
HELLO = [chunk(role="assistant", content=""), chunk(content="hello")]
PATIENCE = 7
"""Seconds of gunicorn's graceful_timeout in these tests: less 5 for the last answers and rows, streams get two."""


@pytest.fixture
def provider() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def ending(tmp_path: Path, provider: FakeUpstream) -> Iterator[Server]:
    """A server that a test may end."""
    server = Server(tmp_path)
    server.environ["GUNICORN_CMD_ARGS"] = f"--graceful-timeout {PATIENCE}"
    with server:
        server.add_provider("fake", provider.base_url)
        yield server


@pytest.fixture
def keep() -> Iterator[Keep[Any]]:
    """Closes the connections of a test at its end."""
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


class Client(Connection):
    """A stream that has begun."""

    def __init__(self, server: Server, name: str, *, streaming: bool = True, begun: bool = True) -> None:
        super().__init__(server.port)
        self.send(post(ask(stream=streaming), {"User-Agent": name}))
        self.began = b""
        if begun:
            assert self.head()[0] == 200
            self.pieces = self.chunks()
            self.began = next(self.pieces)

    def rest_of_stream(self) -> bytes:
        return self.began + b"".join(self.pieces)


def ended(server: Server, number: signal.Signals) -> float:
    """Send the signal; the seconds that it took to end, which it must do with status 0."""
    assert server.process is not None
    begun = time.monotonic()
    server.signal(number)
    assert server.process.wait(60) == 0
    took = time.monotonic() - begun
    print(f"{number.name}: ended after {took:.2f} s")  # noqa: T201
    return took


def rows(server: Server) -> dict[str, tuple[int, str | None]]:
    """What became of each user agent's request."""
    return {row["user_agent"]: (row["status"], row["error_type"]) for row in server.rows() if row["user_agent"]}


def test_without_requests_it_ends_soon(keep: Keep[Any], ending: Server, provider: FakeUpstream) -> None:
    """Idle connections of clients do not hold it up, and rows that are still in the queue are written."""
    clients = [keep(Connection(ending.port)) for _ in range(8)]
    for client in clients:
        assert client.send(post(ask(), {"User-Agent": "served"})).answer().status == 200
    provider.script("m", Stream([*HELLO, Hang()]))
    keep(Client(ending, "left")).close()
    assert provider.wait_for(9).wait() == "left"
    assert ended(ending, signal.SIGTERM) < PATIENCE
    for client in clients:
        assert client.rest() == b""
    assert sorted(row["status"] for row in ending.rows()) == [200] * 8 + [499]
    with pytest.raises(ConnectionRefusedError):
        Connection(ending.port)


def test_a_stream_may_end_while_others_are_refused(keep: Keep[Any], ending: Server, provider: FakeUpstream) -> None:
    on = threading.Event()
    provider.script("m", Stream([*HELLO, Until(on), chunk(content=" world"), finish(), DONE]))
    client = keep(Client(ending, "stream"))
    kept = keep(Connection(ending.port))
    assert kept.send(request("GET", "/health")).answer().status == 200
    ending.signal(signal.SIGTERM)
    assert ending.process is not None

    def health() -> tuple[int, str]:
        with Connection(ending.port) as other:
            answer = other.send(request("GET", "/health")).answer()
            return answer.status, answer.json["status"]

    until(lambda: health() == (503, "draining"), "health says that it drains", limit=1)
    with Connection(ending.port) as other:
        refused = other.send(post(ask(stream=True))).answer()
        assert (refused.status, refused.error[0]) == (503, "overloaded_error")
        assert (refused.headers["retry-after"], refused.headers["x-should-retry"]) == ("1", "true")
    on.set()
    said = check(frames_of(client))
    assert (said.text, said.stop_reason) == ("hello world", "end_turn")
    assert ending.process.wait(30) == 0
    assert rows(ending) == {"stream": (200, None)}


def test_what_takes_too_long_is_ended_in_words(keep: Keep[Any], ending: Server, provider: FakeUpstream) -> None:
    provider.script("m", Stream([*HELLO, Hang()]))
    streams = [keep(Client(ending, f"stream {number}")) for number in range(4)]
    provider.script("m", Exact(Hang()))
    waiting = [
        keep(Client(ending, f"waiting {streaming}", streaming=streaming, begun=False)) for streaming in (True, False)
    ]
    provider.wait_for(6)
    word = chunk(content="x" * 65536)
    provider.script("m", Stream(word for _ in iter(int, 1)))
    stuck = keep(Client(ending, "does not read"))
    assert ended(ending, signal.SIGTERM) < PATIENCE
    for client in streams:
        said = check(frames_of(client), may_fail=True)
        assert said.text == "hello"
        assert said.error is not None
        assert (said.error["type"], "shutting down" in said.error["message"]) == ("overloaded_error", True)
    for client in waiting:
        refused = client.answer()
        assert (refused.status, refused.error[0], refused.headers["retry-after"]) == (503, "overloaded_error", "1")
    with pytest.raises((CutOff, ConnectionResetError)):
        stuck.rest_of_stream()
    told = rows(ending)
    assert told == dict.fromkeys(told, (503, "overloaded_error"))
    assert len(told) == 7
    assert {received.wait() for received in provider.requests} == {"left"}


HURRIES = ["SIGINT", "SIGINT to all, as Ctrl-C does", "SIGINT after SIGTERM"]


@pytest.mark.parametrize("how", HURRIES)
def test_in_a_hurry_nothing_is_waited_for(keep: Keep[Any], ending: Server, provider: FakeUpstream, how: str) -> None:
    provider.script("m", Stream([*HELLO, Hang()]))
    streams = [keep(Client(ending, f"stream {place}")) for place in range(4)]
    keep(Connection(ending.port)).send(request("GET", "/health")).answer()
    if "to all" in how:
        for pid in ending.worker_pids():
            os.kill(pid, signal.SIGINT)
    if "after" in how:
        ending.signal(signal.SIGTERM)
        until(lambda: ending.request("GET", "/health")[0] == 503, "it drains", limit=2)
    assert ended(ending, signal.SIGINT) < PATIENCE
    check_ended(ending, streams)


def test_without_its_master_a_worker_ends(keep: Keep[Any], ending: Server, provider: FakeUpstream) -> None:
    provider.script("m", Stream([*HELLO, Hang()]))
    streams = [keep(Client(ending, f"stream {place}")) for place in range(4)]
    workers = ending.worker_pids()
    assert ending.process is not None
    ending.process.kill()
    ending.process.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the workers are gone")
    check_ended(ending, streams)


def check_ended(server: Server, streams: list[Client]) -> None:
    """They were told, and have their rows."""
    for client in streams:
        said = check(frames_of(client), may_fail=True)
        assert said.error is not None
        assert said.error["type"] == "overloaded_error"
    assert rows(server) == {f"stream {place}": (503, "overloaded_error") for place in range(len(streams))}


def frames_of(client: Client) -> list[dict[str, Any]]:
    return frames(client.rest_of_stream())
