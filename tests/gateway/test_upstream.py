"""Sending to real sockets: what comes back, and what each way of failing is called."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import gevent
import pytest
import requests
import responses

from ccproxy.errors import BadAnswer, DeadlinePassed, Unreachable
from ccproxy.gateway import upstream as module
from ccproxy.gateway.upstream import Answer, Silence, Upstream
from tests.fake_upstream import Cut, Exact, FakeUpstream, Json, Pause, Refusal, Stream, chunk, closed_port, head

BODY = b'{"model":"m"}'


def client(**more: float) -> Upstream:
    return Upstream(**{"connect": 5.0, "idle": 30.0, **more})


def soon() -> float:
    return time.monotonic() + 30


def post(upstream: Upstream, base: str, **headers: str) -> Answer:
    return upstream.send("POST", base + "/chat/completions", {"content-type": "application/json", **headers}, BODY)


def test_a_request_is_sent_as_it_was_made() -> None:
    with FakeUpstream() as provider:
        provider.enqueue(Json({"ok": True}))
        answer = post(client(), provider.base_url, authorization="Bearer k", **{"user-agent": "mine"})
        assert (answer.status, answer.is_event_stream) == (200, False)
        assert json.loads(answer.read_all(soon())) == {"ok": True}
        [seen] = provider.requests
    assert seen.body == BODY
    headers = {name.lower(): value for name, value in seen.headers.items()}
    assert headers["authorization"] == "Bearer k"
    assert headers["user-agent"] == "mine"
    assert headers["accept-encoding"] == "identity"
    assert headers["content-length"] == str(len(BODY))
    assert "cookie" not in headers


def test_a_connection_is_used_again_once_the_answer_was_read_to_its_end() -> None:
    with FakeUpstream() as provider:
        upstream = client()
        provider.enqueue(Stream([chunk(content="a")]), Json({}), Refusal(400, "no"), Json({}))
        for _ in range(4):
            answer = post(upstream, provider.base_url)
            answer.read_all(soon())
        assert len({seen.connection for seen in provider.requests}) == 1


def test_an_answer_that_is_let_go_of_closes_its_connection() -> None:
    with FakeUpstream() as provider:
        upstream = client()
        provider.enqueue(Stream([chunk(content="a"), Pause(20)]))
        answer = post(upstream, provider.base_url)
        assert b"a" in answer.read(30)
        answer.close()
        assert provider.requests[0].wait() == "left"


def test_an_answer_nobody_read_closes_its_connection_too() -> None:
    with FakeUpstream() as provider:
        provider.enqueue(Stream([chunk(content="a"), Pause(20)]))
        post(client(), provider.base_url).close()
        assert provider.requests[0].wait() == "left"


@pytest.mark.parametrize(
    ("kind", "stream"),
    [("text/event-stream; charset=utf-8", True), ("application/json", False), ("text/html", False), ("", True)],
)
def test_event_streams_are_known_by_their_type(kind: str, stream: bool) -> None:
    made = requests.Response()
    made.headers["Content-Type"] = kind
    assert Answer(made, 1).is_event_stream is stream


def test_nobody_listens() -> None:
    with pytest.raises(Unreachable, match=r"could not be reached: .*refused"):
        post(client(), f"http://127.0.0.1:{closed_port()}/v1")


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[", "nonsense://x"])
def test_an_impossible_url_is_unreachable(url: str) -> None:
    with pytest.raises(Unreachable):
        post(client(), url)


def test_a_connection_that_is_cut_before_the_head() -> None:
    with FakeUpstream() as provider:
        provider.enqueue(Exact(Cut()))
        with pytest.raises(Unreachable):
            post(client(), provider.base_url)
        assert len(provider.requests) == 1, "nothing is sent twice"


def test_a_kept_connection_that_was_gone_is_replaced() -> None:
    with FakeUpstream() as provider:
        upstream = client()
        provider.enqueue(Json({}), Exact(Cut()), Json({"ok": True}))
        post(upstream, provider.base_url).read_all(soon())
        assert json.loads(post(upstream, provider.base_url).read_all(soon())) == {"ok": True}
        first, gone, last = provider.requests
    assert first.connection == gone.connection != last.connection
    assert gone.body == last.body == BODY


def test_a_head_that_never_comes() -> None:
    with FakeUpstream() as provider:
        provider.enqueue(Exact(Pause(20)))
        with pytest.raises(DeadlinePassed, match=r"nothing for 0\.05 s"):
            post(client(idle=0.05), provider.base_url)


def test_connecting_takes_too_long() -> None:
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    filling = []
    try:
        for _ in range(8):  # the kernel keeps a few more than asked for
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            filling.append(filler)
        with pytest.raises(DeadlinePassed, match="connecting"):
            post(client(connect=0.05), f"http://127.0.0.1:{full.getsockname()[1]}")
    finally:
        for filler in filling:
            filler.close()
        full.close()


@pytest.mark.parametrize("reset", [False, True])
def test_a_body_that_is_cut(reset: bool) -> None:
    with FakeUpstream() as provider:
        provider.enqueue(
            Exact(head(200, {"Content-Type": "application/json", "Content-Length": "90"}), b"{", Cut(reset))
        )
        answer = post(client(), provider.base_url)
        with pytest.raises(Unreachable, match="in the middle"):
            answer.read_all(soon())


class Body:
    """A body without a socket: one scripted read after the other."""

    ended = False
    cut = False

    def __init__(self, *reads: Any) -> None:
        self.reads = list(reads)

    def read(self) -> bytes:
        step = self.reads.pop(0)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, float):
            gevent.sleep(step)
            return b"late"
        return bytes(step)

    def release(self) -> None: ...


def answer_with(monkeypatch: pytest.MonkeyPatch, *reads: Any, idle: float = 30.0, status: int = 200) -> Answer:
    monkeypatch.setattr(module, "open_body", lambda _: Body(*reads))
    made = requests.Response()
    made.status_code = status
    made.raw = Body()
    made.close = lambda: None  # type: ignore[method-assign]
    return Answer(made, idle)


def test_silence_is_told_and_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = answer_with(monkeypatch, 30.0, b"x", TimeoutError())
    with pytest.raises(Silence):
        answer.read(0.01)
    assert answer.read(1) == b"x"
    with pytest.raises(Silence):
        answer.read(1)


@pytest.mark.parametrize("reads", [[b""], [b"x", b""], [30.0], [b"x", BadAnswer("broken")]])
def test_after_the_answer_nothing_matters(monkeypatch: pytest.MonkeyPatch, reads: list[Any]) -> None:
    answer_with(monkeypatch, *reads).finish()


def test_an_answer_that_goes_on_after_its_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(Body):
        def read(self) -> bytes:
            return b"x"

    answer = answer_with(monkeypatch)
    monkeypatch.setattr(module, "open_body", lambda _: Endless())
    answer.finish()
    assert answer.read(1) == b"x"


@pytest.mark.parametrize("deadline", [0.0, 3600.0])
def test_a_whole_body_has_its_deadlines(monkeypatch: pytest.MonkeyPatch, deadline: float) -> None:
    answer = answer_with(monkeypatch, b"x", 30.0, idle=0.01)
    with pytest.raises(DeadlinePassed, match="did not end in time"):
        answer.read_all(time.monotonic() + deadline)


def test_a_body_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_JSON_LIMIT", 10)
    monkeypatch.setattr(module, "_ERROR_LIMIT", 10)
    with pytest.raises(BadAnswer, match="larger than 10 bytes"):
        answer_with(monkeypatch, b"12345", b"67890", b"1").read_all(soon())
    cut = answer_with(monkeypatch, b"12345", b"67890", b"1", status=500).read_all(soon())
    assert cut == b"12345678901", "of an error the beginning will do"


def test_get_reads_all_in_time() -> None:
    with FakeUpstream() as provider:
        status, body = client().get(provider.base_url + "/models", {}, 30)
        assert status == 200
        assert b"data" in body
    with pytest.raises(Unreachable):
        client().get(f"http://127.0.0.1:{closed_port()}/models", {}, 30)


@responses.activate
def test_mocked_responses_are_read_too() -> None:
    responses.post("http://provider.test/v1/chat/completions", body=b"abc", status=201)
    answer = post(client(), "http://provider.test/v1")
    assert (answer.status, answer.read_all(soon())) == (201, b"abc")
