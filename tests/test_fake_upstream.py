"""The scripted provider keeps its promises: what the live tests conclude from it rests on these."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_upstream import (
    DONE,
    Cut,
    Exact,
    FakeUpstream,
    Hang,
    Json,
    Pause,
    Refusal,
    Reply,
    Stream,
    Until,
    call,
    chunk,
    closed_port,
    event,
    finish,
    head,
    usage,
)


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:
        yield running


def connect(upstream: FakeUpstream) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=10)


def post(connection: http.client.HTTPConnection, **body: Any) -> http.client.HTTPResponse:
    connection.request("POST", "/v1/chat/completions?x=1", json.dumps(body), {"X-Probe": "yes"})
    return connection.getresponse()


def ask(upstream: FakeUpstream, **body: Any) -> tuple[int, bytes]:
    connection = connect(upstream)
    try:
        answer = post(connection, **body)
        return answer.status, answer.read()
    finally:
        connection.close()


def payloads(stream: bytes) -> list[Any]:
    found = [line.removeprefix(b"data: ") for line in stream.split(b"\n") if line.startswith(b"data: ")]
    return [data if data == b"[DONE]" else json.loads(data) for data in found]


def test_it_records_the_request(upstream: FakeUpstream) -> None:
    ask(upstream, model="m", messages=[])
    seen = upstream.requests[0]
    assert (seen.method, seen.path, seen.query) == ("POST", "/v1/chat/completions", "x=1")
    assert seen.json == {"model": "m", "messages": []}
    assert seen.headers["x-probe"] == "yes"
    assert seen.wait() == "answered"
    assert seen.ended_at is not None
    assert seen.at <= seen.ended_at <= time.monotonic()


def test_a_body_that_is_no_json_is_kept(upstream: FakeUpstream) -> None:
    connection = connect(upstream)
    connection.request("POST", "/", b"{nope")
    connection.getresponse().read()
    connection.close()
    assert upstream.requests[0].json is None
    assert upstream.requests[0].body == b"{nope"


def test_a_chunked_request_is_read_whole(upstream: FakeUpstream) -> None:
    connection = connect(upstream)
    connection.request("POST", "/", iter([b'{"model"', b':"m"}']), encode_chunked=True)
    connection.getresponse().read()
    connection.close()
    assert upstream.requests[0].json == {"model": "m"}


def test_connections_are_kept_and_counted(upstream: FakeUpstream) -> None:
    connection = connect(upstream)
    for _ in range(2):
        post(connection, model="m").read()
    assert [seen.connection for seen in upstream.requests] == [0, 0]
    assert (upstream.connections, upstream.open) == (1, 1)
    connection.close()
    ask(upstream, model="m")
    assert upstream.requests[2].connection == 1
    assert upstream.connections == 2


def test_scripts_by_model_in_order_and_the_last_stays(upstream: FakeUpstream) -> None:
    upstream.script("busy", Refusal(429), Refusal(503), Reply("ready"))
    upstream.script("*", Refusal(418))
    upstream.enqueue(Refusal(402))
    got = [ask(upstream, model="busy")[0] for _ in range(5)]
    assert got == [402, 429, 503, 200, 200]
    assert ask(upstream, model="other")[0] == 418


def test_a_function_may_choose(upstream: FakeUpstream) -> None:
    upstream.script("m", lambda received: Reply(f"{len(received.json['messages'])} messages"))
    _, body = ask(upstream, model="m", messages=[1, 2])
    assert json.loads(body)["choices"][0]["message"]["content"] == "2 messages"


def test_models(upstream: FakeUpstream) -> None:
    upstream.models = ["a", "b"]
    connection = connect(upstream)
    connection.request("GET", "/v1/models")
    assert [model["id"] for model in json.loads(connection.getresponse().read())["data"]] == ["a", "b"]
    upstream.models_answer = Refusal(404)
    connection.request("GET", "/v1/models")
    assert connection.getresponse().status == 404
    connection.close()
    assert len(upstream.listings) == 2
    assert not upstream.requests


def test_a_reply_as_json(upstream: FakeUpstream) -> None:
    upstream.script("m", Reply("Hi.", calls=(("call_1", "look", {"at": 1}),), reasoning="Hm."))
    status, body = ask(upstream, model="m")
    answer = json.loads(body)
    message = answer["choices"][0]["message"]
    assert status == 200
    assert (message["content"], message["reasoning_content"]) == ("Hi.", "Hm.")
    assert message["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"at": 1}'}
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    assert answer["usage"]["total_tokens"] == 10


def test_a_reply_as_a_stream(upstream: FakeUpstream) -> None:
    upstream.script("m", Reply("two  words", calls=(("call_1", "look", {"at": 1}),)))
    _, body = ask(upstream, model="m", stream=True, stream_options={"include_usage": True})
    *chunks, last = payloads(body)
    assert last == b"[DONE]"
    deltas = [choice["delta"] for made in chunks for choice in made["choices"]]
    assert "".join(delta.get("content", "") for delta in deltas) == "two  words"
    fragments = [part["function"] for delta in deltas for part in delta.get("tool_calls", ())]
    assert fragments[0]["name"] == "look"
    assert "".join(part["arguments"] for part in fragments) == '{"at": 1}'
    assert chunks[-1]["usage"]["prompt_tokens"] == 7


def test_a_stream_without_being_asked_for_usage_has_none(upstream: FakeUpstream) -> None:
    _, body = ask(upstream, model="m", stream=True)
    assert all("usage" not in made for made in payloads(body)[:-1])


PIECES = [chunk(content="a"), b": keep-alive\n\n", Pause(0.001), finish(), usage(1, 2), DONE]
WHOLE = b"".join(
    piece if isinstance(piece, bytes) else event(piece) for piece in PIECES if not isinstance(piece, Pause)
)


@pytest.mark.parametrize("framing", ["chunked", "close"])
@pytest.mark.parametrize("drip", [None, 7])
@pytest.mark.parametrize("zipped", [False, True])
def test_streams_arrive_as_written(upstream: FakeUpstream, framing: str, drip: int | None, zipped: bool) -> None:
    upstream.script("m", Stream(PIECES, framing=framing, drip=drip, gzip=zipped))
    connection = connect(upstream)
    answer = post(connection, model="m")
    body = answer.read()
    connection.close()
    assert (gzip.decompress(body) if zipped else body) == WHOLE
    assert answer.getheader("Transfer-Encoding") == ("chunked" if framing == "chunked" else None)
    assert answer.getheader("Content-Encoding") == ("gzip" if zipped else None)
    assert upstream.requests[0].wait() == "answered"


def test_each_piece_is_a_chunk_of_its_own(upstream: FakeUpstream) -> None:
    upstream.script("m", Stream([b"one", b"three"]))
    with socket.create_connection(("127.0.0.1", upstream.port)) as sock:
        sock.sendall(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{"model":"m"}')
        got = b""
        while not got.endswith(b"0\r\n\r\n"):
            got += sock.recv(4096)
    assert got.endswith(b"\r\n\r\n3\r\none\r\n5\r\nthree\r\n0\r\n\r\n")


def test_json_with_gzip_status_and_headers(upstream: FakeUpstream) -> None:
    upstream.script("m", Json({"error": "odd"}, status=529, headers={"Retry-After": "3"}, gzip=True))
    connection = connect(upstream)
    answer = post(connection, model="m")
    assert (answer.status, answer.getheader("Retry-After")) == (529, "3")
    assert json.loads(gzip.decompress(answer.read())) == {"error": "odd"}
    connection.close()


def test_a_refusal_has_the_form_of_the_api(upstream: FakeUpstream) -> None:
    upstream.script("m", Refusal(429, "slow down", type="rate_limit", code="rpm", headers={"Retry-After": "2"}))
    connection = connect(upstream)
    answer = post(connection, model="m")
    assert (answer.status, answer.getheader("Retry-After")) == (429, "2")
    error = json.loads(answer.read())["error"]
    assert error == {"message": "slow down", "type": "rate_limit", "param": None, "code": "rpm"}
    connection.close()


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_stream_is_incomplete(upstream: FakeUpstream, reset: bool) -> None:
    upstream.script("m", Stream([chunk(content="a"), Cut(reset=reset)]))
    connection = connect(upstream)
    answer = post(connection, model="m")
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        answer.read()
    connection.close()
    assert upstream.requests[0].wait() == "cut"


def test_cut_before_the_head(upstream: FakeUpstream) -> None:
    upstream.script("m", Exact(Cut()))
    connection = connect(upstream)
    with pytest.raises(ConnectionError):
        post(connection, model="m")
    connection.close()


LEFT_AT = {
    "before the head": Exact(Hang()),
    "after the head": Exact(head(200, {"Content-Length": "5"}), Hang()),
    "in the middle": Stream([chunk(content="a"), Hang()]),
    "in a pause": Stream([chunk(content="a"), Pause(300), DONE]),
    "while speaking": Stream([event(chunk(content="a"))] * 100_000, pause=0.001),
}


@pytest.mark.parametrize("answer", LEFT_AT.values(), ids=LEFT_AT.keys())
def test_it_notices_when_the_client_leaves(upstream: FakeUpstream, answer: Any) -> None:
    upstream.script("m", answer)
    with socket.create_connection(("127.0.0.1", upstream.port)) as sock:
        sock.sendall(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{"model":"m"}')
        seen = upstream.wait_for()
        assert seen.ending is None
        left_at = time.monotonic()
    assert seen.wait() == "left"
    assert seen.ended_at is not None
    assert seen.ended_at >= left_at


def test_until_the_test_says_so(upstream: FakeUpstream) -> None:
    go_on = threading.Event()
    upstream.script("m", Stream([chunk(content="a"), Until(go_on), DONE]))
    connection = connect(upstream)
    answer = post(connection, model="m")
    first = answer.readline()
    assert b'"a"' in first
    assert upstream.requests[0].ending is None
    go_on.set()
    assert answer.read().endswith(DONE)
    connection.close()


def test_a_pipelined_request_is_no_leaving(upstream: FakeUpstream) -> None:
    go_on = threading.Event()
    upstream.script("m", Stream([Until(go_on), DONE]), Json({"second": True}))
    request = b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{"model":"m"}'
    with socket.create_connection(("127.0.0.1", upstream.port)) as sock:
        sock.sendall(request)
        upstream.wait_for()
        sock.sendall(request)
        go_on.set()
        got = b""
        while not got.endswith(b'{"second": true}'):
            got += sock.recv(4096)
    assert [seen.wait() for seen in upstream.requests] == ["answered", "answered"]


def test_parallel_tool_calls_can_be_spelled_out() -> None:
    made = chunk(tool_calls=[call(0, id="a", name="look"), call(1, "{}")])
    assert made["choices"][0]["delta"]["tool_calls"] == [
        {"index": 0, "function": {"arguments": "", "name": "look"}, "id": "a", "type": "function"},
        {"index": 1, "function": {"arguments": "{}"}},
    ]


def test_waiting_for_a_request_that_never_comes(upstream: FakeUpstream) -> None:
    with pytest.raises(TimeoutError, match="0 of 1"):
        upstream.wait_for(1, limit=0.01)


def test_forget(upstream: FakeUpstream) -> None:
    upstream.script("m", Refusal(500))
    upstream.enqueue(Refusal(501))
    assert ask(upstream, model="m")[0] == 501
    upstream.forget()
    assert not upstream.requests
    assert ask(upstream, model="m")[0] == 200


def test_it_leaves_nothing_behind() -> None:
    before = threading.active_count()
    with FakeUpstream() as upstream:
        upstream.script("m", Exact(Hang()))
        with socket.create_connection(("127.0.0.1", upstream.port)) as sock:
            sock.sendall(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{"model":"m"}')
            seen = upstream.wait_for()
            upstream.stop()
            assert seen.wait() == "cut"
            assert sock.recv(1) == b""
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", upstream.port)):
        pass


def test_a_closed_port_refuses() -> None:
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", closed_port())):
        pass
