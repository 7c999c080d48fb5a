"""Server-sent events as whole frames, which are handed on and not taken apart.

`Frames` cuts a stream into them; `read` looks into one, `write` makes one.
"""

from __future__ import annotations

from ccproxy.errors import BadAnswer

_BOM = b"\xef\xbb\xbf"


class Frames:
    """Feed it bytes as they come; it answers with the frames that are complete, in one piece, with LF line ends.

    `limit`: the most bytes that an unfinished frame may have; more raises BadAnswer.
    """

    def __init__(self, limit: int = 16 * 1024 * 1024) -> None:
        self._limit = limit
        self._rest: list[bytes] = []
        self._size = 0
        self._cr = False  # the last byte was one, which may be half of a line end

    def feed(self, data: bytes) -> bytes:
        """Frames that are complete now, each with the blank line behind it; `b""` where there is none."""
        if (self._cr and data) or b"\r" in data:
            data = self._unified(data)
        if not self._rest:
            if data[-2:] == b"\n\n":
                return data
        elif b"\n" not in data:
            self._keep(data)
            return b""
        else:
            data = b"".join(self._rest) + data
            self._rest.clear()
            self._size = 0
        end = data.rfind(b"\n\n") + 2
        if end == 1:
            self._keep(data)
            return b""
        if end < len(data):
            self._keep(data[end:])
        return data[:end]

    def close(self) -> bytes:
        """What is left of a frame that nothing ended."""
        rest, self._rest = b"".join(self._rest), []
        return rest

    def _keep(self, data: bytes) -> None:
        self._rest.append(data)
        self._size += len(data)
        if self._size > self._limit:
            raise BadAnswer(f"the provider sent an event of more than {self._limit} bytes")

    def _unified(self, data: bytes) -> bytes:
        """LF for CRLF and CR. JSON has no bare line ends in it, so nothing of what is said changes."""
        if self._cr:
            data = data.removeprefix(b"\n")  # the CR was a line end already
        self._cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def read(frame: bytes) -> tuple[bytes, bytes]:
    """The name of a frame's event, `b""` where it has none, and its data."""
    name = b""
    data = []
    for line in frame.removeprefix(_BOM).split(b"\n"):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif line.startswith(b"event:"):
            name = line[6:].strip()
    return name, b"\n".join(data)


def write(name: str, data: bytes) -> bytes:
    """The frame of an event."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)
