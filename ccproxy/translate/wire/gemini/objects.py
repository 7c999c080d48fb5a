"""JSON objects one after the other, cut anywhere: how Gemini streams without server-sent events.

The stream is an array of objects; what stands between them is passed over, so that objects without an array, on
lines or alone, are understood as well.
"""

from __future__ import annotations

from ccproxy.errors import BadAnswer
from ccproxy.translate.calls import ObjectEnd

LIMIT = 16 * 1024 * 1024
"""Bytes of one object: images come in one piece."""
_PIECE = 64 * 1024
"""Bytes that are looked at in one go: what lies behind an object is copied with each one."""


class Objects:
    """Finds the objects in a stream's bytes; each byte is looked at once."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._end: ObjectEnd | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The objects that `data` completes. Raises BadAnswer for one that does not end."""
        found: list[bytes] = []
        for start in range(0, len(data), _PIECE):
            self._feed(data[start : start + _PIECE], found)
        return found

    def _feed(self, data: bytes, found: list[bytes]) -> None:
        text = data.decode("latin-1")  # a character for each byte, and what structures JSON is ASCII
        at = 0
        while at < len(data):
            if self._end is None:
                at = data.find(b"{", at)
                if at < 0:
                    return
                self._end = ObjectEnd()
            length = self._end.feed(text[at:] if at else text)
            if length < 0:
                self._grow(data[at:])
                return
            found.append(b"".join([*self._parts, data[at : at + length]]))
            self._parts = []
            self._size = 0
            self._end = None
            at += length

    def _grow(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > self._limit:
            raise BadAnswer("the provider sent an object that does not end")
