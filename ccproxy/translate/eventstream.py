"""An incremental decoder for AWS event streams (`application/vnd.amazon.eventstream`), bytes in, frames out.

A frame is a prelude (its whole length, the length of its headers, the CRC32 of these eight bytes), headers, a payload
and the CRC32 of all before it; numbers are big-endian (provider docs, Smithy's event stream specification). Both sums
are checked, and the first before its lengths are believed. Knows nothing of what a payload says.
"""

from __future__ import annotations

import struct
from zlib import crc32

from ccproxy.errors import BadAnswer

Frame = tuple[dict[str, str], bytes]
"""The headers that are strings, by name (`:event-type`), and the payload. The headers are shared: not to be changed."""

_PRELUDE = struct.Struct(">III")
_SUM = struct.Struct(">I")
_LENGTH = struct.Struct(">H")
_LEAST = _PRELUDE.size + _SUM.size

_STRING = 7
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of the header types of one size: true, false, byte, short, integer, long, timestamp, UUID."""
_SIZED = (6, _STRING)
"""Header types that begin with their length: bytes and strings."""

_KEPT = 32
"""How many different header sections a stream remembers, for nearly all of its frames have one of a handful."""


class EventStream:
    """Feed it bytes as they come; it answers with the frames that are complete.

    `failure` is what was wrong with the bytes behind the frames of the last feed; the next feed raises it.
    """

    def __init__(self, limit: int = 16 * 1024 * 1024) -> None:
        """`limit`: the most bytes that a frame may have."""
        self.failure: BadAnswer | None = None
        self._limit = limit
        self._rest: list[bytes] = []  # pieces of the unfinished frame
        self._size = 0  # of them
        self._needed = _PRELUDE.size  # before there is more to say
        self._headers: dict[bytes, dict[str, str]] = {}

    @property
    def unfinished(self) -> bool:
        """Whether the bytes so far end inside of a frame."""
        return self._size > 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`.

        Raises BadAnswer for a wrong sum, an impossible length or header, or a frame over the limit; where frames came
        before it in the same bytes, they are returned first and the error waits in `failure`.
        """
        if self.failure is not None:
            raise self.failure
        frames: list[Frame] = []
        self._rest.append(data)
        self._size += len(data)
        if self._size < self._needed:
            return frames
        buffer = b"".join(self._rest) if len(self._rest) > 1 else data
        end = len(buffer)
        at = 0
        try:
            while (needed := self._frame_size(buffer, at, end)) <= end - at:
                frames.append(self._frame(buffer, at, at + needed))
                at += needed
            self._needed = needed
        except BadAnswer as error:
            self.failure = error
            if not frames:
                raise
        self._rest = [buffer[at:]] if at < end else []
        self._size = end - at
        return frames

    def _frame_size(self, buffer: bytes, at: int, end: int) -> int:
        """The length of the frame that begins at `at`, or of a prelude where not even that is there."""
        if end - at < _PRELUDE.size:
            return _PRELUDE.size
        size, headers, total = _PRELUDE.unpack_from(buffer, at)
        if crc32(buffer[at : at + 8]) != total:
            raise BadAnswer("the provider sent an event whose beginning does not match its checksum")
        if size > self._limit:
            raise BadAnswer(f"the provider sent an event of more than {self._limit} bytes")
        if size < headers + _LEAST:
            raise BadAnswer("the provider sent an event of an impossible length")
        return int(size)

    def _frame(self, buffer: bytes, at: int, end: int) -> Frame:
        body = end - _SUM.size
        if crc32(buffer[at:body]) != _SUM.unpack_from(buffer, body)[0]:
            raise BadAnswer("the provider sent an event that does not match its checksum")
        start = at + _PRELUDE.size
        payload = start + _PRELUDE.unpack_from(buffer, at)[1]
        section = buffer[start:payload]
        headers = self._headers.get(section)
        if headers is None:
            headers = _headers(section)
            if len(self._headers) < _KEPT:
                self._headers[section] = headers
        return headers, buffer[payload:body]


def _headers(section: bytes) -> dict[str, str]:
    """The headers that are strings. Raises BadAnswer."""
    headers: dict[str, str] = {}
    at, end = 0, len(section)
    try:
        while at < end:
            value = at + 1 + section[at] + 1
            name = section[at + 1 : value - 1].decode()
            kind = section[value - 1]
            if kind in _SIZED:
                value += _LENGTH.size
                at = value + _LENGTH.unpack_from(section, value - _LENGTH.size)[0]
            else:
                at = value + _FIXED[kind]
            if at > end:
                raise BadAnswer("the provider sent an event whose headers have no end")
            if kind == _STRING:
                headers[name] = section[value:at].decode()
    except (IndexError, KeyError, UnicodeDecodeError, struct.error) as error:
        raise BadAnswer("the provider sent an event with unreadable headers") from error
    return headers
