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
        self._rest = b""
        self._event = b""
        self._data: list[bytes] = []
        self._size = 0
        self._begun = False

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The events completed by `data`."""
        buffer = self._rest + data if self._rest else data
        if not self._begun:
            if len(buffer) < 3 and _BOM.startswith(buffer):
                self._rest = buffer
                return []
            self._begun = True
            buffer = buffer.removeprefix(_BOM)
        if b"\r" in buffer:
            # A CR at the very end may be half of a CRLF: it waits for the next byte.
            held = b"\r" if buffer.endswith(b"\r") else b""
            buffer = buffer[: len(buffer) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        else:
            held = b""
        lines = buffer.split(b"\n")
        self._rest = lines.pop() + held
        found: list[tuple[bytes, bytes]] = []
        for line in lines:
            self._line(line, found)
        if len(self._rest) + self._size > self._limit:
            raise BadAnswer(f"the provider sent an event of more than {self._limit} bytes")
        return found

    def close(self) -> list[tuple[bytes, bytes]]:
        """The last event, where the stream ended without the blank line after it."""
        found: list[tuple[bytes, bytes]] = []
        rest, self._rest = self._rest.rstrip(b"\r"), b""
        if rest:
            self._line(rest, found)
        self._line(b"", found)
        return found

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
