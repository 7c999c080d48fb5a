"""Clients that leave: the provider is let go of at once, wherever the request stands, and the row says so."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator

import pytest

from tests.fake_upstream import DONE, Answer, Exact, FakeUpstream, Hang, Json, Reply, Stream, Until, chunk, finish
from tests.live.raw import Connection, ask, post
from tests.live.server import Server, until

TRIES = 5
BOUND = 2.0
"""Seconds; what is aimed at is 0.1, what is measured is printed. A busy machine must not fail the test."""


def endless() -> Iterator[dict[str, object]]:
    while True:
        yield chunk(content="word ")


HELLO = [chunk(role="assistant", content=""), chunk(content="hello")]
SILENT: dict[str, tuple[Answer, bool]] = {
    "before the head": (Exact(Hang()), True),
    "before the content": (Stream([HELLO[0], Hang()]), True),
    "in the middle": (Stream([*HELLO, Hang()]), True),
    "in the middle, compressed": (Stream([*HELLO, Hang()], gzip=True), True),
    "in the middle, to the end of the connection": (Stream([*HELLO, Hang()], framing="close"), True),
    "while it speaks": (Stream(endless(), pause=0.005), True),
    "before the head of a JSON answer": (Exact(Hang()), False),
    "before the body of a JSON answer": (Json(Reply().completion(), inside=(Hang(),)), False),
}


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("what", SILENT)
def test_the_provider_is_let_go_of(server: Server, provider: FakeUpstream, what: str, reset: bool) -> None:
    answer, streaming = SILENT[what]
    provider.script("m", answer)
    agent = f"leaves {what} {reset}"
    took = []
    for number in range(1, TRIES + 1):
        with Connection(server.port) as client:
            client.send(post(ask(stream=streaming), {"User-Agent": agent}))
            received = provider.wait_for(number)
            if what.startswith(("in the middle", "while")):
                assert client.head()[0] == 200
                assert b"message_start" in next(client.chunks())
            left = time.monotonic()
            client.close(reset=reset)
        assert received.wait() == "left"
        assert received.ended_at is not None
        took.append(received.ended_at - left)
    print(f"{agent}: released after {', '.join(f'{1000 * seconds:.1f}' for seconds in took)} ms")  # noqa: T201
    assert statistics.median(took) < BOUND
    rows = until(
        lambda: found if len(found := server.rows(user_agent=agent)) == TRIES else [],
        "a row for each request",
    )
    assert {(row["status"], row["error_type"], row["stream"]) for row in rows} == {(499, "client_closed", streaming)}
    assert {row["provider"] for row in rows} == {"fake"}


def test_a_client_that_does_not_read_and_leaves(server: Server, provider: FakeUpstream) -> None:
    """Its end is met while writing to it, not while waiting for the provider."""
    word = chunk(content="x" * 65536)
    provider.script("m", Stream(word for _ in iter(int, 1)))
    with Connection(server.port) as client:
        client.send(post(ask(stream=True), {"User-Agent": "does not read"}))
        received = provider.wait_for()
        _, headers = client.head()
        stuck = threading.Event()
        threading.Timer(0.5, stuck.set).start()  # by then all buffers on the way are full
        assert stuck.wait(5)
        client.close(reset=True)
    assert received.wait() == "left"
    row = server.row(headers["request-id"])
    assert (row["status"], row["error_type"]) == (499, "client_closed")


def test_an_answer_that_was_whole_when_the_client_left(server: Server, provider: FakeUpstream) -> None:
    """Some clients close as soon as they have read message_stop, and some providers go on after [DONE]."""
    provider.script("m", Stream([*HELLO, finish(), DONE, Hang()]))
    for number in range(1, TRIES + 1):
        with Connection(server.port) as client:
            _, headers = client.send(post(ask(stream=True))).head()
            body = b""
            for piece in client.chunks():
                body += piece
                if b"message_stop" in body:
                    break
        assert provider.requests[number - 1].wait() == "left"
        row = server.row(headers["request-id"])
        assert (row["status"], row["error_type"], row["stop_reason"]) == (200, None, "end_turn")


def test_others_do_not_notice(server: Server, provider: FakeUpstream) -> None:
    """Twenty streams, every second client leaves in the middle; the others get everything."""
    on = threading.Event()
    provider.script("m", Stream([*HELLO, Until(on), chunk(content=" world"), finish(), DONE]))
    clients = [Connection(server.port) for _ in range(20)]
    for client in clients:
        client.send(post(ask(stream=True)))
        assert client.head()[0] == 200
    for client in clients[::2]:
        client.close()
    until(lambda: sum(received.ending == "left" for received in provider.requests) == 10, "ten connections are closed")
    on.set()
    for client in clients[1::2]:
        assert b" world" in b"".join(client.chunks())
        client.close()


def test_the_next_request_of_a_connection_does_not_end_the_first(server: Server, provider: FakeUpstream) -> None:
    on = threading.Event()
    provider.script("m", Stream([*HELLO, Until(on), finish(), DONE]), Reply("second"))
    with Connection(server.port) as client:
        client.send(post(ask(stream=True)))
        status, _ = client.head()
        client.send(post(ask()))
        on.set()
        assert (status, b"message_stop" in b"".join(client.chunks())) == (200, True)
        assert client.answer().json["content"] == [{"type": "text", "text": "second"}]
