"""Streams as providers really send them, through a live server: healthy ones whole, sick ones told so."""

from __future__ import annotations

import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from tests.fake_upstream import (
    DONE,
    Answer,
    Cut,
    Exact,
    FakeUpstream,
    Hang,
    Json,
    Received,
    Refusal,
    Reply,
    Stream,
    Until,
    call,
    chunk,
    event,
    finish,
    head,
    usage,
)
from tests.live.raw import Answer as Told
from tests.live.raw import Connection, ask, post
from tests.live.server import Server
from tests.translate.grammar import check, frames

TEXT = "Grüße an 世界, ein 🐍 und\u2028ein\x85Ende\n\n — fertig."
WORDS = [TEXT[i : i + 3] for i in range(0, len(TEXT), 3)]
CHUNKS = [chunk(role="assistant", content=""), *[chunk(content=word) for word in WORDS]]
WHOLE = [*CHUNKS, finish(), usage(11, 22), DONE]


def utf8(value: Any) -> bytes:
    """An event whose text is not escaped."""
    return event(value).decode("unicode_escape").encode("utf-16", "surrogatepass").decode("utf-16").encode()


def raw(*pieces: Any) -> bytes:
    return b"".join(piece if isinstance(piece, bytes) else utf8(piece) for piece in pieces)


RAW = raw(*[chunk(content=word) for word in WORDS if "\n" not in word], finish(), usage(11, 22), DONE)
RAW_TEXT = "".join(word for word in WORDS if "\n" not in word)


def stream(server: Server, answer: Answer, provider: FakeUpstream, begun: threading.Event | None = None) -> Told:
    """What is told; `begun` is set once the whole of TEXT has been."""
    provider.script("m", answer)
    with Connection(server.port) as client:
        status, headers = client.send(post(ask(stream=True))).head()
        body = b""
        for piece in client.chunks():
            body += piece
            if begun and not begun.is_set():
                so_far = check([*frames(body), {"type": "error", "error": {}}], may_fail=True)
                if so_far.text == TEXT:
                    begun.set()
        return Told(status, headers, body)


HEALTHY: dict[str, tuple[Answer, str]] = {
    "event by event": (Stream(WHOLE), TEXT),
    "in one piece": (Stream([b"".join(event(piece) for piece in WHOLE[:-1]) + DONE]), TEXT),
    "byte by byte": (Stream(WHOLE, drip=1), TEXT),
    "UTF-8 cut anywhere": (Stream([RAW], drip=1), RAW_TEXT),
    "UTF-8 cut in twos": (Stream([RAW], drip=2), RAW_TEXT),
    "with CRLF": (Stream([RAW.replace(b"\n", b"\r\n")], drip=7), RAW_TEXT),
    "with CR": (Stream([RAW.replace(b"\n", b"\r")], drip=7), RAW_TEXT),
    "without the space": (Stream([RAW.replace(b"data: ", b"data:")]), RAW_TEXT),
    "with a byte order mark": (Stream([b"\xef\xbb\xbf" + RAW]), RAW_TEXT),
    "with comments and foreign fields": (
        Stream([RAW.replace(b"data: ", b": keep-alive\n\nid: 7\nretry: 1\nevent: x\ndata: ")]),
        RAW_TEXT,
    ),
    "compressed": (Stream(WHOLE, gzip=True), TEXT),
    "to the end of the connection": (Stream(WHOLE, framing="close"), TEXT),
    "without a content type": (Stream(WHOLE, headers={"Content-Type": ""}), TEXT),
    "without [DONE]": (Stream(WHOLE[:-1]), TEXT),
    "without [DONE], to the end of the connection": (Stream(WHOLE[:-1], framing="close"), TEXT),
    "more after [DONE]": (Stream([*WHOLE, chunk(content="never"), b"data: nonsense\n\n"]), TEXT),
    "chunks with extensions and trailers": (
        Exact(
            head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}),
            b"%x;a=b\r\n%s\r\n" % (len(RAW), RAW),
            b"0\r\nX-Trailer: 1\r\n\r\n",
        ),
        RAW_TEXT,
    ),
    "no end after [DONE]": (Stream(itertools.chain(WHOLE, itertools.repeat(b": still here\n\n"))), TEXT),
    "silence after [DONE]": (Stream([*WHOLE, Hang()]), TEXT),
    "broken chunks after [DONE]": (
        Exact(
            head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}),
            b"%x\r\n%s\r\n" % (len(RAW), RAW),
            b"zz\r\n",
            Cut(),
        ),
        RAW_TEXT,
    ),
    "a whole answer instead": (Json(Reply(TEXT, prompt_tokens=11, completion_tokens=22).completion()), TEXT),
    "a whole answer, compressed": (
        Json(Reply(TEXT, prompt_tokens=11, completion_tokens=22).completion(), gzip=True),
        TEXT,
    ),
}


@pytest.mark.parametrize("what", HEALTHY)
def test_healthy_streams(server: Server, provider: FakeUpstream, what: str) -> None:
    answer, text = HEALTHY[what]
    told = stream(server, answer, provider)
    assert (told.status, told.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    said = check(told.events)
    assert (said.text, said.stop_reason) == (text, "end_turn")
    assert (said.usage["input_tokens"], said.usage["output_tokens"]) == (11, 22)
    row = server.row(told.headers["request-id"])
    assert (row["status"], row["stream"], row["stop_reason"], row["error_type"]) == (200, 1, "end_turn", None)
    assert (row["input_tokens"], row["output_tokens"], row["usage_estimated"]) == (11, 22, 0)
    assert row["ttft_ms"] <= row["duration_ms"]


def test_missing_usage_is_estimated_and_marked(server: Server, provider: FakeUpstream) -> None:
    told = stream(server, Stream([*CHUNKS, finish(), DONE]), provider)
    said = check(told.events)
    assert min(said.usage["input_tokens"], said.usage["output_tokens"]) > 0
    row = server.row(told.headers["request-id"])
    assert row["usage_estimated"] == 1
    assert (row["input_tokens"], row["output_tokens"]) == (said.usage["input_tokens"], said.usage["output_tokens"])


ERROR = {"error": {"message": "the model fell over", "type": "server_error", "code": None}}
BUSY = {"error": {"message": "slow down", "type": "rate_limit_error", "code": 429}}
HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
HTML_HEADERS = {"Content-Type": "text/html"}

EARLY: dict[str, tuple[Answer, int, str]] = {
    "an error in the stream": (Stream([chunk(role="assistant", content=""), ERROR]), 500, "api_error"),
    "a rate limit in the stream": (Stream([BUSY, DONE]), 429, "rate_limit_error"),
    "an error in a JSON answer": (Json(BUSY), 429, "rate_limit_error"),
    "cut before the head": (Exact(Cut()), 502, "api_error"),
    "reset before the head": (Exact(Cut(reset=True)), 502, "api_error"),
    "cut before the content": (Stream([chunk(role="assistant", content=""), Cut()]), 502, "api_error"),
    "cut within a JSON answer": (Json(b"{}", headers={"X": "y"}, inside=(Cut(),)), 502, "api_error"),
    "ended before the content": (Stream([]), 502, "api_error"),
    "a page": (Json(HTML, 502, HTML_HEADERS), 500, "api_error"),
    "a page with status 200": (Json(HTML, 200, HTML_HEADERS), 502, "api_error"),
    "no JSON": (Json(b"oops"), 502, "api_error"),
    "no JSON in the stream": (Stream([b"data: oops\n\n"]), 502, "api_error"),
    "no HTTP": (Exact(b"SSH-2.0-OpenSSH_9.9\r\n\r\n", Cut()), 502, "api_error"),
    "broken chunks": (
        Exact(head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}), b"zz\r\n", Cut()),
        502,
        "api_error",
    ),
    "a redirect": (Json({}, 302, {"Location": "http://127.0.0.1:1/"}), 502, "api_error"),
    "a refused key": (Refusal(401, "invalid key"), 401, "authentication_error"),
    "overloaded": (Refusal(529, "overloaded"), 529, "overloaded_error"),
    "bad": (Refusal(400, "bad request", "invalid_request_error"), 400, "invalid_request_error"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("what", "streaming"),
    [(what, streaming) for what in EARLY for streaming in (True, False) if streaming or "in the stream" not in what],
)
def test_an_early_failure_has_its_real_status(
    server: Server, provider: FakeUpstream, what: str, streaming: bool
) -> None:
    answer, status, kind = EARLY[what]
    provider.script("m", answer)
    with Connection(server.port) as client:
        told = client.send(post(ask(stream=streaming))).answer()
        assert (told.status, told.error[0]) == (status, kind)
        assert (told.headers["x-provider"], told.headers["x-model"]) == ("fake", "m")
        assert told.headers.get("x-should-retry") == ("false" if status == 401 else None)
        assert told.error[1]
    row = server.row(told.headers["request-id"])
    assert (row["status"], row["error_type"], row["provider"]) == (status, kind, "fake")
    assert [(attempt["provider"], attempt["status"]) for attempt in row["attempts"]] == [("fake", status)]
    # A connection kept from an earlier request, cut at once, counts as gone before: then it is sent on another one.
    assert len(provider.requests) == 1 or "before the head" in what


OPEN_CALL = [chunk(tool_calls=[call(0, id="call_1", name="t")]), chunk(tool_calls=[call(0, '{"a": ')])]
LATE: dict[str, tuple[list[Any], int]] = {
    "an error": ([ERROR], 500),
    "a rate limit": ([BUSY], 429),
    "cut": ([Cut()], 502),
    "reset": ([Cut(reset=True)], 502),
    "cut within an event": ([event(finish())[:30], Cut()], 502),
    "ended without a finish": ([], 502),
    "cut within a tool call": ([*OPEN_CALL, Cut()], 502),
    "an error within a tool call": ([*OPEN_CALL, ERROR], 500),
    "nonsense": ([b"data: {nonsense\n\n"], 502),
    "a page": ([HTML + b"\n\n"], 502),
}


@pytest.mark.parametrize("how", [{}, {"framing": "close"}, {"gzip": True}, {"drip": 5}], ids=str)
@pytest.mark.parametrize("what", LATE)
def test_a_late_failure_is_an_event(server: Server, provider: FakeUpstream, what: str, how: dict[str, Any]) -> None:
    pieces, status = LATE[what]
    begun = threading.Event()
    told = stream(server, Stream([*CHUNKS, Until(begun), *pieces], **how), provider, begun)
    check_failed(server, told, status)


@pytest.mark.parametrize(
    "headers", [{"Transfer-Encoding": "chunked"}, {"Transfer-Encoding": "chunked", "Content-Encoding": "gzip"}], ids=str
)
def test_a_body_that_breaks_is_an_event(server: Server, provider: FakeUpstream, headers: dict[str, str]) -> None:
    begun = threading.Event()
    healthy = Stream(CHUNKS, gzip="Content-Encoding" in headers)
    [_, *framed] = healthy.steps(cast("Received", None))
    broken = b"zz\r\n" if len(headers) == 1 else b"4\r\noops\r\n"
    answer = Exact(
        head(200, {"Content-Type": "text/event-stream", **headers}),
        *framed[: len(CHUNKS)],
        Until(begun),
        broken,
        Cut(),
    )
    check_failed(server, stream(server, answer, provider, begun), 502)


def check_failed(server: Server, told: Told, status: int) -> None:
    """It began, said the text, and ended with an error instead of an end."""
    assert told.status == 200
    said = check(told.events, may_fail=True)
    assert (said.text, said.stop_reason) == (TEXT, None)
    assert said.error is not None
    row = server.row(told.headers["request-id"])
    assert (row["status"], row["error_type"], row["stop_reason"]) == (status, said.error["type"], None)
    assert [attempt["status"] for attempt in row["attempts"]] == [status]


@pytest.mark.parametrize("streaming", [True, False])
def test_a_connection_is_used_again_after_a_whole_answer(
    server: Server, provider: FakeUpstream, streaming: bool
) -> None:
    provider.script("m", Reply("fine"))
    with Connection(server.port) as client:  # one connection, so one worker
        for _ in range(5):
            assert client.send(post(ask(stream=streaming))).answer().status == 200
    assert len({received.connection for received in provider.requests}) == 1


def test_a_hundred_streams_at_once_stay_apart(server: Server, provider: FakeUpstream) -> None:
    """Texts, tools and usage of their own, in pieces of random size at random times: each arrives whole."""
    dice = random.Random(7)

    def run(number: int) -> tuple[str, list[tuple[str, Any]], int, Any]:
        with Connection(server.port) as client:
            told = client.send(post(ask(model=f"fake/m{number}", stream=True))).answer()
        said = check(told.events)
        assert told.headers["x-model"] == f"m{number}"
        return said.text, said.tools, said.usage["output_tokens"], server.row(told.headers["request-id"])

    texts = {number: f"stream {number}: " + "".join(dice.choices("äöü世界 abc\n", k=300)) for number in range(100)}
    for number, text in texts.items():
        reply = Reply(text, calls=((f"call_{number}", "tool", {"number": number}),), completion_tokens=number + 1)
        provider.script(
            f"m{number}",
            Stream(list(reply.chunks()), pause=dice.choice([0, 0.002, 0.01]), drip=dice.choice([None, 90])),
        )
    with ThreadPoolExecutor(100) as pool:
        results = list(pool.map(run, texts))
    for number, (text, tools, tokens, row) in enumerate(results):
        assert (text, tools, tokens) == (texts[number], [("tool", {"number": number})], number + 1)
        assert (row["upstream_model"], row["status"], row["output_tokens"]) == (f"m{number}", 200, number + 1)
