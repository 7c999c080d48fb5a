"""An incremental decoder for server-sent events, bytes in, payloads out.

Follows the WHATWG event stream grammar as far as model providers use it: `data` and `event` fields, CR, LF and
CRLF line ends, comments, a leading byte order mark, input cut anywhere, even inside a UTF-8 sequence or between
CR and LF. A payload is handed out as bytes; nobody has parsed it yet. The unfinished part is capped.
"""

from __future__ import annotations

from ccproxy.errors import BadAnswer

_BOM = b"\xef\xbb\xbf"


class SSEDecoder:
    """Feed it bytes as they come; it answers with the complete events in them as `(event, data)`.

    `event` is `b""` where none was named. Events without data are dropped, as the grammar says.
    """

    def __init__(self, limit: int = 16 * 1024 * 1024) -> None:
        """`limit`: the most bytes an unfinished event may hold; more raises BadAnswer."""
        self._limit = limit
        self._rest: list[bytes] = []  # pieces of the unfinished line
        self._event = b""
        self._data: list[bytes] = []
        self._size = 0  # of both
        self._begun = False

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The events completed by `data`."""
        found: list[tuple[bytes, bytes]] = []
        if self._begun and b"\n" not in data and b"\r" not in data and not self._half_break():
            if data:
                self._rest.append(data)
                self._grow(len(data))
            return found
        buffer = b"".join(self._rest) + data
        self._size -= sum(map(len, self._rest))
        if not self._begun:
            if len(buffer) < len(_BOM) and _BOM.startswith(buffer):
                self._rest = [buffer]
                self._grow(len(buffer))
                return found
            self._begun = True
            buffer = buffer.removeprefix(_BOM)
        held = b""
        if b"\r" in buffer:
            # A CR at the very end may be half of a CRLF: it waits for the next byte.
            held = b"\r" if buffer.endswith(b"\r") else b""
            buffer = buffer[: len(buffer) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = buffer.split(b"\n")
        rest = lines.pop() + held
        self._rest = [rest] if rest else []
        for line in lines:
            self._line(line, found)
        self._grow(len(rest))
        return found

    def close(self) -> list[tuple[bytes, bytes]]:
        """The last event, where the stream ended without the blank line after it."""
        found: list[tuple[bytes, bytes]] = []
        rest = b"".join(self._rest).removesuffix(b"\r")
        self._rest = []
        if rest:
            self._line(rest, found)
        self._line(b"", found)
        return found

    def _half_break(self) -> bool:
        return bool(self._rest) and self._rest[-1].endswith(b"\r")

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._limit:
            raise BadAnswer(f"the provider sent an event of more than {self._limit} bytes")

    def _line(self, line: bytes, found: list[tuple[bytes, bytes]]) -> None:
        if not line:
            if self._data:
                found.append((self._event, self._data[0] if len(self._data) == 1 else b"\n".join(self._data)))
                self._data = []
                self._size = 0
            self._event = b""
        elif line.startswith(b"data:"):
            value = line[6:] if line.startswith(b"data: ") else line[5:]
            self._data.append(value)
            self._size += len(value)
        elif line.startswith(b"event:"):
            self._event = line[6:].removeprefix(b" ")
