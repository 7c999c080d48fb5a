"""A load generator in one thread: `python -m bench.load` reads a Job as JSON and prints a Result as JSON.

So many clients, each on a connection of its own that it keeps, each sending the same request as soon as the last
answer is complete. Every answer is checked to the last word (bench/check.py). Figures are of a window of time: the
clients are already under way when it opens, unless `warmup` is 0, and what is under way when it closes may end but
is not counted.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from bench import machine, wire
from bench.check import Checker, Faulty

_HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) ", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_PATIENCE = 30.0
"""Seconds that a request under way at the end may still take."""


@dataclass
class Job:
    """What to send where. `seconds` 0: each client sends one request. `cpu_of`: process ids to account for."""

    port: int
    path: str
    body: str
    words: int
    clients: int
    seconds: float
    warmup: float = 0.5
    cpu_of: list[int] = field(default_factory=list)


@dataclass
class Result:
    """What came of it. Times in ms, CPU in µs; the lists are sorted.

    `cpu` is None where it cannot be read; `own_cpu` is the generator's. `samples` has the first error of each kind.
    """

    seconds: float = 0.0
    requests: int = 0
    events: int = 0
    cpu: float | None = None
    own_cpu: float = 0.0
    latency: list[float] = field(default_factory=list)
    first_event: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)


class Client:
    """One connection and the request that is under way on it. Times are `time.perf_counter()` seconds."""

    __slots__ = ("at", "body_at", "chunked", "end", "first", "got", "reused", "sock", "unsent")

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.got = bytearray()
        self.unsent: memoryview | None = None
        self.reused = False
        self.begin(0.0)

    def begin(self, at: float) -> None:
        """Forget the last answer: a request starts now."""
        self.got.clear()
        self.at = at
        self.first = 0.0
        self.body_at = 0
        self.end = 0
        self.chunked = False


class Load:
    """The event loop of all the clients."""

    def __init__(self, job: Job) -> None:
        self._job = job
        host = f"127.0.0.1:{job.port}"
        self._request = wire.http_request(job.path, host, job.body.encode())
        self._checker = Checker(job.words)
        self._selector = selectors.DefaultSelector()
        self._buffer = memoryview(bytearray(1 << 20))
        self._clients = [Client() for _ in range(job.clients)]
        self._result = Result()
        self._open = False
        self._stopped = False
        self._opened_at = 0.0
        self._busy = 0
        self._events_before = 0

    def run(self) -> Result:
        """Run the job."""
        job, result = self._job, self._result
        started = time.perf_counter()
        if not job.warmup:
            self._open_window()
        for client in self._clients:
            self._start(client)
        opens = started + job.warmup
        closes = opens + job.seconds
        while self._busy:
            now = time.perf_counter()
            if not self._open and not self._stopped and now >= opens:
                self._open_window()
            if self._open and job.seconds and now >= closes:
                self._close_window()
            if now > closes + _PATIENCE:
                self._fail("unfinished", self._busy)
                break
            for key, mask in self._selector.select(0.05):
                if mask & selectors.EVENT_WRITE:
                    self._write(key.data)
                else:
                    self._read(key.data)
        if self._open:
            self._close_window()
        for client in self._clients:
            self._close(client)
        result.latency.sort()
        result.first_event.sort()
        return result

    # --- the window

    def _open_window(self) -> None:
        self._open = True
        self._opened_at = time.perf_counter()
        self._events_before = self._under_way()
        self._cpu_before = machine.cpu_seconds(self._job.cpu_of)
        self._own_before = time.process_time()

    def _close_window(self) -> None:
        result = self._result
        result.seconds = time.perf_counter() - self._opened_at
        result.events += self._under_way() - self._events_before
        cpu = machine.cpu_seconds(self._job.cpu_of)
        if cpu is not None and self._cpu_before is not None:
            result.cpu = (cpu - self._cpu_before) * 1e6
        result.own_cpu = (time.process_time() - self._own_before) * 1e6
        self._open, self._stopped = False, True

    def _under_way(self) -> int:
        """How many events of unfinished answers have come."""
        return sum(self._checker.events(client.got) for client in self._clients if client.chunked)

    def _fail(self, what: str, count: int = 1) -> None:
        """Count an error by what stands before its first colon, and keep the first of its kind in full."""
        kind = what.partition(":")[0]
        self._result.errors[kind] = self._result.errors.get(kind, 0) + count
        self._result.samples.setdefault(kind, what)

    # --- one client

    def _start(self, client: Client) -> None:
        """Send the request, on a new connection if there is none."""
        client.reused = client.sock is not None
        client.begin(time.perf_counter())
        if client.sock is None:
            try:
                client.sock = socket.create_connection(("127.0.0.1", self._job.port), timeout=5)
            except OSError as error:
                self._fail(f"connecting: {error}")
                return
            client.sock.setblocking(False)
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(client.sock, selectors.EVENT_READ, client)
        self._busy += 1
        client.unsent = memoryview(self._request)
        self._write(client)

    def _write(self, client: Client) -> None:
        assert client.sock is not None
        assert client.unsent is not None
        try:
            sent = client.sock.send(client.unsent)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._broken(client, f"sending: {error}")
            return
        had_to_wait = self._selector.get_key(client.sock).events & selectors.EVENT_WRITE
        if sent == len(client.unsent):
            client.unsent = None
            if had_to_wait:
                self._selector.modify(client.sock, selectors.EVENT_READ, client)
        else:
            client.unsent = client.unsent[sent:]
            if not had_to_wait:
                self._selector.modify(client.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, client)

    def _read(self, client: Client) -> None:
        assert client.sock is not None
        try:
            count = client.sock.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError as error:
            self._broken(client, f"reading: {error}")
            return
        if count == 0:
            self._broken(client, "closed before the end")
            return
        got = client.got
        got += self._buffer[:count]
        if not client.body_at and not self._head(client):
            return
        if not client.first and len(got) > client.body_at:
            client.first = time.perf_counter()
            if self._open and client.at >= self._opened_at:
                self._result.first_event.append((client.first - client.at) * 1000)
        if (client.chunked and got.endswith(_LAST_CHUNK)) or (not client.chunked and len(got) >= client.end):
            self._finish(client)

    def _head(self, client: Client) -> bool:
        """Read the head, if it is whole."""
        end = client.got.find(b"\r\n\r\n")
        if end < 0:
            return False
        client.body_at = end + 4
        client.chunked = _CHUNKED.search(client.got, 0, end + 2) is not None
        length = _LENGTH.search(client.got, 0, end + 2)
        client.end = client.body_at + (int(length[1]) if length else 0)
        return True

    def _finish(self, client: Client) -> None:
        """The answer is complete: judge it, count it, send the next."""
        now = time.perf_counter()
        result = self._result
        self._busy -= 1
        status = _HEAD.match(client.got)
        try:
            if status is None or status[1] != b"200":
                raise Faulty(f"status {status[1].decode() if status else 'missing'}: {bytes(client.got[-200:])!r}")
            if client.chunked:
                events = self._checker.stream(client.got, client.body_at)
            else:
                events = 0
                self._checker.json(client.got, client.body_at)
        except Faulty as fault:
            self._fail(str(fault))
            self._close(client)
        else:
            if self._open:
                result.requests += 1
                result.events += events
                if client.at >= self._opened_at:
                    result.latency.append((now - client.at) * 1000)
        if not self._stopped and self._job.seconds:
            self._start(client)
        else:
            client.begin(now)

    def _broken(self, client: Client, why: str) -> None:
        """The connection failed. An idle one that the server had closed is no error: once more on a new one."""
        stale = client.reused and not client.got
        self._busy -= 1
        self._close(client)
        if not stale:
            self._fail(why)
        if not self._stopped and (stale or self._job.seconds):
            self._start(client)
        else:
            client.begin(0.0)

    def _close(self, client: Client) -> None:
        if client.sock is not None:
            self._selector.unregister(client.sock)
            client.sock.close()
            client.sock = None


def main() -> None:
    """Read the job from standard input, print the result."""
    job: dict[str, Any] = json.load(sys.stdin)
    json.dump(asdict(Load(Job(**job)).run()), sys.stdout)


if __name__ == "__main__":
    main()
