"""A scripted chat-completions provider on a real loopback socket, for the tests that need one.

    with FakeUpstream() as upstream:
        upstream.script("model-x", Stream([chunk(content="Hel"), Pause(0.05), chunk(content="lo"), finish(), DONE]))
        upstream.script("busy", Refusal(429, "slow down", headers={"Retry-After": "2"}), Reply("now it works"))
        ...  # point the proxy at upstream.base_url, send requests
        assert upstream.requests[0].json["model"] == "upstream-name"

Which answer a POST gets: first whatever `enqueue` holds, else the next answer scripted for the request's `model`
(the last one stays for good), else the one for `"*"`, else a plain `Reply`. An answer is a value (`Reply`, `Json`,
`Stream`, `Refusal`, `Exact`) or a function from the `Received` request to one. `GET …/models` lists `models` unless
`models_answer` says otherwise.

Underneath, an answer is a series of steps: bytes to send, `Pause(seconds)`, `Until(event)` (go on when the test says
so), `Hang()` (until the client leaves), `Cut()` (end the connection here; `Cut(reset=True)` with a TCP reset).
All but `Reply` and `Refusal` may hold them anywhere: `Exact(Hang())` never answers, `Stream([..., Hang()])` goes
silent in the middle, `Stream([..., Cut()])` breaks off without the last chunk.

Standard library and threads only: nothing here may be patched by gevent or share code with the proxy.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.fake_answers import (
    DONE,
    Answer,
    Cut,
    Exact,
    Hang,
    Json,
    Pause,
    Refusal,
    Reply,
    Step,
    Stream,
    Until,
    call,
    chunk,
    event,
    finish,
    head,
    usage,
)

__all__ = [
    "DONE",
    "Answer",
    "Cut",
    "Exact",
    "FakeUpstream",
    "Hang",
    "Json",
    "Pause",
    "Received",
    "Refusal",
    "Reply",
    "Step",
    "Stream",
    "Until",
    "call",
    "chunk",
    "closed_port",
    "event",
    "finish",
    "head",
    "usage",
]

LIMIT = 10.0
"""Seconds after which the waiting methods give up, and a `Hang` or `Until` ends."""


# --- what was seen ----------------------------------------------------------------------------------------------


@dataclass
class Received:
    """A request as it came. Times are `time.monotonic()` seconds. Header names are lower case.

    `ending` becomes "answered", "cut" (a `Cut` step) or "left" (the client closed before the answer's last step);
    then `ended_at` is set. `connection` numbers the connections from 0: two requests with one number shared it.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float
    connection: int
    ending: str | None = None
    ended_at: float | None = None
    _over: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def path(self) -> str:
        """The target without its query string."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query string."""
        return self.target.partition("?")[2]

    @property
    def json(self) -> Any:
        """The body parsed, None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def wait(self, limit: float = LIMIT) -> str:
        """Wait until the request is over and say how it ended."""
        if not self._over.wait(limit):
            raise TimeoutError(f"{self.method} {self.target} is still running after {limit} s")
        assert self.ending is not None
        return self.ending

    def over(self, ending: str) -> None:
        """Note the end (the server does this)."""
        if self.ending is None:
            self.ending, self.ended_at = ending, time.monotonic()
            self._over.set()


class _Left(Exception):
    """The client closed its side."""


class _Ended(Exception):
    """The script ended the connection; the argument says how."""


# --- the server -------------------------------------------------------------------------------------------------

Script = Answer | Callable[[Received], Answer]


class FakeUpstream:
    """The provider itself: a context manager; everything it started is gone when it is left.

    `requests` holds every POST in the order of arrival, `listings` every GET; `connections` counts the connections
    so far, `open` those that are open now.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.listings: list[Received] = []
        self.models: list[str] = ["model-x"]
        self.models_answer: Script | None = None
        self.connections = 0
        self._scripts: dict[str, deque[Script]] = {}
        self._queue: deque[Script] = deque()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._accepting = self._spawn(self._accept)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What a provider's `api_base_url` is set to."""
        return self.url + "/v1"

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._sockets)

    def script(self, model: str, *answers: Script) -> None:
        """What requests for `model` (or `"*"`: any) get, in order; the last answer stays. Replaces what was there."""
        with self._changed:
            self._scripts[model] = deque(answers)

    def enqueue(self, *answers: Script) -> None:
        """Answers for the next requests, whatever their model; each is given once."""
        with self._changed:
            self._queue.extend(answers)

    def wait_for(self, count: int = 1, limit: float = LIMIT) -> Received:
        """Wait until `count` POSTs have come; gives the `count`-th."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, limit):
                raise TimeoutError(f"{len(self.requests)} of {count} requests after {limit} s")
            return self.requests[count - 1]

    def forget(self) -> None:
        """Drop what was received and scripted."""
        with self._changed:
            self.requests.clear()
            self.listings.clear()
            self._scripts.clear()
            self._queue.clear()

    def stop(self) -> None:
        """Close the port (connecting is refused from now on) and every connection."""
        self._stopping.set()
        self._accepting.join(LIMIT)
        self._listener.close()
        for sock in list(self._sockets):
            _shut(sock)
        for thread in self._threads:
            thread.join(LIMIT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self, target: Callable[..., None], *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=target, args=arguments, daemon=True, name=f"fake-upstream-{self.port}")
        self._threads = [known for known in self._threads if known.is_alive()] + [thread]
        thread.start()
        return thread

    def _accept(self) -> None:
        # Closing a listener does not wake a blocked accept() everywhere: look for the end many times a second.
        self._listener.settimeout(0.02)
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            sock.settimeout(None)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.add(sock)
            number, self.connections = self.connections, self.connections + 1
            self._spawn(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            with sock, sock.makefile("rb") as reader:
                while not self._stopping.is_set():
                    received = _read(reader, number)
                    if received is None:
                        return
                    try:
                        self._answer(sock, received)
                    except (_Left, OSError):
                        received.over("cut" if self._stopping.is_set() else "left")
                        return
                    except _Ended as end:
                        received.over(str(end))
                        return
        except OSError:
            return
        finally:
            self._sockets.discard(sock)

    def _answer(self, sock: socket.socket, received: Received) -> None:
        with self._changed:
            script = self._choose(received)
            (self.requests if received.method == "POST" else self.listings).append(received)
            self._changed.notify_all()
        answer = script(received) if callable(script) else script
        steps = iter(answer.steps(received))
        step = next(steps, None)
        while step is not None:
            following = next(steps, None)
            if following is None and isinstance(step, bytes):
                # Noted before the last bytes go out, so that a client that has them finds the request over.
                received.over("answered")
            self._take(sock, step)
            step = following
        received.over("answered")

    def _choose(self, received: Received) -> Script:
        if received.method != "POST":
            return self.models_answer or Json(
                {"object": "list", "data": [{"id": id, "object": "model"} for id in self.models]}
            )
        if self._queue:
            return self._queue.popleft()
        asked = received.json
        model = asked.get("model") if isinstance(asked, dict) else None
        scripted = self._scripts.get(str(model)) or self._scripts.get("*")
        if not scripted:
            return Reply()
        return scripted.popleft() if len(scripted) > 1 else scripted[0]

    def _take(self, sock: socket.socket, step: Step) -> None:
        match step:
            case bytes():
                _present(sock, 0)
                sock.sendall(step)
            case Pause(seconds):
                self._idle(sock, time.monotonic() + seconds)
            case Hang():
                self._idle(sock, time.monotonic() + 6 * LIMIT)
            case Until(event):
                end = time.monotonic() + 6 * LIMIT
                while not event.is_set() and time.monotonic() < end:
                    self._idle(sock, time.monotonic() + 0.005)
            case Cut(reset, ending):
                if reset:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    _shut(sock)
                raise _Ended(ending)

    def _idle(self, sock: socket.socket, until: float) -> None:
        """Wait, but notice at once when the client leaves or the server stops."""
        while (left := until - time.monotonic()) > 0:
            if not _present(sock, left):
                continue
            if self._stopping.is_set():
                raise _Ended("cut")
            # Bytes ahead of time are the next request: it can wait, and must not spin this loop.
            self._stopping.wait(min(left, 0.005))


def _present(sock: socket.socket, seconds: float) -> bool:
    """Whether the client has sent more within so many seconds; raises _Left when it closed instead."""
    readable, _, _ = select.select([sock], [], [], seconds)
    if readable and not sock.recv(1, socket.MSG_PEEK):
        raise _Left
    return bool(readable)


def _read(reader: Any, number: int) -> Received | None:
    """The next request of a connection, None at its end."""
    line = reader.readline()
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := reader.readline()) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int(reader.readline().split(b";")[0], 16):
            body += reader.read(size)
            reader.readline()
        reader.readline()
    else:
        body = reader.read(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body, time.monotonic(), number)


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was closed already


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
