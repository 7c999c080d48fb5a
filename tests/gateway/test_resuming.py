"""Answers that break off, and the next target of their route: whole exchanges with providers of two APIs.

How a text is gone on with is tested in tests/translate/continuation, what sockets do in tests/live.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import gevent
import msgspec
import pytest
from gevent.event import Event
from structlog.testing import capture_logs

from ccproxy.errors import Truncated, UpstreamError
from ccproxy.gateway import exchange as module
from ccproxy.gateway import journal
from ccproxy.gateway.call import Caller, Incoming
from ccproxy.gateway.credentials import Credentials
from ccproxy.gateway.exchange import Exchange
from ccproxy.gateway.opening import Opening
from ccproxy.gateway.routing import Plan
from ccproxy.store.logbook import RequestRow
from ccproxy.translate import render
from ccproxy.translate.continuation.request import last_words
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.parse import parse
from ccproxy.translate.target import Target
from tests.gateway.test_exchange import ScriptedAnswer, ScriptedUpstream, Serving

STORY = "It was the best of times, it was the worst of times, it was the age of wisdom and of much else."
FIRST, REST = STORY[:60], STORY[60:]
LEAD = last_words(FIRST)
"""What the second target copies, as it is asked to."""


class Given:
    """The order of the plan, whatever happens."""

    def __init__(self) -> None:
        self.stayed: list[str] = []

    def order(
        self, plan: Plan, session: str | None, streams: bool, input_tokens: int, max_tokens: int | None
    ) -> tuple[Target, ...]:
        return plan.targets

    def settled(self, plan: Plan, session: str | None, target: Target) -> None:
        self.stayed.append(target.label)


def target(name: str, wire: str = "openai-chat", **fields: Any) -> Target:
    return Target(
        provider=name, kind=wire, wire=wire, model="m", base_url="http://127.0.0.1:9", dialect=Dialect(), **fields
    )


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **more}
    return b"data: " + msgspec.json.encode(body) + b"\n\n"


def says(text: str) -> bytes:
    return chunk({"content": text})


END = chunk({}, "stop", usage={"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42}) + b"data: [DONE]\n\n"
FAILED = b'data: {"error": {"message": "out of memory", "code": 500}}\n\n'


def events(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: ".encode() + msgspec.json.encode({"type": kind, **fields}) + b"\n\n"


CLAUDE = events(
    "message_start",
    message={
        "id": "msg_up",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 1},
    },
) + events("content_block_start", index=0, content_block={"type": "text", "text": ""})


def claude_says(text: str) -> bytes:
    return events("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


CLAUDE_ENDS = (
    events("content_block_stop", index=0)
    + events("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 7})
    + events("message_stop")
)


class Scene:
    """One streamed request over the targets, and what came of it."""

    def __init__(
        self,
        *answers: Any,
        targets: Iterable[Target] = (target("p"), target("q")),
        resume: bool = True,
        total: float = 3600.0,
        idle: float = 3600.0,
        **request: Any,
    ) -> None:
        self.upstream = ScriptedUpstream(*answers, idle=idle)
        self.health = Serving()
        self.choice = Given()
        caller = Caller(self.upstream, Credentials(self.upstream))  # type: ignore[arg-type]
        self.exchange = Exchange(caller, self.health, self.choice, total=total)
        self.rows: list[RequestRow] = []
        self.entry = journal.begin(
            self.rows.append, request_id="r", caller="c", client_ip="i", session_id=None, user_agent=None
        )
        body = {"model": "x", "max_tokens": 500, "stream": True, "messages": [{"role": "user", "content": "Tell."}]}
        self.parsed = parse(msgspec.json.encode({**body, **request}))
        self.plan = Plan("a route", tuple(targets), resume=resume)
        self.logged: list[Any] = []

    def stream(self) -> Any:
        incoming = Incoming(self.parsed, {}, "msg_7", "r", None)
        self.entry.row.stream = True
        return self.exchange.stream(self.exchange.begin(incoming, self.plan, self.entry))

    def run(self) -> list[dict[str, Any]]:
        """The events that the client gets."""
        with capture_logs() as self.logged, self.entry:
            sent = b"".join(self.stream())
        return [json.loads(part.partition("data: ")[2]) for part in sent.decode().split("\n\n")[:-1]]

    def sent(self, number: int) -> dict[str, Any]:
        """The body of a request to a provider."""
        body: dict[str, Any] = msgspec.json.decode(self.upstream.sent[number][3])
        return body

    @property
    def row(self) -> RequestRow:
        [row] = self.rows
        return row

    @property
    def tried(self) -> list[tuple[str, int, bool]]:
        return [(one["provider"], one["status"], one.get("resumed", False)) for one in self.row.attempts]


def text(found: list[dict[str, Any]]) -> str:
    return "".join(event.get("delta", {}).get("text", "") for event in found)


def kinds(found: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in found if event["type"] not in ("content_block_delta", "ping")]


WHOLE = ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"]


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda: b"", id="ends too early"),
        pytest.param(lambda: FAILED, id="says that it failed"),
        pytest.param(lambda: Truncated("reset"), id="is cut"),
    ],
)
def test_a_text_that_breaks_off_is_gone_on_with(end: Callable[[], Any]) -> None:
    scene = Scene(
        ScriptedAnswer(says(FIRST[:20]), says(FIRST[20:]), end()),
        ScriptedAnswer(says(LEAD), says(REST[:9]), says(REST[9:]), END, b""),
    )
    found = scene.run()
    assert text(found) == STORY
    assert kinds(found) == WHOLE, "as though nothing had happened"
    assert scene.tried == [("p", scene.tried[0][1], False), ("q", 200, True)]
    assert scene.tried[0][1] >= 500
    assert (scene.row.status, scene.row.error_type, scene.row.stop_reason) == (200, None, "end_turn")
    assert scene.row.usage_estimated, "nobody told the tokens of the first part"
    assert scene.row.input_tokens is not None
    assert scene.row.input_tokens > 30
    assert scene.choice.stayed == ["p/m", "q/m"]
    assert scene.health.said == ["began", "failed", "began", "succeeded"]
    first, second = scene.sent(0), scene.sent(1)
    assert [message["role"] for message in second["messages"]] == ["user", "assistant", "user"]
    assert second["messages"][1]["content"] == FIRST.rstrip()
    assert LEAD in second["messages"][2]["content"]
    assert second["messages"][0] == first["messages"][0]
    assert [line["event"] for line in scene.logged if line["log_level"] == "warning"] == [
        "the answer broke off; the next target is asked to go on with it"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            [CLAUDE, claude_says(FIRST), b""],
            [says(LEAD + REST), END, b""],
            id="relayed, then translated",
        ),
        pytest.param(
            [says(FIRST), b""],
            [CLAUDE + claude_says(LEAD + REST), CLAUDE_ENDS, b""],
            id="translated, then relayed",
        ),
    ],
)
def test_the_two_may_speak_different_apis(one: list[bytes], other: list[bytes]) -> None:
    of_claude = target("p", "anthropic"), target("q")
    targets = of_claude if one[0] == CLAUDE else reversed(of_claude)
    scene = Scene(ScriptedAnswer(*one), ScriptedAnswer(*other), targets=targets)
    found = scene.run()
    assert text(found) == STORY
    assert kinds(found) == WHOLE
    assert found[-2]["delta"]["stop_reason"] == "end_turn"


def test_without_the_route_s_consent_it_is_an_honest_error() -> None:
    scene = Scene(ScriptedAnswer(says(FIRST), b""), resume=False)
    found = scene.run()
    assert (text(found), found[-1]["type"]) == (FIRST, "error")
    assert len(scene.upstream.sent) == 1
    assert scene.tried == [("p", 502, False)]


TOOL = chunk({"tool_calls": [{"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}}]})
TOOLS = [{"name": "f", "input_schema": {"type": "object"}}]


def test_half_a_tool_call_is_never_gone_on_with() -> None:
    half = chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a": '}}]})
    scene = Scene(ScriptedAnswer(says(FIRST), TOOL, half, b""), tools=TOOLS)
    assert scene.run()[-1]["type"] == "error"
    assert len(scene.upstream.sent) == 1
    assert scene.row.status == 502


def test_who_goes_on_may_call_tools_after_the_text() -> None:
    whole = chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a": 1}'}}]})
    scene = Scene(
        ScriptedAnswer(says(FIRST), b""),
        ScriptedAnswer(says(LEAD + REST), TOOL, whole, chunk({}, "tool_calls"), b"data: [DONE]\n\n", b""),
        tools=TOOLS,
    )
    found = scene.run()
    assert text(found) == STORY
    assert [event["index"] for event in found if event["type"] == "content_block_start"] == [0, 1]
    assert "".join(event.get("delta", {}).get("partial_json", "") for event in found) == '{"a": 1}'
    assert scene.row.stop_reason == "tool_use"


def test_the_target_itself_is_asked_once_more_after_all_others() -> None:
    alone = Scene(ScriptedAnswer(says(FIRST), b""), ScriptedAnswer(says(LEAD + REST), END, b""), targets=[target("p")])
    assert text(alone.run()) == STORY
    assert alone.tried == [("p", 502, False), ("p", 200, True)]
    never = Scene(ScriptedAnswer(says(FIRST), b""), ScriptedAnswer(says(LEAD), b""), targets=[target("p")])
    found = never.run()
    assert (text(found), found[-1]["type"]) == (FIRST, "error")
    assert never.tried == [("p", 502, False), ("p", 502, True)]


def test_who_cannot_go_on_is_passed_over_and_a_third_may_be_needed() -> None:
    scene = Scene(
        ScriptedAnswer(says(FIRST), b""),
        ScriptedAnswer(b"busy", status=529),
        ScriptedAnswer(says(LEAD + REST[:10]), b""),
        ScriptedAnswer(says(last_words(STORY[:70])), says(STORY[70:]), END, b""),
        targets=[target("p"), target("q"), target("r"), target("s")],
    )
    found = scene.run()
    assert text(found) == STORY
    assert kinds(found) == WHOLE
    assert scene.tried == [("p", 502, False), ("q", 529, True), ("r", 502, True), ("s", 200, True)]


@pytest.mark.parametrize(
    "nothing",
    [
        pytest.param([chunk({"role": "assistant", "content": ""}), END, b""], id="in pieces"),
        pytest.param([chunk({"role": "assistant", "content": ""}) + END], id="at once"),
        pytest.param([chunk({"reasoning_content": "hm"}), END, b""], id="but thinks"),
        pytest.param([says("\n"), says(" "), END, b""], id="blanks"),
    ],
)
def test_who_says_nothing_has_not_gone_on(nothing: list[bytes]) -> None:
    answers = [ScriptedAnswer(says(FIRST), b""), ScriptedAnswer(*nothing)]
    scene = Scene(
        *answers, ScriptedAnswer(says(LEAD + REST), END, b""), targets=[target("p"), target("q"), target("r")]
    )
    found = scene.run()
    assert (text(found), kinds(found)) == (STORY, WHOLE)
    assert scene.tried == [("p", 502, False), ("q", 502, True), ("r", 200, True)]
    assert scene.health.said[-4:] == ["began", "failed", "began", "succeeded"]
    assert all(answer.closed.is_set() for answer in answers)


def test_a_whole_message_in_place_of_a_stream_may_say_nothing_too() -> None:
    empty = {"role": "assistant", "content": ""}
    body = msgspec.json.encode({"choices": [{"index": 0, "message": empty, "finish_reason": "stop"}]})
    scene = Scene(ScriptedAnswer(says(FIRST), b""), ScriptedAnswer(body, stream=False), targets=[target("p")])
    found = scene.run()
    assert (text(found), found[-1]["type"]) == (FIRST, "error")
    assert "said nothing" in found[-1]["error"]["message"]
    assert (scene.row.status, scene.tried) == (502, [("p", 502, False), ("p", 502, True)])


def test_who_copies_the_last_words_and_ends_has_nothing_to_add() -> None:
    scene = Scene(ScriptedAnswer(says(STORY), b""), ScriptedAnswer(says(last_words(STORY)), END, b""))
    found = scene.run()
    assert (text(found), kinds(found)) == (STORY, WHOLE)
    assert scene.row.stop_reason == "end_turn"


SMILE = ("\ud83d", "\ude00")
"""One character, as providers send it that cut their texts in UTF-16."""


def halved(say: str, half: str) -> bytes:
    """What says the text, with half a character in it."""
    make = {"chat": says, "claude": claude_says}[say]
    return make("HALF").replace(b"HALF", half.encode("unicode_escape"))


@pytest.mark.parametrize("one", ["chat", "claude"])
@pytest.mark.parametrize("other", ["chat", "claude"])
def test_half_a_character_at_the_seam(one: str, other: str) -> None:
    """What is cut between the halves is whole in the end, unless the client has one half already."""
    begins = {"chat": b"", "claude": CLAUDE}
    makes = {"chat": says, "claude": claude_says}
    ends = {"chat": END, "claude": CLAUDE_ENDS}
    wires = {"chat": "openai-chat", "claude": "anthropic"}
    halves = [halved(other, half) for half in SMILE]
    first = ScriptedAnswer(begins[one] + makes[one](FIRST), halved(one, SMILE[0]), b"")
    then = ScriptedAnswer(begins[other] + makes[other](LEAD), *halves, makes[other](" on"), ends[other], b"")
    found = Scene(first, then, targets=[target("p", wires[one]), target("q", wires[other])]).run()
    if one == "claude":
        assert (text(found), found[-1]["type"]) == (FIRST + SMILE[0], "error")
    else:
        assert text(found) == FIRST + "😀 on"
        assert kinds(found) == WHOLE
        assert all(event["type"] != "ping" for event in found)


def test_where_nobody_can_the_first_error_is_told() -> None:
    scene = Scene(
        ScriptedAnswer(says(FIRST), FAILED),
        ScriptedAnswer(b"busy", status=529),
        ScriptedAnswer(b"busy too", status=503),
    )
    found = scene.run()
    assert (text(found), found[-1]["type"]) == (FIRST, "error")
    assert "out of memory" in found[-1]["error"]["message"]
    assert scene.tried == [("p", 500, False), ("q", 529, True), ("p", 503, True)]
    assert (scene.row.status, scene.row.input_tokens) != (200, None)


def test_what_the_second_target_loses_is_told_with_the_first_one_s() -> None:
    """Thinking has no place in the middle of a text, and each target has losses of its own."""
    scene = Scene(
        ScriptedAnswer(says(FIRST), b""),
        ScriptedAnswer(chunk({"reasoning_content": "hm"}), says(LEAD + REST), END, b""),
        top_k=3,
    )
    assert text(scene.run()) == STORY
    assert scene.row.dropped == ["top_k", "thinking"]


def test_what_is_lost_twice_is_told_once() -> None:
    """Thinking of another provider's in the history, and what the second target thinks in the middle of the text."""
    thought = {"type": "thinking", "thinking": "hm", "signature": "of another"}
    history = [
        {"role": "user", "content": "Tell."},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "What?"}]},
        {"role": "user", "content": "A story."},
    ]
    scene = Scene(
        ScriptedAnswer(says(FIRST), b""),
        ScriptedAnswer(chunk({"reasoning_content": "hm"}), says(LEAD + REST), END, b""),
        messages=history,
        thinking={"type": "enabled", "budget_tokens": 1024},
        max_tokens=3000,
    )
    assert text(scene.run()) == STORY
    assert scene.row.dropped == ["thinking"]


def test_a_stop_sequence_across_the_seam_ends_the_answer() -> None:
    scene = Scene(
        ScriptedAnswer(says(FIRST + " EN"), b""),
        ScriptedAnswer(says(LEAD + " END and more"), END, b""),
        stop_sequences=["END"],
    )
    found = scene.run()
    assert found[-2]["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    assert scene.row.stop_reason == "stop_sequence"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_EVERY", 0.01)


@pytest.mark.usefixtures("impatient")
def test_pings_go_out_while_the_second_target_is_awaited() -> None:
    begun = Event()
    scene = Scene(ScriptedAnswer(says(FIRST), b""), ScriptedAnswer(begun, says(LEAD + REST), END, b""))
    got = b""
    with capture_logs(), scene.entry:
        for frame in scene.stream():
            got += frame
            if frame == render.PING:
                begun.set()
    assert b'"ping"' in got
    assert scene.row.status == 200


class Clock:
    """Time that passes faster, for the exchange alone."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


class Later(Event):
    """So many seconds pass at once."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__()
        self.clock = clock
        self.seconds = seconds

    def wait(self, timeout: float | None = None) -> Any:
        self.clock.ahead += self.seconds
        return True


class Patient(ScriptedAnswer):
    """Knows for how long each piece was waited for."""

    def __init__(self, *script: Any) -> None:
        super().__init__(*script)
        self.waits: list[float] = []

    def read(self, seconds: float) -> bytes:
        self.waits.append(seconds)
        return super().read(seconds)


def test_a_silence_that_begins_before_the_seam_goes_on_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    waits = []

    class Watched(Opening[Any]):
        def wait(self, seconds: float) -> bool:
            waits.append(seconds)
            return super().wait(seconds)

    monkeypatch.setattr(module, "Opening", Watched)
    second = Patient(Later(clock, 0.4), says(LEAD), says(REST), END, b"")
    scene = Scene(ScriptedAnswer(says(FIRST), Later(clock, 9.5), b""), second)
    assert text(scene.run()) == STORY
    assert waits == [module.HEAD_AFTER, pytest.approx(0.5, abs=0.5)]
    assert second.waits[1] == pytest.approx(0.1, abs=0.1), "the copied words were not for the client"
    assert second.waits[2] > 9, "it has just been told something"


@pytest.mark.usefixtures("impatient")
def test_a_client_that_leaves_meanwhile_releases_both() -> None:
    waiting = ScriptedAnswer(Event())
    first = ScriptedAnswer(says(FIRST), b"")
    scene = Scene(first, waiting)
    with capture_logs(), scene.entry:
        stream = scene.stream()
        while next(stream) != render.PING:
            pass
        stream.close()
        assert waiting.closed.wait(5)
    assert first.closed.is_set()
    assert scene.row.output_tokens is not None


@pytest.mark.usefixtures("impatient")
def test_a_second_target_that_begins_when_the_client_has_left_is_released() -> None:
    begun = Event()
    late = ScriptedAnswer(begun, says(LEAD), Event())
    scene = Scene(ScriptedAnswer(says(FIRST), b""), late)
    with capture_logs(), scene.entry:
        stream = scene.stream()
        while next(stream) != render.PING:
            pass
        begun.set()
        while len(late.script) > 1:
            gevent.sleep(0)
        gevent.sleep(0)
        stream.close()
    assert late.closed.is_set()


@pytest.mark.usefixtures("impatient")
def test_the_deadline_is_that_of_the_whole_request() -> None:
    scene = Scene(ScriptedAnswer(says(FIRST), b""), ScriptedAnswer(Event()), total=0.1)
    found = scene.run()
    assert (text(found), found[-1]["type"]) == (FIRST, "error")
    silent = Scene(ScriptedAnswer(says(FIRST)), total=0.05)
    found = silent.run()
    assert (found[-1]["error"]["type"], len(silent.upstream.sent)) == ("timeout_error", 1)


def test_a_silence_is_a_failure_too() -> None:
    scene = Scene(ScriptedAnswer(says(FIRST)), ScriptedAnswer(says(LEAD + REST), END, b""), idle=0.05)
    assert text(scene.run()) == STORY
    assert scene.tried == [("p", 504, False), ("q", 200, True)]


def test_a_failure_before_the_first_event_is_no_resumption() -> None:
    scene = Scene(ScriptedAnswer(b"busy", status=529), ScriptedAnswer(says(STORY), END, b""))
    assert text(scene.run()) == STORY
    assert scene.tried == [("p", 529, False), ("q", 200, False)]
    nobody = Scene(ScriptedAnswer(b"busy", status=529), ScriptedAnswer(b"busy", status=529))
    with pytest.raises(UpstreamError):
        nobody.run()
