"""One call of one target, on the stage of the exchange's tests."""

from __future__ import annotations

import time

import gevent
import msgspec
import pytest
from gevent.event import Event

from ccproxy.errors import DeadlinePassed, UpstreamRefused
from ccproxy.gateway.call import Caller, Finished, Incoming, prepare
from ccproxy.gateway.credentials import Credentials
from ccproxy.translate.messages import InputMessage, Message, MessagesRequest, TextBlock, Usage
from ccproxy.translate.parse import Parsed, parse
from tests.gateway.test_exchange import TARGET, ScriptedAnswer, ScriptedUpstream, Stage, Toy, words


def caller(*answers: object) -> Caller:
    upstream = ScriptedUpstream(*answers)
    return Caller(upstream, Credentials(upstream))  # type: ignore[arg-type]


def test_a_call_is_encoded_for_its_target() -> None:
    request = MessagesRequest(model="x", max_tokens=5, messages=[InputMessage("user", "hi")], top_k=3)
    target = msgspec.structs.replace(TARGET, wire="openai-chat", kind="openai-chat")
    call = prepare(Incoming(Parsed(request), {}, "msg_7", "r-7"), target)
    assert msgspec.json.decode(call.request.body)["model"] == "m"
    assert "top_k" in call.request.losses
    assert (call.context.message_id, call.request_id) == ("msg_7", "r-7")
    assert call.context.input_tokens > 0


STALE = UpstreamRefused("Corrupted thought signature.", status=400, type="invalid_request_error")
THOUGHTFUL = msgspec.json.encode(
    {
        "model": "x",
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}]},
            {"role": "user", "content": "so?"},
        ],
    }
)


@pytest.mark.parametrize("streaming", [False, True])
def test_thinking_that_the_provider_cannot_read_any_more_is_left_out(
    monkeypatch: pytest.MonkeyPatch, streaming: bool
) -> None:
    monkeypatch.setattr(Toy, "decode_error", lambda *_, **__: STALE)
    refused = ScriptedAnswer(b"no", status=400)
    stage = Stage(refused, ScriptedAnswer(b"yes end", stream=True) if streaming else ScriptedAnswer(b"yes"))
    target = msgspec.structs.replace(TARGET, wire="anthropic")
    made = prepare(Incoming(parse(THOUGHTFUL), {}, "msg_7", "r-7"), target)
    stage.call = msgspec.structs.replace(made, wire=Toy, relays=False)
    if streaming:
        assert words(stage.frames()) == ["yes", "message_stop"]
    else:
        assert stage.answer()["content"][0]["text"] == "yes"
    first, second = (request[3] for request in stage.upstream.sent)
    assert b'"thinking"' in first
    assert b'"thinking"' not in second
    assert refused.closed.is_set()
    assert (stage.row.status, stage.row.error_type) == (200, None)


def test_thinking_is_left_out_once_and_only_where_there_is_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Toy, "decode_error", lambda *_, **__: STALE)
    thoughtless = THOUGHTFUL.replace(b'"thinking","thinking"', b'"text","text"').replace(b',"signature":"s"', b"")
    for body, requests in ((THOUGHTFUL, 2), (thoughtless, 1)):
        stage = Stage(ScriptedAnswer(b"no", status=400), ScriptedAnswer(b"no", status=400))
        made = prepare(Incoming(parse(body), {}, "msg_7", "r-7"), msgspec.structs.replace(TARGET, wire="anthropic"))
        stage.call = msgspec.structs.replace(made, wire=Toy, relays=False)
        with pytest.raises(UpstreamRefused):
            stage.answer()
        assert len(stage.upstream.sent) == requests


def test_a_target_s_parameters_stand_in_place_of_the_client_s() -> None:
    parsed = parse(b'{"model":"x","max_tokens":5000,"temperature":0.1,"messages":[{"role":"user","content":"hi"}]}')
    target = msgspec.structs.replace(
        TARGET, wire="openai-chat", kind="openai-chat", parameters={"temperature": 0.9, "max_tokens": 100}
    )
    call = prepare(Incoming(parsed, {}, "msg_7", "r-7"), target)
    sent = msgspec.json.decode(call.request.body)
    assert (sent["temperature"], sent["max_tokens"], call.max_tokens) == (0.9, 100, 100)
    assert (parsed.request.temperature, parsed.request.max_tokens) == (0.1, 5000), "another target may need these"


def test_an_answer_that_is_there_needs_no_upstream() -> None:
    message = Message(id="msg_1", model="m", content=[TextBlock("x")], stop_reason="end_turn", usage=Usage())
    call = msgspec.structs.replace(Stage().call, ready=message)
    assert caller().whole(call, 0.0).message is message
    opened = caller().open(call, 0.0)
    assert opened.answer is None
    assert isinstance(opened.decoder, Finished)
    assert opened.decoder.done


def test_the_first_byte_may_have_a_deadline_of_its_own() -> None:
    answer = ScriptedAnswer(b":", Event())
    with pytest.raises(DeadlinePassed, match=r"said nothing within 0\.01 s"):
        caller(answer).open(Stage().call, time.monotonic() + 60, 0.01)
    assert answer.closed.is_set()
    in_time = caller(ScriptedAnswer(b": a", Event())).open(Stage().call, time.monotonic() + 60, 60.0)
    assert len(in_time.events) == 1
    gevent.sleep(0)
