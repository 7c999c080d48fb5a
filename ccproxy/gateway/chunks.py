"""Reading a response body as it arrives: everything that is there, in one piece.

http.client hands out one HTTP chunk a call, and streaming providers send one event a chunk, so reading through it
costs four times the CPU of decoding the chunked framing here, on the buffered reader beneath it. That reader is
reached through `raw._fp.fp`, two attributes that are not public; wherever the shape is not as expected (another
transfer coding, compressed, a mocked response) PlainBody reads the public way. Both give the same bytes.
"""

from __future__ import annotations

import http.client
import io
from typing import Any, Protocol

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ccproxy.errors import BadAnswer

# A blocked read holds a buffer of the size it asked for, and hundreds may be blocked; a stream that is faster than we
# are wants large ones. So the next read asks for much only where the last one got much.
_LEAST = 4096
_MOST = 65536
_LINE = 8192  # of framing: a chunk's size with its extensions, or a trailer


class Body(Protocol):
    """A body being read."""

    ended: bool
    """The last byte was read, or the connection was cut."""
    cut: bool
    """The connection ended before the body did."""

    def read(self) -> bytes:
        """What has arrived, waiting for the first byte; `b""` once ended."""

    def release(self) -> None:
        """Give the connection back to the pool; only once ended and not cut."""


def open_body(response: requests.Response) -> Body:
    """The fastest reader that this response allows."""
    raw: Any = response.raw
    original = getattr(raw, "_fp", None)
    reader = getattr(original, "fp", None)
    if (
        isinstance(original, http.client.HTTPResponse)
        and isinstance(reader, io.BufferedReader)
        and original.chunked
        and getattr(original, "chunk_left", None) is None
        and not response.headers.get("content-encoding")
    ):
        return ChunkedBody(raw, original, reader)
    return PlainBody(raw)


class PlainBody:
    """Any body, by `read1`: one HTTP chunk, or what one read of the socket gave."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.ended = False
        self.cut = False

    def read(self) -> bytes:
        """As Body says. Raises TimeoutError where the socket's own timeout passed."""
        if self.ended:
            return b""
        try:
            data: bytes = self._raw.read1(_MOST, decode_content=True)
        except ReadTimeoutError as error:
            raise TimeoutError from error
        except TimeoutError:
            raise
        except (HTTPError, http.client.HTTPException, OSError):
            self.ended = self.cut = True
            return b""
        if not data:
            self.ended = True
        return data

    def release(self) -> None:
        """As Body says."""
        self._raw.release_conn()


class ChunkedBody:
    """A chunked body, decoded here (RFC 9112, section 7.1). Trailers are read and dropped."""

    def __init__(self, raw: Any, original: http.client.HTTPResponse, reader: io.BufferedReader) -> None:
        self._raw = raw
        self._original = original
        self._reader = reader
        self._rest = b""  # framing cut short: the beginning of a size line, or the end of a chunk's CRLF
        self._left = 0  # of the chunk being read, its CRLF included
        self._trailers = False
        self._broken: BadAnswer | None = None
        self._ask = _LEAST
        self.ended = False
        self.cut = False

    def read(self) -> bytes:
        """As Body says. Raises TimeoutError where the socket's own timeout passed, BadAnswer on broken framing."""
        while not self.ended:
            if self._broken:
                raise self._broken
            try:
                data = self._reader.read1(self._ask)
            except TimeoutError:
                raise
            except OSError:
                data = b""
            if not data:
                self.ended = self.cut = True
                break
            self._ask = _MOST if len(data) >= _LEAST else _LEAST
            payload = self._decode(data)
            if payload:
                return payload
        return b""

    def release(self) -> None:
        """As Body says."""
        self._original.close()  # of the response only; the socket stays open
        self._raw.release_conn()

    def _decode(self, data: bytes) -> bytes:
        """The payload in `data`; what remains of the framing is kept for the next piece.

        Payload ahead of broken framing is still an answer: the next `read` raises.
        """
        if self._rest:
            data = self._rest + data
            self._rest = b""
        if self._trailers:
            self._end(data, 0)
            return b""
        pieces: list[bytes] = []
        position, size, left = 0, len(data), self._left
        while position < size:
            if left > 2:
                piece = data[position : position + left - 2]
                pieces.append(piece)
                position += len(piece)
                left -= len(piece)
            elif left:
                skipped = min(left, size - position)
                position += skipped
                left -= skipped
            else:
                try:
                    end = data.find(b"\n", position)
                    if end < 0:
                        self._rest = _bounded(data[position:])
                        break
                    length = _chunk_size(data[position:end])
                    position = end + 1
                    if length == 0:
                        self._trailers = True
                        self._end(data, position)
                        break
                    left = length + 2
                except BadAnswer as error:
                    self._broken = error
                    break
        self._left = left
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _end(self, data: bytes, position: int) -> None:
        """Read the trailer section, up to its empty line."""
        while True:
            end = data.find(b"\n", position)
            if end < 0:
                self._rest = _bounded(data[position:])
                return
            if not data[position:end].strip():
                self.ended = True
                return
            position = end + 1


def _bounded(line: bytes) -> bytes:
    if len(line) > _LINE:
        raise BadAnswer("the provider's chunked framing is broken")
    return line


def _chunk_size(line: bytes) -> int:
    digits = line.split(b";", 1)[0].strip()
    try:
        if digits.isalnum():  # int() would take signs and underscores too
            return int(digits, 16)
    except ValueError:
        pass
    raise BadAnswer("the provider's chunked framing is broken")
