"""A provider as cheap as Python allows, for the benchmark: `python -m bench.upstream`.

One thread, non-blocking sockets, pre-rendered bytes, one write for each word. It prints its port and serves chat
completions on 127.0.0.1 until it is terminated; bench/wire.py says what is answered. It must cost so little that the
proxy is what is measured: no HTTP library, no coroutines, one dictionary look-up and one `send` a word.
"""

from __future__ import annotations

import heapq
import json
import re
import selectors
import socket
import sys
import time
from collections import deque

from bench import wire

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_MODELS = wire.http_answer(json.dumps({"object": "list", "data": [{"id": "words-20", "object": "model"}]}).encode())
_NOT_UNDERSTOOD = wire.http_answer(b'{"error":{"message":"the benchmark has no answer to this"}}', "400 Bad Request")
_PASS = 0.002
"""Seconds that full-speed streams may go on before requests are looked for again."""


class Connection:
    """One client: what it has sent so far, and the answer that it is getting."""

    __slots__ = ("busy", "due", "gap", "got", "next", "sock", "unsent", "writes")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.got = bytearray()
        self.writes: list[bytes] = []
        self.next = 0
        self.unsent = b""
        self.gap = 0.0
        self.due = 0.0
        self.busy = False

    def request(self) -> bytes | None:
        """Take the next complete request out of what has come: its body (for a GET: `b""`), None if it is not whole."""
        end = self.got.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = _LENGTH.search(self.got, 0, end + 2)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self.got) < whole:
            return None
        body = bytes(self.got[end + 4 : whole])
        del self.got[:whole]
        return body


class Upstream:
    """The event loop."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._flowing: deque[Connection] = deque()
        self._paced: list[tuple[float, int, Connection]] = []
        self._buffer = memoryview(bytearray(1 << 18))

    def run(self) -> None:
        """Serve until the process is ended."""
        while True:
            for key, mask in self._selector.select(self._patience()):
                if key.data is None:
                    self._accept()
                elif mask & selectors.EVENT_WRITE:
                    self._resume(key.data)
                else:
                    self._read(key.data)
            self._send_due()
            self._send_flowing()

    def _patience(self) -> float | None:
        if self._flowing:
            return 0
        return max(0.0, self._paced[0][0] - time.monotonic()) if self._paced else None

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(sock, selectors.EVENT_READ, Connection(sock))

    def _read(self, connection: Connection) -> None:
        try:
            count = connection.sock.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if count == 0:
            self._drop(connection)
            return
        connection.got += self._buffer[:count]
        if not connection.busy:
            self._next_request(connection)

    def _next_request(self, connection: Connection) -> None:
        """Begin to answer, if a whole request is there."""
        body = connection.request()
        if body is None:
            return
        connection.busy = True
        connection.next, connection.gap = 0, 0.0
        try:
            profile, streamed = wire.asked_for(body)
        except ValueError:
            connection.writes = [_NOT_UNDERSTOOD if body else _MODELS]
        else:
            connection.writes = wire.stream(profile) if streamed else [wire.completion(profile)]
            connection.gap = profile.gap / 1000 if streamed else 0.0
        connection.due = time.monotonic()
        if self._send(connection):
            self._schedule(connection)

    def _schedule(self, connection: Connection) -> None:
        if connection.next == len(connection.writes):
            connection.busy = False
            if connection.got:
                self._next_request(connection)
        elif connection.gap:
            connection.due += connection.gap
            heapq.heappush(self._paced, (connection.due, id(connection), connection))
        else:
            self._flowing.append(connection)

    def _send_due(self) -> None:
        paced = self._paced
        while paced and paced[0][0] <= time.monotonic():
            connection = heapq.heappop(paced)[2]
            if connection.busy and self._send(connection):
                self._schedule(connection)

    def _send_flowing(self) -> None:
        """Send a word to each stream in turn."""
        flowing = self._flowing
        end = time.monotonic() + _PASS
        while flowing and time.monotonic() < end:
            for _ in range(len(flowing)):
                connection = flowing.popleft()
                if connection.busy and self._send(connection):
                    self._schedule(connection)

    def _send(self, connection: Connection) -> bool:
        """Make the next write. False where the client takes no more now, or has gone."""
        data = connection.writes[connection.next]
        connection.next += 1
        return self._push(connection, data)

    def _push(self, connection: Connection, data: bytes) -> bool:
        try:
            sent = connection.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(connection)
            return False
        if sent == len(data):
            return True
        connection.unsent = data[sent:]
        self._selector.modify(connection.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, connection)
        return False

    def _resume(self, connection: Connection) -> None:
        """The client takes more again."""
        data, connection.unsent = connection.unsent, b""
        self._selector.modify(connection.sock, selectors.EVENT_READ, connection)
        if self._push(connection, data):
            self._schedule(connection)

    def _drop(self, connection: Connection) -> None:
        connection.busy = False
        if connection.sock.fileno() >= 0:
            self._selector.unregister(connection.sock)
            connection.sock.close()


def main() -> None:
    """Listen on a free port, say which, serve."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    try:
        Upstream(listener).run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
