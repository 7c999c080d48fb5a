"""HTTP by hand, for what no client library would send, and for seeing exactly what comes back and when."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.live.server import LIMIT, Server, until
from tests.translate.grammar import frames


class CutOff(Exception):
    """The connection ended before the answer did."""


@dataclass(frozen=True)
class Answer:
    """A whole answer. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The objects in the frames of a stream."""
        return frames(self.body)

    @property
    def error(self) -> tuple[str, str]:
        """Type and message of an error, whose form is checked on the way."""
        assert self.headers["content-type"] == "application/json", self.headers
        body = self.json
        assert set(body) == {"type", "error", "request_id"}, body
        assert body["type"] == "error"
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["request_id"])
        assert self.headers["request-id"] == self.headers["x-request-id"] == body["request_id"]
        return body["error"]["type"], body["error"]["message"]


class Connection:
    """A client's connection to `port` of this machine. A context manager."""

    def __init__(self, port: int, *, limit: float = LIMIT) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=limit)
        self._reader = self.sock.makefile("rb")

    def send(self, *data: bytes) -> Self:
        """Send these bytes."""
        for piece in data:
            self.sock.sendall(piece)
        return self

    def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the next answer."""
        line = self._line()
        assert line.startswith(b"HTTP/1."), line
        headers: dict[str, str] = {}
        while pair := self._line():
            name, _, value = pair.decode("latin-1").partition(":")
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value.strip()
        return int(line.split()[1]), headers

    def chunks(self) -> Iterator[bytes]:
        """The chunks of a chunked body as they come; raises CutOff where the last one is missing."""
        while size := int(self._line(), 16):
            data = self._reader.read(size)
            if len(data) < size or self._line():
                raise CutOff
            yield data
        if self._line():
            raise CutOff

    def answer(self, *, bodiless: bool = False) -> Answer:
        """The next answer, whole. `bodiless`: it is one to HEAD."""
        status, headers = self.head()
        if bodiless or status in (204, 304):
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, b"".join(self.chunks()))
        size = int(headers["content-length"])
        body = self._reader.read(size)
        if len(body) < size:
            raise CutOff
        return Answer(status, headers, body)

    def rest(self) -> bytes:
        """What comes until the server closes."""
        with contextlib.suppress(ConnectionResetError):
            return self._reader.read()
        return b""

    def half_close(self) -> Self:
        """Send no more, but read on."""
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def close(self, *, reset: bool = False) -> None:
        """Leave, with a FIN or with a RST."""
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._reader.close()
        self.sock.close()

    def _line(self) -> bytes:
        line = self._reader.readline()
        if not line.endswith(b"\r\n"):
            raise CutOff(line)
        return line[:-2]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def ask(text: str = "hi", **more: Any) -> dict[str, Any]:
    """A request of the Messages API for the provider `fake`."""
    return {"model": "fake/m", "max_tokens": 50, "messages": [{"role": "user", "content": text}], **more}


def request(method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> bytes:
    """A well-formed request. `body` is JSON unless it is bytes; a header of the value "" is left out."""
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Host": "127.0.0.1"}
    if body is not None:
        sent |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
    sent |= headers or {}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items() if value)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data


def post(body: Any, headers: dict[str, str] | None = None, path: str = "/v1/messages") -> bytes:
    """A POST of it."""
    return request("POST", path, body, headers)


def row_of(server: Server, user_agent: str) -> dict[str, Any]:
    """The row of the one request of that user agent, waited for."""
    [row] = until(lambda: server.rows(user_agent=user_agent), f"the row of {user_agent}")
    return row
