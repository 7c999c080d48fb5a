"""What clients should not send, over real sockets: every answer is JSON in the one form, and the server stays up."""

from __future__ import annotations

import json

import pytest

from tests.fake_upstream import FakeUpstream, Reply
from tests.live.raw import Connection, ask, post, request, row_of
from tests.live.server import Server

HEAD = b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = json.dumps(ask()).encode()
KEYLIKE = "sk-client-secret-0123456789"

# --- what is not HTTP ---------------------------------------------------------------------------------------------

NOT_HTTP = {
    "nonsense": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", 400),
    "two words": (b"GET /health\r\n\r\n", 400),
    "a lower case method": (b"get /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "an unknown version": (b"GET /health HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", 400),
    "raw bytes in the path": (b"GET /h\xc3\xa4alth HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
    "bare line feeds": (b"GET /health HTTP/1.1\nHost: 127.0.0.1\n\n", 400),
    "a header without a colon": (
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key " + KEYLIKE.encode() + b"\r\n\r\n",
        400,
    ),
    "a space before the colon": (b"GET /health HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", 400),
    "a control byte in a header": (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: a\x00b\r\n\r\n", 400),
    "a folded header": (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: a\r\n b\r\n\r\n", 400),
    "two hosts": (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: localhost\r\n\r\n", 400),
    "two lengths": (HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    "a length of words": (HEAD + b"Content-Length: many\r\n\r\n", 400),
    "a negative length": (HEAD + b"Content-Length: -1\r\n\r\n", 400),
    "a length and chunks": (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks twice": (HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "no chunks at the end": (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 400),
    "an unknown transfer coding": (HEAD + b"Transfer-Encoding: brotli\r\n\r\n", 501),
    "an unknown expectation": (HEAD + b"Expect: a-miracle\r\nContent-Length: 2\r\n\r\n{}", 417),
    "a long request line": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414),
    "a long header": (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: " + b"a" * 20000 + b"\r\n\r\n", 431),
    "many headers": (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: a\r\n" * 200 + b"\r\n", 431),
}


@pytest.mark.parametrize("what", NOT_HTTP)
def test_what_is_not_http_is_told_so_in_json(server: Server, what: str) -> None:
    sent, status = NOT_HTTP[what]
    with Connection(server.port) as client:
        answer = client.send(sent).answer()
        assert answer.status == status
        kind, message = answer.error
        assert kind == "invalid_request_error"
        assert "HTTP" in message
        assert KEYLIKE not in message
        assert answer.headers["connection"] == "close"
        assert client.rest() == b""
    assert KEYLIKE not in server.log.read_text()


def test_a_long_beta_list_is_no_long_header(server: Server, provider: FakeUpstream) -> None:
    with Connection(server.port) as client:
        answer = client.send(post(ask(), {"anthropic-beta": "x" * 12000})).answer()
    assert answer.status == 200


# --- bodies that are not what was announced -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "framing",
    [
        b"xyz\r\n{}\r\n0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}0\r\n\r\n",
        b"2;ext=\x01\r\n{}\r\n0\r\n\r\n",
        b"\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}\r\n0\r\nContent-Length: 4\r\n\r\n",
    ],
)
def test_bad_framing_of_a_body_is_the_clients_fault(server: Server, framing: bytes) -> None:
    with Connection(server.port) as client:
        answer = client.send(CHUNKED + framing).answer()
        assert (answer.status, answer.error[0]) == (400, "invalid_request_error")
        assert client.rest() == b""
    assert server.row(answer.headers["request-id"])["status"] == 400


@pytest.mark.parametrize("sent", [HEAD + b"Content-Length: 5000\r\n\r\n" + BODY, CHUNKED + b"1000\r\n" + BODY, CHUNKED])
def test_a_body_that_ends_early_goes_nowhere(server: Server, provider: FakeUpstream, sent: bytes) -> None:
    with Connection(server.port) as client:
        answer = client.send(sent).half_close().answer()
        assert (answer.status, answer.error[0]) == (400, "invalid_request_error")
    assert provider.requests == []


def test_a_client_that_leaves_within_its_body_has_its_row(server: Server, provider: FakeUpstream) -> None:
    agent = "leaves-within-its-body"
    with Connection(server.port) as client:
        client.send(HEAD + f"User-Agent: {agent}\r\nContent-Length: 5000\r\n\r\n".encode() + BODY)
        client.close(reset=True)
    assert row_of(server, agent)["status"] in (400, 499)
    assert provider.requests == []


# --- bodies that are not JSON ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens", "/providers"])
def test_only_json_is_read(server: Server, path: str, declared: str) -> None:
    with Connection(server.port) as client:
        answer = client.send(post(ask(), {"Content-Type": declared}, path)).answer()
    assert (answer.status, answer.error[0]) == (415, "invalid_request_error")


DEEP = 200_000
NOT_JSON = {
    "nothing": b"",
    "half an object": b'{"model": "fake/m"',
    "two values": b"{} {}",
    "words": b"hello",
    "a list": b"[]",
    "null": b"null",
    "NaN": BODY.replace(b"50", b"NaN"),
    "infinity": BODY.replace(b"50", b"-Infinity"),
    "a number out of range": BODY.replace(b"50", b"1e999"),
    "UTF-16": BODY.decode().encode("utf-16"),
    "a raw control byte": BODY.replace(b"hi", b"\x00"),
    "deep lists": b'{"model": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep objects": b'{"messages": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "depth in what is handed on": json.dumps(
        ask(tools=[{"name": "t", "input_schema": "DEEP"}])
    ).encode().replace(b'"DEEP"', b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    "depth that is unknown": BODY[:-1] + b', "unknown": ' + b"[" * DEEP + b"]" * DEEP + b"}",
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_JSON)
def test_bodies_that_cannot_be_read(server: Server, provider: FakeUpstream, what: str) -> None:
    with Connection(server.port) as client:
        answer = client.send(post(NOT_JSON[what])).answer()
        assert (answer.status, answer.error[0]) == (400, "invalid_request_error")
        assert client.send(request("GET", "/api/hello")).answer().status == 200
    assert provider.requests == []


@pytest.mark.parametrize(
    ("sent", "arrived"),
    [(rb"a\ud83d b", "a\ufffd b"), (b"\xff\xfe", "\ufffd\ufffd"), (b"\xc0\x80", "\ufffd\ufffd"), (rb"\u0000", "\0")],
)
def test_broken_text_is_repaired(server: Server, provider: FakeUpstream, sent: bytes, arrived: str) -> None:
    """JavaScript sends lone surrogates, and a 400 would not make it stop."""
    with Connection(server.port) as client:
        assert client.send(post(BODY.replace(b"hi", sent))).answer().status == 200
    assert provider.requests[0].json["messages"][-1]["content"] == arrived


# --- methods and paths ----------------------------------------------------------------------------------------------

PATHS = {
    "/": {"GET", "HEAD", "OPTIONS"},
    "/health": {"GET", "HEAD", "OPTIONS"},
    "/api/hello": {"GET", "HEAD", "OPTIONS"},
    "/status": {"GET", "HEAD", "OPTIONS"},
    "/v1/models": {"GET", "HEAD", "OPTIONS"},
    "/v1/models/fake/model-x": {"GET", "HEAD", "OPTIONS"},
    "/providers": {"GET", "HEAD", "OPTIONS", "POST"},
    "/providers/fake": {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"},
    "/providers/fake/toggle": {"OPTIONS", "PATCH"},
    "/v1/messages": {"OPTIONS", "POST"},
    "/v1/messages/count_tokens": {"OPTIONS", "POST"},
}
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW"]


@pytest.mark.parametrize("path", PATHS)
def test_methods(server: Server, provider: FakeUpstream, path: str) -> None:
    with Connection(server.port) as client:
        for method in METHODS:
            if method in PATHS[path] and method not in ("GET", "HEAD", "OPTIONS"):
                continue  # these change something, and have their own tests
            answer = client.send(request(method, path)).answer(bodiless=method == "HEAD")
            assert answer.headers["request-id"], method
            if method in PATHS[path]:
                assert answer.status == 200, method
                continue
            assert answer.status == 405, method
            assert set(answer.headers["allow"].split(", ")) == PATHS[path]
            if method != "HEAD":
                assert answer.error[0] == "invalid_request_error"


@pytest.mark.parametrize(
    "target",
    [
        "/nowhere",
        "/v1/messages/batches",
        "/v1//messages",
        "/../etc/passwd",
        "/%00",
        "/%ff%fe",
        "/%F0%9F%90%8D",
        "/favicon.ico",
        "/providers/none-such",
        "/v1/models/none-such",
    ],
)  # fmt: skip
def test_paths_that_are_none(server: Server, target: str) -> None:
    with Connection(server.port) as client:
        for method in ("GET", "POST", "BREW", "OPTIONS"):
            answer = client.send(request(method, target)).answer()
            if answer.status in (200, 405):
                assert method == "OPTIONS" or answer.status == 405
                assert answer.headers["allow"], method
            else:
                assert (answer.status, answer.error[0]) == (404, "not_found_error"), method
        assert client.send(request("HEAD", target)).answer(bodiless=True).status == 404


# --- connections ----------------------------------------------------------------------------------------------------


def test_one_connection_for_streams_and_answers(server: Server, provider: FakeUpstream) -> None:
    provider.script("m", Reply("a b c"))
    with Connection(server.port) as client:
        for stream in (True, False, True, True, False):
            answer = client.send(post(ask(stream=stream))).answer()
            assert answer.status == 200
            assert answer.headers["connection"] == "keep-alive"
            if stream:
                assert answer.events[-1]["type"] == "message_stop"
            else:
                assert answer.json["content"] == [{"type": "text", "text": "a b c"}]
    assert len({received.connection for received in provider.requests}) <= server.workers


def test_requests_may_be_sent_ahead(server: Server, provider: FakeUpstream) -> None:
    provider.script("m", *[Reply(f"answer {number}", pause=0.01) for number in range(4)])
    with Connection(server.port) as client:
        client.send(post(ask(stream=True)) + post(ask()), post(ask(stream=True)), post(ask()))
        answers = [client.answer() for _ in range(4)]
    assert [answer.status for answer in answers] == [200] * 4
    for number, answer in enumerate(answers):
        assert f'"{number}"' in answer.body.decode() or f"answer {number}" in answer.body.decode()


def test_a_client_may_ask_before_it_sends(server: Server, provider: FakeUpstream) -> None:
    with Connection(server.port) as client:
        client.send(HEAD + f"Expect: 100-continue\r\nContent-Length: {len(BODY)}\r\n\r\n".encode())
        assert client.head() == (100, {})
        assert client.send(BODY).answer().status == 200


def test_an_old_client_gets_its_stream_to_the_end_of_the_connection(server: Server, provider: FakeUpstream) -> None:
    with Connection(server.port) as client:
        client.send(post(ask(stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0"))
        status, headers = client.head()
        assert (status, headers["connection"]) == (200, "close")
        assert client.rest().endswith(b'data: {"type":"message_stop"}\n\n')


def test_a_head_that_does_not_end_is_not_waited_for(server: Server) -> None:
    with Connection(server.port) as client:
        client.send(b"POST /v1/messages HTTP/1.1\r\nHost: 127")
        assert client.rest() == b""


def test_a_connection_that_ends_after_an_answer_nobody_reads(server: Server, provider: FakeUpstream) -> None:
    """What has not been sent to a closed connection is nobody's error."""
    for _ in range(5):
        with Connection(server.port) as client:
            client.send(request("GET", "/health"))
            client.close(reset=True)
    assert server.healthy()
