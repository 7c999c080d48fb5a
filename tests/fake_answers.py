"""What a scripted provider can answer: chat completions in every state of health. See tests/fake_upstream.py.

An answer is a value (`Reply`, `Json`, `Stream`, `Refusal`, `Exact`) that says its steps: bytes to send,
`Pause(seconds)`, `Until(event)` (go on when the test says so), `Hang()` (until the client leaves), `Cut()` (end the
connection here).
"""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tests.fake_upstream import Received

# --- steps ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pause:
    """Wait so many seconds; a client that leaves meanwhile is noticed at once."""

    seconds: float


@dataclass(frozen=True)
class Until:
    """Wait until the test sets the event."""

    event: threading.Event


@dataclass(frozen=True)
class Hang:
    """Say nothing more until the client leaves."""


@dataclass(frozen=True)
class Cut:
    """End the connection here, with a FIN or (`reset`) with a RST."""

    reset: bool = False
    ending: str = "cut"
    """What `Received.ending` becomes."""


Step = bytes | Pause | Until | Hang | Cut


class Answer(Protocol):
    """What a request gets: anything that can say its steps."""

    def steps(self, received: Received) -> Iterable[Step]: ...


# --- what chat completions look like -----------------------------------------------------------------------------

DONE = b"data: [DONE]\n\n"


def chunk(*, finish_reason: str | None = None, usage: Any = None, **delta: Any) -> dict[str, Any]:
    """One `chat.completion.chunk`; keywords are the delta's fields: `chunk(content="Hi")`, `chunk(tool_calls=[…])`."""
    made: dict[str, Any] = {
        "id": "chatcmpl-fake",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "fake",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }
    if usage is not None:
        made["usage"] = usage
    return made


def call(index: int, arguments: str = "", *, id: str | None = None, name: str | None = None) -> dict[str, Any]:
    """One entry of a delta's `tool_calls`: the opening one has `id` and `name`, the later ones only arguments."""
    made: dict[str, Any] = {"index": index, "function": {"arguments": arguments}}
    if id is not None:
        made |= {"id": id, "type": "function"}
    if name is not None:
        made["function"]["name"] = name
    return made


def finish(reason: str = "stop") -> dict[str, Any]:
    """The chunk that carries the finish reason."""
    return chunk(finish_reason=reason)


def usage(prompt: int = 7, completion: int = 3, **more: Any) -> dict[str, Any]:
    """The chunk without choices that carries the usage."""
    counted = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion, **more}
    return chunk(usage=counted) | {"choices": []}


def event(data: Any) -> bytes:
    """A server-sent event around a JSON value."""
    return b"data: " + json.dumps(data).encode() + b"\n\n"


# --- answers ----------------------------------------------------------------------------------------------------


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """A status line and headers, ready to send."""
    lines = [f"HTTP/1.1 {status} Fake", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@dataclass(frozen=True)
class Exact:
    """Exactly these bytes and steps, status line and all. What follows the last of them is the next request."""

    parts: tuple[Step, ...]

    def __init__(self, *parts: Step) -> None:
        object.__setattr__(self, "parts", parts)

    def steps(self, received: Received) -> Iterable[Step]:
        return self.parts


@dataclass(frozen=True)
class Json:
    """A JSON body with a Content-Length. `body` may be bytes, sent as they are; `before` are steps ahead of the head,
    `inside` steps between the head and the body."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    gzip: bool = False
    before: tuple[Step, ...] = ()
    inside: tuple[Step, ...] = ()

    def steps(self, received: Received) -> Iterable[Step]:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        if self.gzip:
            body = _gzipper().compress(body, last=True)
            headers["Content-Encoding"] = "gzip"
        yield from self.before
        yield head(self.status, {**headers, "Content-Length": str(len(body))})
        yield from self.inside
        yield body


@dataclass(frozen=True)
class Refusal:
    """An HTTP error in OpenAI's form; for any other form use `Json(…, status=…)`."""

    status: int
    message: str = "refused by the fake provider"
    type: str = "server_error"
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def steps(self, received: Received) -> Iterable[Step]:
        error = {"message": self.message, "type": self.type, "param": None, "code": self.code}
        return Json({"error": error}, self.status, self.headers).steps(received)


@dataclass(frozen=True)
class Stream:
    """Server-sent events. A piece is a JSON value (sent as one event), bytes (sent as they are: comments, half events,
    nonsense), or a step.

    `framing`: "chunked" (one HTTP chunk a piece) or "close" (the end of the connection is the end of the body).
    `pause`: seconds between pieces. `drip`: send each piece in parts of so many bytes. `before`: steps ahead of the
    head.
    """

    pieces: Iterable[Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    framing: str = "chunked"
    pause: float = 0.0
    drip: int | None = None
    gzip: bool = False
    before: tuple[Step, ...] = ()

    def steps(self, received: Received) -> Iterator[Step]:
        chunked = self.framing == "chunked"
        headers = {"Content-Type": "text/event-stream; charset=utf-8", **self.headers}
        headers |= {"Transfer-Encoding": "chunked"} if chunked else {"Connection": "close"}
        if self.gzip:
            headers["Content-Encoding"] = "gzip"
        zipper = _gzipper() if self.gzip else None
        yield from self.before
        yield head(self.status, headers)
        first = True
        for piece in self.pieces:
            if isinstance(piece, Pause | Until | Hang | Cut):
                yield piece
                continue
            data = piece if isinstance(piece, bytes) else event(piece)
            for part in _sliced(data, self.drip):
                if self.pause and not first:
                    yield Pause(self.pause)
                first = False
                yield _framed(zipper.compress(part) if zipper else part, chunked)
        end = zipper.compress(b"", last=True) if zipper else b""
        if end:
            yield _framed(end, chunked)
        yield b"0\r\n\r\n" if chunked else Cut(ending="answered")


@dataclass(frozen=True)
class Reply:
    """A well-behaved answer, as JSON or as a stream, whichever the request asks for.

    `calls`: tool calls as (id, name, arguments as a JSON value). The stream sends the text word by word, each tool's
    arguments in two fragments, and usage where `stream_options.include_usage` asks for it.
    """

    text: str = "Hello from the fake provider."
    calls: tuple[tuple[str, str, Any], ...] = ()
    reasoning: str = ""
    prompt_tokens: int = 7
    completion_tokens: int = 3
    pause: float = 0.0

    def steps(self, received: Received) -> Iterable[Step]:
        asked = received.json if isinstance(received.json, dict) else {}
        if not asked.get("stream"):
            return Json(self.completion(str(asked.get("model")))).steps(received)
        with_usage = bool((asked.get("stream_options") or {}).get("include_usage"))
        return Stream(self.chunks(with_usage), pause=self.pause).steps(received)

    @property
    def reason(self) -> str:
        """The finish reason."""
        return "tool_calls" if self.calls else "stop"

    def completion(self, model: str = "fake") -> dict[str, Any]:
        """The whole answer as a `chat.completion`."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None}
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.calls:
            message["tool_calls"] = [
                {"id": id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
                for id, name, arguments in self.calls
            ]
        return {
            "id": "chatcmpl-fake",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": self.reason}],
            "usage": usage(self.prompt_tokens, self.completion_tokens)["usage"],
        }

    def chunks(self, with_usage: bool = True) -> Iterator[Any]:
        """The same answer as the pieces of a `Stream`."""
        yield chunk(role="assistant", content="")
        if self.reasoning:
            yield chunk(reasoning_content=self.reasoning)
        for word in re.findall(r"\S+\s*|\s+", self.text):
            yield chunk(content=word)
        for index, (id, name, arguments) in enumerate(self.calls):
            text = json.dumps(arguments)
            half = len(text) // 2
            yield chunk(tool_calls=[call(index, id=id, name=name)])
            yield chunk(tool_calls=[call(index, text[:half])])
            yield chunk(tool_calls=[call(index, text[half:])])
        yield finish(self.reason)
        if with_usage:
            yield usage(self.prompt_tokens, self.completion_tokens)
        yield DONE


def _gzipper() -> _Gzip:
    return _Gzip()


class _Gzip:
    """Compresses so that the receiver can read every part as it arrives."""

    def __init__(self) -> None:
        self._zip = zlib.compressobj(wbits=31)

    def compress(self, data: bytes, *, last: bool = False) -> bytes:
        return self._zip.compress(data) + self._zip.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


def _framed(data: bytes, chunked: bool) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data) if chunked and data else data


def _sliced(data: bytes, size: int | None) -> Iterator[bytes]:
    if size is None:
        yield data
    else:
        for start in range(0, len(data), size):
            yield data[start : start + size]
