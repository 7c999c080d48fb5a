"""Both readers give the same bytes, however the body was framed and cut."""

from __future__ import annotations

import http.client
import io
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPResponse
from urllib3.exceptions import ReadTimeoutError

from ccproxy.errors import BadAnswer
from ccproxy.gateway.chunks import ChunkedBody, PlainBody, open_body


class Pieces(io.RawIOBase):
    """A socket's reading side that gives one piece a read; an exception among them is raised."""

    def __init__(self, pieces: list[bytes | Exception]) -> None:
        self.pieces = list(pieces)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.pieces:
            return 0
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        size = min(len(piece), len(buffer))
        buffer[:size] = piece[:size]
        if piece[size:]:
            self.pieces.insert(0, piece[size:])
        return size


class Sock:
    def __init__(self, raw: Pieces) -> None:
        self.raw = raw

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self.raw, 65536)


class Connection:
    def close(self) -> None: ...


class Pool:
    def __init__(self) -> None:
        self.returned: list[Any] = []

    def _put_conn(self, connection: Any) -> None:
        self.returned.append(connection)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Nothing is left for the garbage collector, which would close a reader before the response that flushes it."""
    yield
    while OPENED:
        OPENED.pop().close()


OPENED: list[http.client.HTTPResponse] = []
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def response(pieces: list[bytes | Exception], head: bytes = HEAD) -> tuple[requests.Response, Pool]:
    original = http.client.HTTPResponse(Sock(Pieces([head, *pieces])))  # type: ignore[arg-type]
    original.begin()
    OPENED.append(original)
    pool = Pool()
    answer = requests.Response()
    answer.headers.update(dict(original.headers))
    answer.raw = HTTPResponse(
        body=original,
        headers=dict(original.headers),
        status=200,
        preload_content=False,
        original_response=original,
        connection=Connection(),  # type: ignore[arg-type]
        pool=pool,  # type: ignore[arg-type]
    )
    return answer, pool


def framed(chunks: list[bytes], end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(f"{len(chunk):x}".encode() + b"\r\n" + chunk + b"\r\n" for chunk in chunks) + end


def cut(data: bytes, places: list[int]) -> list[bytes | Exception]:
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(edges) if start < end]


def drain(body: ChunkedBody | PlainBody) -> bytes:
    pieces = []
    while piece := body.read():
        pieces.append(piece)
    assert body.ended
    return b"".join(pieces)


def test_the_fast_reader_is_taken_for_plain_chunked_bodies_only() -> None:
    assert isinstance(open_body(response([])[0]), ChunkedBody)
    gzipped = HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    assert isinstance(open_body(response([], gzipped)[0]), PlainBody)
    assert isinstance(open_body(response([], b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")[0]), PlainBody)
    mocked = requests.Response()
    mocked.raw = HTTPResponse(body=io.BytesIO(b"abc"), preload_content=False)
    assert drain(open_body(mocked)) == b"abc"  # type: ignore[arg-type]


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=50), max_size=12),
    places=st.lists(st.integers(0, 2000), max_size=20),
    end=st.sampled_from([b"0\r\n\r\n", b"0;x=1\r\n\r\n", b"000\r\nX-Trailer: a\r\nX-More: b\r\n\r\n", b"0\n\n"]),
)
def test_both_readers_give_the_same_bytes_at_any_cut(chunks: list[bytes], places: list[int], end: bytes) -> None:
    wire = framed(chunks, end)
    fast, pool = response(cut(wire, places))
    body = open_body(fast)
    assert isinstance(body, ChunkedBody)
    assert drain(body) == b"".join(chunks)
    assert not body.cut
    body.release()
    assert len(pool.returned) == 1
    plain = PlainBody(response(cut(wire, places))[0].raw)
    assert drain(plain) == b"".join(chunks)
    assert not plain.cut


def test_byte_by_byte() -> None:
    chunks = [b"data: {}\n\n", b"x" * 300, b"\r\n"]
    wire = framed(chunks)
    body = open_body(response([wire[index : index + 1] for index in range(len(wire))])[0])
    assert drain(body) == b"".join(chunks)  # type: ignore[arg-type]


def test_all_that_has_arrived_comes_in_one_piece() -> None:
    body = open_body(response([framed([b"a", b"b", b"c"], end=b""), framed([b"d"])])[0])
    assert body.read() == b"abc"
    assert body.read() == b"d"
    assert body.read() == b""


@pytest.mark.parametrize("cause", [ConnectionResetError(), None])
@pytest.mark.parametrize("at", [0, 1, 4, 6, 8, 9])
def test_a_cut_connection_is_told_from_an_end(at: int, cause: Exception | None) -> None:
    wire: list[bytes | Exception] = [framed([b"abcd"])[:at]] if at else []
    for kind in (ChunkedBody, PlainBody):
        made = response([*wire, cause] if cause else wire)[0]
        body = open_body(made) if kind is ChunkedBody else PlainBody(made.raw)
        assert b"abcd".startswith(drain(body))  # type: ignore[arg-type]
        assert body.cut


def test_the_sockets_own_timeout_is_no_cut() -> None:
    body = open_body(response([framed([b"ab"], end=b""), TimeoutError()])[0])
    assert body.read() == b"ab"
    with pytest.raises(TimeoutError):
        body.read()
    assert not body.ended

    class Raw:
        def read1(self, *_: Any, **__: Any) -> bytes:
            raise ReadTimeoutError(None, "", "")  # type: ignore[arg-type]

    with pytest.raises(TimeoutError):
        PlainBody(Raw()).read()

    class Quiet:
        def read1(self, *_: Any, **__: Any) -> bytes:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        PlainBody(Quiet()).read()


@pytest.mark.parametrize(
    "wire",
    [b"zz\r\nab\r\n", b"-1\r\n", b"\r\nab", b"1" * 9000, b"0\r\n" + b"x" * 9000],
    ids=lambda wire: repr(wire[:8]),
)
def test_broken_framing_is_a_bad_answer(wire: bytes) -> None:
    with pytest.raises(BadAnswer, match="framing"):
        drain(open_body(response([wire])[0]))  # type: ignore[arg-type]


def test_what_came_ahead_of_broken_framing_is_given_out() -> None:
    body = open_body(response([framed([b"ab"])[:-5] + b"zz\r\n"])[0])  # type: ignore[arg-type]
    assert body.read() == b"ab"
    for _ in range(2):
        with pytest.raises(BadAnswer, match="framing"):
            body.read()


def test_nothing_is_read_after_the_end() -> None:
    plain = PlainBody(response([framed([b"ab"])])[0].raw)
    assert drain(plain) == b"ab"
    assert plain.read() == b""
