"""The worker's own decisions, without a server around it; tests/live starts real ones."""

from __future__ import annotations

import json
import logging
import socket
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from gunicorn.http import errors as http
from gunicorn.workers.ggevent import GeventWorker

from ccproxy.errors import Draining
from ccproxy.gateway.disconnect import ClientGone
from ccproxy.gateway.lifecycle import Lifecycle
from ccproxy.metrics.standing import Busy
from ccproxy.web import worker as module
from ccproxy.web.services import EXTENSION
from ccproxy.web.worker import Worker

SECRET = "sk-secret-0123456789"
LAST_WORDS = ("who was refused is written", "what rests is written")


class Log:
    """What was told, by level."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.error_log = logging.getLogger("test of the worker")

    def warning(self, text: str, *values: Any) -> None:
        self.lines.append(("warning", text % values))

    def exception(self, text: str, *values: Any) -> None:
        self.lines.append(("exception", text % values))


class Writer:
    """Notes when it was started and stopped."""

    def __init__(self, name: str, told: list[str]) -> None:
        self.name = name
        self.told = told

    def start(self) -> None:
        self.told.append(f"{self.name} starts")

    queued = 4
    dropped = 2

    def stop(self, timeout: float) -> None:
        self.told.append(f"{self.name} stops")


class Metrics:
    """Notes when counting begins and ends, and what was published."""

    def __init__(self, told: list[str]) -> None:
        self.told = told
        self.published: list[Busy] = []

    def start(self, seat: int | None) -> None:
        self.told.append(f"counts at seat {seat}")

    def publish(self, now: Busy) -> None:
        self.published.append(now)

    def stop(self) -> None:
        self.told.append("counts no more")


class Traces:
    """Notes when sending begins and ends."""

    def __init__(self, told: list[str]) -> None:
        self.told = told

    def start(self) -> None:
        self.told.append("traces start")

    def stop(self, _seconds: float) -> None:
        self.told.append("traces stop")


class Stage:
    """A worker, what it works with, and what it did."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.lifecycle = Lifecycle()
        self.log = Log()
        self.reloads = [0]
        made = Worker.__new__(Worker)
        made.app = SimpleNamespace(reloads=self.reloads)  # type: ignore[assignment]
        made._reloads, made._born, made._ending = self.reloads, 0, False  # type: ignore[assignment]
        made._connections = set()
        made.alive = True
        made.cfg = SimpleNamespace(graceful_timeout=30, keepalive=5)  # type: ignore[assignment]
        made.log = self.log  # type: ignore[assignment]
        news = SimpleNamespace(flush=lambda _seconds: self.told.append("what rests is written"))
        chores = SimpleNamespace(start=lambda: None, stop=lambda: self.told.append("no more chores"))
        doorbell = SimpleNamespace(stop=lambda _seconds: self.told.append("who was refused is written"))
        writers = {name: Writer(name, self.told) for name in ("logbook", "captures")}
        self.metrics = Metrics(self.told)
        self.parts = parts = SimpleNamespace(
            lifecycle=self.lifecycle,
            **writers,
            health=news,
            metrics=self.metrics,
            busy=Busy(in_flight=1, rows=4, captures=2),
            traces=None,
            refusals=doorbell,
            retention=chores,
        )
        made.wsgi = SimpleNamespace(extensions={EXTENSION: parts})  # type: ignore[assignment]
        self.worker = made

    def answer_to(self, error: BaseException) -> tuple[int, dict[str, str], Any]:
        """What a client gets for an error outside of any request: status, headers, JSON."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.worker.handle_error(None, ours, ("10.0.0.1", 5), error)
            ours.close()
            head, _, body = theirs.makefile("rb").read().partition(b"\r\n\r\n")
        if not head:
            return 0, {}, None
        line, *fields = head.decode().split("\r\n")
        return int(line.split()[1]), dict(field.lower().split(": ") for field in fields), json.loads(body)


@pytest.fixture
def stage() -> Stage:
    return Stage()


PARSING = [
    (http.InvalidRequestLine(SECRET), 400),
    (http.InvalidRequestMethod(SECRET), 400),
    (http.InvalidHTTPVersion((SECRET,)), 400),
    (http.InvalidHeader(f"x-api-key {SECRET}"), 400),
    (http.InvalidHeaderName(SECRET), 400),
    (http.ObsoleteFolding(SECRET), 400),
    (http.InvalidChunkSize(SECRET.encode()), 400),
    (http.LimitRequestLine(9000, 4094), 414),
    (http.LimitRequestHeaders(SECRET), 431),
    (http.ExpectationFailed(SECRET), 417),
    (http.UnsupportedTransferCoding(SECRET), 501),
]


@pytest.mark.parametrize(("error", "status"), PARSING, ids=lambda value: type(value).__name__)
def test_what_cannot_be_parsed_is_answered_in_our_form(stage: Stage, error: BaseException, status: int) -> None:
    answered, headers, body = stage.answer_to(error)
    assert (answered, headers["connection"], headers["content-type"]) == (status, "close", "application/json")
    assert (body["type"], body["error"]["type"]) == ("error", "invalid_request_error")
    assert headers["request-id"] == headers["x-request-id"] == body["request_id"]
    [(level, line)] = stage.log.lines
    assert (level, "10.0.0.1" in line) == ("warning", True)
    assert SECRET not in line + json.dumps(body)


@pytest.mark.parametrize("error", [http.InvalidResponseHeader("X"), http.InvalidResponseHeaderName("X"), KeyError()])
def test_our_own_fault_is_a_500_with_a_traceback(stage: Stage, error: Exception) -> None:
    status, _, body = stage.answer_to(error)
    assert (status, body["error"]) == (500, {"type": "api_error", "message": "internal error"})
    assert [level for level, _ in stage.log.lines] == ["exception"]


def test_a_connection_that_is_ended_between_requests(stage: Stage) -> None:
    status, _, body = stage.answer_to(Draining("going"))
    assert (status, body["error"]["type"]) == (503, "overloaded_error")
    for quiet in (ClientGone(), gevent.GreenletExit(), gevent.Timeout()):
        assert stage.answer_to(quiet) == (0, {}, None)
    assert stage.log.lines == []


def test_every_status_has_its_words() -> None:
    assert {status for _, status, _ in module._UNPARSED} | {500, 503} == set(module._REASONS)


def test_the_log_is_written_whatever_ends_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(_: Any) -> None:
        stage.told.append("serves")
        raise SystemExit

    monkeypatch.setattr(GeventWorker, "run", serve)
    stage.worker.seat = 3
    with pytest.raises(SystemExit):
        stage.worker.run()
    writers = ("logbook", "captures")
    starts, stops = ([f"{name} {does}" for name in writers] for does in ("starts", "stops"))
    assert stage.told == [
        "counts at seat 3",
        *starts,
        "serves",
        "no more chores",
        *stops,
        *LAST_WORDS,
        "counts no more",
    ]
    assert stage.lifecycle.draining, "what still ran was ended before"


def test_traces_begin_in_the_worker_and_end_behind_the_last_request(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GeventWorker, "run", lambda _: stage.told.append("serves"))
    stage.parts.traces = Traces(stage.told)
    stage.worker.run()
    told = [line for line in stage.told if "trace" in line or line == "serves"]
    assert told == ["traces start", "serves", "traces stop"]


def test_each_heartbeat_tells_what_the_worker_does(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[str] = []
    monkeypatch.setattr(GeventWorker, "notify", lambda _: beats.append("beat"))
    stage.worker.notify()
    assert beats == ["beat"]
    assert stage.metrics.published == [stage.parts.busy]


def test_only_ends_are_left_out_of_gunicorns_log() -> None:
    def record(error: BaseException | None) -> logging.LogRecord:
        info = (type(error), error, None) if error else None
        return logging.LogRecord("gunicorn.error", logging.ERROR, "", 0, "Error handling request", (), info)  # type: ignore[arg-type]

    assert not module._is_news(record(Draining("going")))
    assert module._is_news(record(KeyError()))
    assert module._is_news(record(None))


def running(stage: Stage, ended_by: list[BaseException]) -> Any:
    """A request that never ends by itself."""

    def run() -> None:
        token = stage.lifecycle.enter()
        try:
            gevent.sleep(3600)
        except Draining as error:
            ended_by.append(error)
        finally:
            stage.lifecycle.leave(token)

    greenlet = gevent.spawn(run)
    gevent.sleep(0)
    return greenlet


@pytest.mark.parametrize(("signals", "patience"), [(["exit", "exit"], 5), (["quit"], 30), (["exit", "quit"], 30)])
def test_being_stopped(stage: Stage, signals: list[str], patience: int) -> None:
    """It refuses from then on, ends what runs, writes the log, and hangs up. A hurry shortens a wait that has begun."""
    stage.worker.cfg.graceful_timeout = patience  # type: ignore[attr-defined]
    ended_by: list[BaseException] = []
    greenlet = running(stage, ended_by)
    ours, theirs = socket.socketpair()
    stage.worker._connections.add(ours)
    with ours, theirs:
        for name in signals:
            getattr(stage.worker, f"handle_{name}")(15, None)
        assert stage.worker.alive, "a signal handler does not wait"
        greenlet.join(5)
        assert [type(error) for error in ended_by] == [Draining]
        with gevent.Timeout(5):
            while stage.worker.alive:
                gevent.sleep(0.001)
        assert stage.lifecycle.draining
        assert set(stage.told) == {"logbook stops", "captures stops"}
        assert ours.recv(1) == b"", "it waits for no further request"
        ours.sendall(b"the last answer")
        assert theirs.recv(15) == b"the last answer"


def test_being_replaced(stage: Stage) -> None:
    """It stops accepting at once, and refuses nothing until its time is over."""
    stage.reloads[0] = 1
    ended_by: list[BaseException] = []
    greenlet = running(stage, ended_by)
    ending = gevent.spawn(stage.worker._end, 0.05)
    gevent.sleep(0)
    assert not stage.worker.alive
    assert not stage.lifecycle.draining
    stage.lifecycle.leave(stage.lifecycle.enter())
    assert ended_by == []
    greenlet.join(5)
    ending.join(5)
    assert [type(error) for error in ended_by] == [Draining]


def test_a_busy_connection_lets_the_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    monkeypatch.setattr(GeventWorker, "handle_request", lambda *_: order.append("request") or True)
    gevent.spawn(order.append, "another")
    worker = Stage().worker
    for _ in range(2):
        assert worker.handle_request(None, None, None, None) is True  # type: ignore[arg-type]
    assert order == ["request", "another", "request"]
