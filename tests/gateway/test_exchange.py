"""One exchange against a scripted upstream and a wire of three words: `text`, `error` and `end`.

What real providers send is tested with the wires, what sockets do in tests/live.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import gevent
import msgspec
import pytest
from gevent.event import Event
from structlog.testing import capture_logs

from ccproxy.errors import (
    BadAnswer,
    CCProxyError,
    DeadlinePassed,
    Draining,
    Truncated,
    Unreachable,
    UpstreamError,
    UpstreamRefused,
)
from ccproxy.gateway import exchange as module
from ccproxy.gateway import journal
from ccproxy.gateway.attempts import Attempts
from ccproxy.gateway.call import Call, Caller, Incoming
from ccproxy.gateway.credentials import Credentials
from ccproxy.gateway.exchange import Exchange
from ccproxy.gateway.routing import Plan
from ccproxy.gateway.upstream import Silence
from ccproxy.store.logbook import RequestRow
from ccproxy.translate import events as ev
from ccproxy.translate import render
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.messages import InputMessage, Message, MessagesRequest, TextBlock, Usage
from ccproxy.translate.parse import Parsed
from ccproxy.translate.target import DecodeContext, Target, UpstreamRequest

KEY = "sk-0123456789-secret"
TARGET = Target(
    provider="p",
    kind="toy",
    wire="toy",
    model="m",
    base_url="http://127.0.0.1:9",
    dialect=Dialect(),
    headers={"authorization": f"Bearer {KEY}"},
    secrets=(KEY,),
)


class Toy:
    """A wire whose stream is words between spaces."""

    @staticmethod
    def decode(body: bytes, context: DecodeContext) -> Message:
        if body == b"nonsense":
            raise BadAnswer("not an answer")
        usage = Usage(input_tokens=1, output_tokens=2)
        if body == b"no usage":
            usage.estimated = True
        return Message(
            id=context.message_id, model="p/m", content=[TextBlock(body.decode())], stop_reason="end_turn", usage=usage
        )

    @staticmethod
    def decode_error(status: int, headers: Mapping[str, str], body: bytes, **known: Any) -> UpstreamRefused:
        assert (known["model"], known["max_tokens"]) == ("m", 9)
        assert known["now"] > 1_700_000_000
        return UpstreamRefused(body.decode(), status=status, type="rate_limit_error", retry_after=7)

    class StreamDecoder:
        def __init__(self, context: DecodeContext) -> None:
            self.usage = Usage(input_tokens=context.input_tokens)
            self.usage_estimated = True
            self.stop_reason: str | None = None
            self.done = False
            self.failure: UpstreamError | None = None

        def feed(self, data: bytes) -> list[ev.Event]:
            found: list[ev.Event] = []
            for word in data.split():
                if word == b"error":
                    failure = UpstreamRefused(f"Bearer {KEY} is tired", status=529, type="overloaded_error")
                    if not found:
                        raise failure
                    self.failure = failure
                    break
                if word == b"bug":
                    raise ZeroDivisionError
                if word == b"end":
                    self.stop_reason, self.usage_estimated, self.done = "end_turn", False, True
                    found.append(ev.MessageStop())
                elif word != b":":
                    found.append(ev.ContentBlockDelta(0, ev.TextDelta(word.decode())))
            return found

        def close(self) -> list[ev.Event]:
            if not self.done:
                raise Truncated("cut")
            return []


class ScriptedAnswer:
    """Gives one piece a read; an Event among them is waited for, an exception raised; then silence."""

    def __init__(self, *script: Any, status: int = 200, stream: bool = True) -> None:
        self.status = status
        self.headers: dict[str, str] = {}
        self.is_event_stream = stream
        self.script = list(script)
        self.closed = Event()
        self.finished = False

    def read(self, seconds: float) -> bytes:
        while self.script:
            step = self.script[0]
            if isinstance(step, Event) and not step.wait(seconds):
                raise Silence
            self.script.pop(0)
            if isinstance(step, Exception):
                raise step
            if isinstance(step, bytes):
                return step
        gevent.sleep(seconds)
        raise Silence

    def read_all(self, deadline: float) -> bytes:
        self.close()
        return b"".join(self.script)

    def finish(self) -> None:
        self.finished = True

    def close(self) -> None:
        self.closed.set()


class ScriptedUpstream:
    idle = 3600.0

    def __init__(self, *answers: Any, idle: float = 3600.0) -> None:
        self.answers = list(answers)
        self.idle = idle
        self.sent: list[tuple[Any, ...]] = []

    def send(self, *request: Any) -> ScriptedAnswer:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Event):
            answer.wait()
            return self.send(*request)
        assert isinstance(answer, ScriptedAnswer)
        return answer


class Serving:
    """Everybody is in service."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def admit(self, target: Target, session: str | None, last: bool) -> Target | None:
        return target

    def began(self, target: Target, seconds: float) -> None:
        self.said.append("began")

    def answered(self, target: Target, seconds: float) -> None:
        self.said.append("answered")

    def succeeded(self, target: Target, seconds: float) -> None:
        self.said.append("succeeded")

    def failed(self, target: Target, error: UpstreamError, seconds: float) -> float | None:
        self.said.append("failed")
        return None

    def left(self, target: Target) -> None:
        self.said.append("left")

    def other_key(self, target: Target) -> bool:
        return False


class Shuffle:
    """The other way round, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.stayed: list[Any] = []

    def order(
        self, plan: Plan, session: str | None, streams: bool, input_tokens: int, max_tokens: int | None
    ) -> list[Target]:
        self.asked.append((session, streams, input_tokens, max_tokens))
        return list(reversed(plan.targets))

    def settled(self, plan: Plan, session: str | None, target: Target) -> None:
        self.stayed.append((plan.route, session, target.label))


class Stage:
    """An exchange with everything around it."""

    def __init__(self, *answers: Any, idle: float = 3600.0, total: float = 3600.0) -> None:
        self.upstream = ScriptedUpstream(*answers, idle=idle)
        caller = Caller(self.upstream, Credentials(self.upstream))  # type: ignore[arg-type]
        self.health = Serving()
        self.choice = Shuffle()
        self.exchange = Exchange(caller, self.health, self.choice, total=total)
        self.total = total
        self.rows: list[RequestRow] = []
        self.entry = journal.begin(
            self.rows.append, request_id="r", caller="c", client_ip="i", session_id=None, user_agent=None
        )
        request = UpstreamRequest(method="POST", path="/x", headers={"a": "b"}, body=b"{}")
        context = DecodeContext(message_id="msg_1", target=TARGET, input_tokens=11)
        self.call = Call(Toy, TARGET, request, context, 9, "r")
        self.plan = Plan("only", (TARGET,))

    def attempts(self) -> Attempts:
        deadline = time.monotonic() + self.total
        return Attempts(self.plan, self.plan.targets, lambda target: self.call, self.health, self.entry, deadline)

    def answer(self) -> Any:
        with capture_logs(), self.entry:
            return msgspec.json.decode(self.exchange.answer(self.attempts()))

    def stream(self) -> Any:
        self.entry.row.stream = True
        return self.exchange.stream(self.attempts())

    def frames(self) -> list[str]:
        with capture_logs(), self.entry:
            return [frame.decode() for frame in self.stream()]

    @property
    def row(self) -> RequestRow:
        [row] = self.rows
        return row


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_AFTER", 0.02)
    monkeypatch.setattr(module, "PING_EVERY", 0.01)


def words(frames: list[str]) -> list[str]:
    """The texts, and the names of the other events, in their order."""
    found = []
    for frame in "".join(frames).split("\n\n")[:-1]:
        name, _, data = frame.partition("\n")
        body = msgspec.json.decode(data.removeprefix("data: "))
        assert name == f"event: {body['type']}"
        found.append(body.get("delta", {}).get("text") or body["type"])
    return found


def test_a_whole_answer() -> None:
    stage = Stage(ScriptedAnswer(b"hello", stream=False))
    body = stage.answer()
    assert body["content"] == [{"type": "text", "text": "hello"}]
    assert "estimated" not in body["usage"]
    assert stage.upstream.sent == [("POST", "http://127.0.0.1:9/x", {"a": "b"}, b"{}")]
    assert (stage.row.status, stage.row.output_tokens, stage.row.usage_estimated) == (200, 2, False)
    assert stage.row.attempts[0]["status"] == 200


def test_estimated_usage_is_marked_in_the_row_only() -> None:
    stage = Stage(ScriptedAnswer(b"no usage", stream=False))
    assert "estimated" not in stage.answer()["usage"]
    assert stage.row.usage_estimated is True


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (ScriptedAnswer(b"slow down, ", KEY.encode(), status=429), 429, "slow down, "),
        (ScriptedAnswer(b"who are you", status=401), 401, "provider 'p' refused its API key: who are you"),
        (ScriptedAnswer(b"over there", status=302), 302, "over there"),
        (ScriptedAnswer(b"nonsense", stream=False), 502, "not an answer"),
        (Unreachable("no route"), 502, "no route"),
        (DeadlinePassed("slow"), 504, "slow"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_an_early_failure_keeps_its_status(answer: Any, status: int, message: str, streaming: bool) -> None:
    if isinstance(answer, ScriptedAnswer):
        answer = ScriptedAnswer(*answer.script, status=answer.status, stream=answer.is_event_stream)
    stage = Stage(answer)
    with pytest.raises(UpstreamError) as caught:
        stage.frames() if streaming else stage.answer()
    assert caught.value.status == status
    assert caught.value.message.startswith(message)
    assert KEY not in caught.value.message
    assert (stage.row.status, stage.row.error_type) == (status, caught.value.type)
    assert [attempt["status"] for attempt in stage.row.attempts] == [status]
    if isinstance(answer, ScriptedAnswer) and streaming:
        assert answer.closed.is_set()


def test_a_whole_answer_has_a_deadline() -> None:
    stage = Stage(Event(), total=0.01)
    with pytest.raises(DeadlinePassed, match=r"more than 0\.01 s"):
        stage.answer()
    assert stage.row.status == 504


def test_a_stream_from_start_to_end() -> None:
    answer = ScriptedAnswer(b": :", b"a b", b"c end", b"")
    stage = Stage(answer)
    frames = stage.frames()
    assert words(frames) == ["a", "b", "c", "message_stop"]
    assert len(frames) == 2, "what came together goes out together"
    assert answer.finished
    assert answer.closed.is_set()
    assert (stage.row.status, stage.row.stop_reason, stage.row.input_tokens) == (200, "end_turn", 11)
    assert stage.row.ttft_ms is not None
    assert [attempt["status"] for attempt in stage.row.attempts] == [200]


def test_a_stream_that_ends_at_once() -> None:
    assert words(Stage(ScriptedAnswer(b"end", b"")).frames()) == ["message_stop"]


def test_a_whole_message_in_place_of_a_stream_becomes_one() -> None:
    answer = ScriptedAnswer(b"no usage", stream=False)
    stage = Stage(answer)
    [frames] = stage.frames()
    assert words([frames])[0] == "message_start"
    assert words([frames])[-1] == "message_stop"
    assert "no usage" in words([frames])
    assert "estimated" not in frames
    assert stage.row.usage_estimated is True
    assert answer.closed.is_set()


@pytest.mark.parametrize(
    ("script", "status", "kind"),
    [
        ((b"a", b"error"), 529, "overloaded_error"),
        ((b"a", b"b error"), 529, "overloaded_error"),
        ((b"a error",), 529, "overloaded_error"),
        ((b"a", b""), 502, "api_error"),
        ((b"a", b"bug"), 500, "api_error"),
        ((b"a", Draining("going")), 503, "overloaded_error"),
        ((b"a", BadAnswer("framing")), 502, "api_error"),
    ],
)
def test_a_late_failure_is_an_error_event_and_the_last_word(script: Any, status: int, kind: str) -> None:
    answer = ScriptedAnswer(*script, b"never read")
    stage = Stage(answer)
    frames = stage.frames()
    assert words(frames)[:1] == ["a"]
    error = msgspec.json.decode(frames[-1].partition("data: ")[2])
    assert frames[-1].startswith("event: error\n")
    assert (error["type"], error["error"]["type"], error["request_id"]) == ("error", kind, "r")
    assert KEY not in frames[-1]
    assert "ZeroDivision" not in frames[-1]
    assert (stage.row.status, stage.row.error_type) == (status, kind)
    assert answer.closed.is_set()


@pytest.mark.parametrize("script", [(b": error",), (b"",), (b": bug",)])
def test_a_failure_before_the_first_event_is_raised(script: Any) -> None:
    answer = ScriptedAnswer(*script)
    stage = Stage(answer)
    with pytest.raises((CCProxyError, ZeroDivisionError)):
        stage.frames()
    assert answer.closed.is_set()


@pytest.mark.usefixtures("impatient")
def test_a_silent_upstream_is_covered_by_pings() -> None:
    go, on = Event(), Event()
    stage = Stage(go, ScriptedAnswer(b"a", on, b": end", b""))
    stream = stage.stream()
    assert next(stream) == b'event: ping\ndata: {"type":"ping"}\n\n'
    assert b"ping" in next(stream)
    go.set()
    assert first_word(stream) == ["a"]
    assert b"ping" in next(stream)
    on.set()
    assert words([frame.decode() for frame in stream])[-1] == "message_stop"


def first_word(stream: Any) -> list[str]:
    """The next frame that is no ping; there may be one more of those on its way."""
    for frame in stream:
        if b"ping" not in frame:
            return words([frame.decode()])
    raise AssertionError("the stream ended")


@pytest.mark.usefixtures("impatient")
def test_an_upstream_that_only_says_that_it_lives_does_not_keep_the_client_waiting() -> None:
    dots = [b":"] * 400
    paced = [step for dot in dots for step in (Tick(), dot)]
    stream = Stage(ScriptedAnswer(b"a", *paced, b"end", b"")).stream()
    frames = [frame.decode() for frame in stream]
    assert "ping" in words(frames)
    assert words(frames)[-1] == "message_stop"


class Tick(Event):
    """Passes after a moment of the event loop."""

    def wait(self, timeout: float | None = None) -> Any:
        gevent.sleep(0.0002)
        return True


@pytest.mark.usefixtures("impatient")
def test_a_failure_after_a_ping_is_an_error_event() -> None:
    go = Event()
    stage = Stage(go, Unreachable("gone"))
    with capture_logs(), stage.entry:
        stream = stage.stream()
        assert b"ping" in next(stream)
        go.set()
        *_, last = list(stream)
    assert last.startswith(b"event: error")
    assert stage.row.status == 502


@pytest.mark.parametrize(
    ("make", "words_of_it"),
    [
        (lambda: Stage(Event(), total=0.01), "took more than 0.01 s"),
        (lambda: Stage(ScriptedAnswer(Event()), idle=0.01), "nothing for 0.01 s"),
        (lambda: Stage(ScriptedAnswer(Event()), total=0.01), "took more than 0.01 s"),
        (lambda: Stage(ScriptedAnswer(*[Tick(), b":"] * 5000), total=0.05), "took more than 0.05 s"),
    ],
    ids=["head", "idle", "total", "dripping"],
)
def test_deadlines_before_the_start(make: Callable[[], Stage], words_of_it: str) -> None:
    stage = make()
    with pytest.raises(DeadlinePassed) as caught:
        stage.frames()
    assert caught.value.status == 504
    assert words_of_it in caught.value.message


@pytest.mark.parametrize(
    ("make", "words_of_it"),
    [
        (lambda: Stage(ScriptedAnswer(b"a", Event()), idle=0.01), "nothing for 0.01 s"),
        (lambda: Stage(ScriptedAnswer(b"a", Event()), total=0.05), "took more than 0.05 s"),
        (lambda: Stage(ScriptedAnswer(b"a", *[Tick(), b"x"] * 5000), total=0.05), "took more than 0.05 s"),
    ],
    ids=["idle", "total", "dripping"],
)
def test_deadlines_in_the_middle(make: Callable[[], Stage], words_of_it: str) -> None:
    stage = make()
    frames = stage.frames()
    assert words_of_it in frames[-1]
    assert stage.row.error_type == "timeout_error"


def test_a_client_that_leaves_releases_the_upstream() -> None:
    answer = ScriptedAnswer(b"a", Event())
    stage = Stage(answer)
    with capture_logs(), stage.entry:
        stream = stage.stream()
        next(stream)
        stream.close()
    assert answer.closed.is_set()
    assert stage.row.input_tokens == 11, "what was used until then is known"


def test_a_client_that_leaves_before_the_start_releases_the_upstream() -> None:
    answer = ScriptedAnswer(Event())
    stage = Stage(answer)
    greenlet = gevent.spawn(lambda: next(stage.stream()))
    while not stage.upstream.sent:
        gevent.sleep(0)
    greenlet.kill()
    assert answer.closed.wait(5)


@pytest.mark.usefixtures("impatient")
def test_a_client_that_leaves_between_two_pings_releases_an_answer_that_has_begun() -> None:
    begun = Event()
    answer = ScriptedAnswer(begun, b"a", Event())
    stage = Stage(answer)
    with capture_logs(), stage.entry:
        stream = stage.stream()
        assert next(stream) == render.PING
        begun.set()
        while len(answer.script) > 1:
            gevent.sleep(0)
        gevent.sleep(0)
        stream.close()
    assert answer.closed.is_set()
    assert stage.row.input_tokens == 11, "what was used until then is known"


def test_a_stream_that_is_faster_than_we_are_lets_the_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN", 0)
    order: list[str] = []
    gevent.spawn(order.append, "another")
    answer = ScriptedAnswer(b"a", b"x " * module.PLENTY, b"y " * module.PLENTY, b"end", b"")
    for frame in Stage(answer).stream():
        order.append("much" if len(frame) > module.PLENTY else "little")  # noqa: PERF401 - it grows meanwhile
    assert order == ["little", "much", "another", "much", "little"]


def test_a_stream_s_end_says_how_its_target_is() -> None:
    for script, said in (((b"a", b"end", b""), ["began", "succeeded"]), ((b"a", b""), ["began", "failed"])):
        stage = Stage(ScriptedAnswer(*script))
        stage.frames()
        assert stage.health.said == said


@pytest.mark.parametrize("streaming", [False, True])
def test_what_fails_before_the_first_event_never_shows_where_another_target_answers(streaming: bool) -> None:
    answer = ScriptedAnswer(b"yes end", b"") if streaming else ScriptedAnswer(b"yes", stream=False)
    stage = Stage(ScriptedAnswer(b"busy", status=529), answer)
    stage.plan = Plan("a route", (TARGET, msgspec.structs.replace(TARGET, provider="q")))
    if streaming:
        assert words(stage.frames()) == ["yes", "message_stop"]
    else:
        assert stage.answer()["content"][0]["text"] == "yes"
    assert [attempt["status"] for attempt in stage.row.attempts] == [529, 200]
    assert (stage.row.status, stage.row.error_type) == (200, None)
    assert stage.choice.stayed == [("a route", None, stage.call.target.label)]


def test_the_order_of_several_targets_is_chosen() -> None:
    stage = Stage()
    choice = Shuffle()
    stage.exchange = Exchange(Caller(stage.upstream, None), stage.health, choice, total=9)  # type: ignore[arg-type]
    first = msgspec.structs.replace(TARGET, wire="openai-chat", kind="openai-chat")
    second = msgspec.structs.replace(first, provider="q")
    request = MessagesRequest(model="x", max_tokens=5, messages=[InputMessage("user", "hi")])
    incoming = Incoming(Parsed(request), {}, "msg_7", "r-7", "s-1")
    asked = []
    for strategy in ("fallback", "cheapest"):
        attempts = stage.exchange.begin(incoming, Plan("a route", (first, second), strategy=strategy), stage.entry)
        assert attempts.first(lambda call: call.target.provider) == "q"
        asked = choice.asked
    stage.exchange.begin(incoming, Plan("only", (first,)), stage.entry)
    assert len(asked) == 2, "where there is one there is nothing to choose"
    assert [(session, streams, most) for session, streams, _, most in asked] == [("s-1", False, 5)] * 2
    assert asked[0][2] == 0, "what nobody needs is not counted"
    assert asked[1][2] > 0
