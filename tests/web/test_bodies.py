"""Reading a body, as gunicorn hands it over and as Flask's test client does."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.errors import NoMoreData
from gunicorn.http.unreader import IterUnreader

from ccproxy.web import bodies, errors
from ccproxy.web.bodies import has_body, read_body
from tests.web.test_errors import assert_error

LIMIT = 1000
JSON = {"CONTENT_TYPE": "application/json"}


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("bodies")
    errors.register(app)

    @app.post("/read")
    def read() -> Response:
        return Response(read_body(LIMIT, 5.0))

    @app.post("/impatient")
    def impatient() -> Response:
        return Response(read_body(LIMIT, 0.01))

    @app.post("/large")
    def large() -> Response:
        return Response(read_body(2 * 2**20, 5.0))

    @app.route("/has", methods=["POST", "GET"])
    def has() -> dict[str, bool]:
        return {"has": has_body()}

    return app.test_client()


def under_gunicorn(sent: list[bytes], length: int | None) -> dict[str, Any]:
    """The environ of a request whose body arrives in these pieces; `length` None: chunked."""
    unreader = IterUnreader(iter(sent))
    reader: Any = (
        ChunkedReader(type("Request", (), {})(), unreader) if length is None else LengthReader(unreader, length)
    )
    environ: dict[str, Any] = {"wsgi.input": Body(reader), "wsgi.input_terminated": True, **JSON}
    if length is None:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    else:
        environ["CONTENT_LENGTH"] = str(length)
    return environ


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


# --- the declaration ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        ' application/json ; profile="x"',
    ],
)
def test_json_is_read(client: FlaskClient, content_type: str) -> None:
    assert client.post("/read", data=b'{"a": 1}', content_type=content_type).data == b'{"a": 1}'


@pytest.mark.parametrize(
    "content_type",
    [
        None, "", "text/plain", "text/plain; application/json", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/jsonp", "application/vnd.api+json", "x" * 500,
    ],
)  # fmt: skip
def test_what_is_not_declared_as_json_is_not_read(client: FlaskClient, content_type: str | None) -> None:
    response = client.post("/read", data=b'{"a": 1}', content_type=content_type)
    message = assert_error(response, 415, "invalid_request_error")["message"]
    assert "application/json" in message
    assert len(message) < 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, identity"])
def test_a_compressed_body_is_refused(client: FlaskClient, encoding: str) -> None:
    response = client.post("/read", data=b"{}", headers={"Content-Encoding": encoding}, content_type="application/json")
    assert encoding in assert_error(response, 415, "invalid_request_error")["message"]


def test_identity_is_no_compression(client: FlaskClient) -> None:
    response = client.post(
        "/read", data=b"{}", headers={"Content-Encoding": "Identity"}, content_type="application/json"
    )
    assert response.data == b"{}"


# --- the size ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, LIMIT - 1, LIMIT])
def test_a_body_that_fits_is_read_whole(client: FlaskClient, size: int) -> None:
    body = b"x" * size
    assert client.post("/read", data=body, content_type="application/json").data == body
    assert client.post("/read", environ_overrides=under_gunicorn([body], size)).data == body
    pieces = [chunk(body[i : i + 7]) for i in range(0, size, 7)]
    assert client.post("/read", environ_overrides=under_gunicorn([*pieces, b"0\r\n\r\n"], None)).data == body


def test_no_length_and_no_chunks_is_no_body(client: FlaskClient) -> None:
    environ = {"wsgi.input": io.BytesIO(b"the next request"), "CONTENT_LENGTH": "", **JSON}
    assert client.post("/read", environ_overrides=environ).data == b""


class Unreadable(io.RawIOBase):
    """An input that must not be touched."""

    failed = False

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("read")


@pytest.mark.parametrize("length", [LIMIT + 1, 10**12])
def test_a_body_announced_as_too_large_is_not_read_at_all(client: FlaskClient, length: int) -> None:
    untouched = Unreadable()
    environ = {"wsgi.input": untouched, "CONTENT_LENGTH": str(length), **JSON}
    error = assert_error(client.post("/read", environ_overrides=environ), 413, "request_too_large")
    assert "1000 bytes" in error["message"]
    assert untouched.failed is True  # gunicorn closes the connection


def test_a_large_maximum_is_told_in_megabytes(client: FlaskClient) -> None:
    environ = {"wsgi.input": Unreadable(), "CONTENT_LENGTH": "99999999", **JSON}
    assert "2 MB" in assert_error(client.post("/large", environ_overrides=environ), 413, "request_too_large")["message"]


def test_chunks_are_read_no_further_than_the_maximum(client: FlaskClient) -> None:
    taken = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield chunk(b"x" * 100)

    environ = under_gunicorn([], None)
    environ["wsgi.input"] = Body(ChunkedReader(type("Request", (), {})(), IterUnreader(endless())))
    assert_error(client.post("/read", environ_overrides=environ), 413, "request_too_large")
    assert len(taken) < 20
    assert environ["wsgi.input"].failed is True


@pytest.mark.parametrize("text", ["-1", "1e3", "0x10", "ten", "١", "+5", "9" * 5000])
def test_a_length_that_is_no_number_is_refused(client: FlaskClient, text: str) -> None:
    environ = {"wsgi.input": Unreadable(), "CONTENT_LENGTH": text, **JSON}
    error = assert_error(client.post("/read", environ_overrides=environ), 400, "invalid_request_error")
    assert "Content-Length" in error["message"]


# --- the end -----------------------------------------------------------------------------------------------------


def test_a_body_that_ends_early_is_not_passed_on(client: FlaskClient) -> None:
    environ = under_gunicorn([b'{"a": 1}'], 100)
    error = assert_error(client.post("/read", environ_overrides=environ), 400, "invalid_request_error")
    assert "8 of the 100 bytes" in error["message"]
    assert environ["wsgi.input"].failed is True


@pytest.mark.parametrize(
    "sent",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"5\r\n{}",
        b"2\r\n{}XX0\r\n\r\n",
        b"2;a b\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}\r\n0\r\nbad trailer\r\n\r\n",
        b"",
    ],
)
def test_chunks_that_make_no_sense_are_the_client_s_fault(client: FlaskClient, sent: bytes) -> None:
    environ = under_gunicorn([sent], None)
    environ["wsgi.input"].reader.req.parse_headers = lambda *_, **__: _raise_no_more()
    error = assert_error(client.post("/read", environ_overrides=environ), 400, "invalid_request_error")
    assert "framed" in error["message"]
    assert environ["wsgi.input"].failed is True


def _raise_no_more() -> None:
    raise NoMoreData()


def test_a_connection_that_breaks_is_the_client_s_fault(client: FlaskClient) -> None:
    class Broken(Unreadable):
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError(104, "reset")

    environ = {"wsgi.input": Broken(), "CONTENT_LENGTH": "5", **JSON}
    assert_error(client.post("/read", environ_overrides=environ), 400, "invalid_request_error")


def test_a_slow_body_is_not_waited_for(client: FlaskClient) -> None:
    class Slow(Unreadable):
        def read(self, size: int = -1) -> bytes:
            gevent.sleep(60)
            return b"{}"

    slow = Slow()
    environ = {"wsgi.input": slow, "CONTENT_LENGTH": "2", **JSON}
    error = assert_error(client.post("/impatient", environ_overrides=environ), 408, "timeout_error")
    assert "0.01 seconds" in error["message"]
    assert slow.failed is True


# --- the connection ----------------------------------------------------------------------------------------------


class Connection:
    """A socket's two methods that lingering needs."""

    def __init__(self, incoming: list[bytes | Exception]) -> None:
        self.incoming = incoming
        self.calls: list[Any] = []

    def shutdown(self, how: int) -> None:
        self.calls.append(how)

    def recv(self, size: int) -> bytes:
        piece = self.incoming.pop(0)
        self.calls.append(piece)
        if isinstance(piece, Exception):
            raise piece
        return piece


@pytest.mark.parametrize("incoming", [[b"more", b"and more", b""], [b"more", ConnectionResetError(104, "reset")]])
def test_after_a_refused_body_the_connection_ends_once_the_answer_is_out(
    client: FlaskClient, incoming: list[bytes | Exception]
) -> None:
    connection = Connection(list(incoming))
    environ = {"wsgi.input": Unreadable(), "CONTENT_LENGTH": "99999", "gunicorn.socket": connection, **JSON}
    response = client.post("/read", environ_overrides=environ)
    assert_error(response, 413, "request_too_large")
    response.close()
    assert connection.calls == [socket.SHUT_WR, *incoming]


def test_a_client_that_never_stops_sending_is_left(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(Connection):
        def recv(self, size: int) -> bytes:
            gevent.sleep(0.001)
            self.calls.append(size)
            return b"x"

    monkeypatch.setattr(bodies, "LINGER", 0.02)
    connection = Endless([])
    environ = {"wsgi.input": Unreadable(), "CONTENT_LENGTH": "99999", "gunicorn.socket": connection, **JSON}
    client.post("/read", environ_overrides=environ).close()
    assert len(connection.calls) > 1


def test_a_good_body_leaves_the_connection_alone(client: FlaskClient) -> None:
    connection = Connection([])
    environ = under_gunicorn([b"{}"], 2) | {"gunicorn.socket": connection}
    client.post("/read", environ_overrides=environ).close()
    assert connection.calls == []
    assert environ["wsgi.input"].failed is False


@pytest.mark.parametrize(
    ("environ", "has"),
    [
        ({"CONTENT_LENGTH": "5"}, True),
        ({"CONTENT_LENGTH": "0"}, False),
        ({"CONTENT_LENGTH": ""}, False),
        ({"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, True),
    ],
)
def test_whether_there_is_a_body(client: FlaskClient, environ: dict[str, str], has: bool) -> None:
    assert client.post("/has", environ_overrides=environ).get_json() == {"has": has}
