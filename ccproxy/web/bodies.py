"""Reading a request's body: only JSON, only so much of it, only so long.

The bytes come from `wsgi.input` itself, so that nothing is parsed or kept twice. A body that is refused is read no
further and its connection ends, because where the next request would start on it is unknown.
"""

from __future__ import annotations

import socket
from typing import Any

import gevent
import msgspec
from flask import Response, after_this_request, request
from gunicorn.http.errors import ParseException

from ccproxy.errors import ClientError, InvalidRequest, RequestTooLarge, SlowRequest, UnsupportedMediaType

# How long a client that still sends may take to notice the answer: a socket that is closed with unread bytes in
# it is reset, and the reset can overtake the answer.
LINGER = 1.0
LINGER_STEP = 65536
# int() of a longer text of digits would be slow or refused
LONGEST_NUMBER = 18


def read_body(max_bytes: int, timeout: float, wanted: str = "application/json") -> bytes:
    """The current request's body of the type `wanted`, at most `max_bytes`, read within `timeout` seconds.

    Raises UnsupportedMediaType (not declared as that, or compressed), RequestTooLarge, SlowRequest, and
    InvalidRequest for a body that ends early or is framed wrongly.
    """
    environ = request.environ
    try:
        _check_type(environ, wanted)
        return _read(environ, max_bytes, timeout)
    except ClientError:
        _end_connection(environ)
        raise


def read_document(max_bytes: int, timeout: float) -> Any:
    """The current request's body as the JSON that it is. Raises as `read_body`, and InvalidRequest for no JSON."""
    body = read_body(max_bytes, timeout)
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("body: is not valid JSON") from None


def has_body() -> bool:
    """Whether the current request announces a body."""
    environ = request.environ
    return environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ


def check_json() -> None:
    """Raise UnsupportedMediaType unless the current request's body is declared as plain JSON."""
    _check_type(request.environ, "application/json")


def _check_type(environ: dict[str, Any], wanted: str) -> None:
    media = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if media != wanted:
        given = f", not {media[:80]}" if media else ""
        raise UnsupportedMediaType(f"the body must be sent as Content-Type: {wanted}{given}")
    encoding = environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMediaType(f"Content-Encoding {encoding[:80]} is not supported; send the body uncompressed")


def _read(environ: dict[str, Any], max_bytes: int, timeout: float) -> bytes:
    length = _declared_length(environ)
    if length is None and "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return b""
    # One byte more than allowed tells a longer body from one that just fits
    wanted = max_bytes + 1 if length is None else length
    if length is not None and length > max_bytes:
        raise _too_large(max_bytes)
    try:
        with gevent.Timeout(timeout, SlowRequest(f"the body did not arrive within {timeout:g} seconds")):
            body: bytes = environ["wsgi.input"].read(wanted)
    except (OSError, ParseException):
        raise InvalidRequest("the body is framed wrongly or ended early") from None
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    if length is not None and len(body) < length:
        raise InvalidRequest(f"the body ended after {len(body)} of the {length} bytes that Content-Length announced")
    return body


def _declared_length(environ: dict[str, Any]) -> int | None:
    text = environ.get("CONTENT_LENGTH") or ""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise InvalidRequest("Content-Length is not a number of bytes")
    return int(text)


def _too_large(max_bytes: int) -> RequestTooLarge:
    size = f"{max_bytes / 2**20:g} MB" if max_bytes >= 2**20 else f"{max_bytes} bytes"
    return RequestTooLarge(f"the body is larger than the maximum of {size}")


def _end_connection(environ: dict[str, Any]) -> None:
    """Have the connection end after the answer to this request."""
    # gunicorn's own mark of a body after which the connection cannot be used again
    if hasattr(environ["wsgi.input"], "failed"):
        environ["wsgi.input"].failed = True
    connection = environ.get("gunicorn.socket")
    if connection is not None:

        @after_this_request
        def end(response: Response) -> Response:
            response.call_on_close(lambda: _linger(connection))
            return response


def _linger(connection: socket.socket) -> None:
    """Say that nothing more will be sent, then throw away what still arrives until the client hangs up, for a while."""
    try:
        connection.shutdown(socket.SHUT_WR)
        with gevent.Timeout(LINGER, TimeoutError):
            while connection.recv(LINGER_STEP):
                pass
    except OSError:
        pass
