"""Streamed responses: ends, errors, and what a client must not see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer, Truncated, UpstreamRefused
from ccproxy.translate import render
from ccproxy.translate.events import ContentBlockDelta
from ccproxy.translate.wire.openai_responses import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import check, frames
from tests.translate.wire.openai_responses.streams import (
    CREATED,
    USAGE,
    added,
    call,
    done,
    ended,
    event,
    events,
    message,
    said,
    text,
)

FAILED = {"status": "failed", "error": {"code": "server_error", "message": "broken"}, "output": []}


def test_text() -> None:
    found = said(CREATED + added(message()) + text("Hel", "lo", " wörld 😀") + ended(message("Hello wörld 😀")))
    assert found.kinds == ["text"]
    assert found.text == "Hello wörld 😀"
    assert found.stop_reason == "end_turn"
    assert (found.usage["input_tokens"], found.usage["cache_read_input_tokens"]) == (16, 4)
    assert (found.usage["output_tokens"], found.usage["output_tokens_details"]["thinking_tokens"]) == (5, 2)
    assert found.message["usage"]["input_tokens"] == 11
    assert found.message["model"] == "somewhere/some-model"


def test_spoken_words_are_text() -> None:
    spoken = event("audio.transcript.delta", delta="Hel") + event("audio.transcript.delta", delta="lo")
    heard = {"type": "message", "content": [{"type": "output_audio", "data": "aGk=", "transcript": "Hello."}]}
    assert said(added(message()) + spoken + done(heard) + ended(heard)).text == "Hello."


def test_every_delta_is_an_event_of_its_own() -> None:
    found = events([text("a", "b", "c") + ended()])
    assert len([event for event in found if isinstance(event, ContentBlockDelta)]) == 3


def test_events_without_a_name_are_told_by_their_data() -> None:
    data = b"".join(
        [
            event("created", named=False, response={"output": []}),
            event("output_text.delta", named=False, delta="hi", output_index=0),
            event("completed", named=False, response={"status": "completed"}),
        ]
    )
    assert said(data).text == "hi"


@pytest.mark.parametrize(
    "silent",
    [
        b"event: keepalive\ndata: {}\n\n".replace(b"{}", b'{"type":"keepalive"}'),
        b": OPENROUTER PROCESSING\n\n",
        b"data:\n\n",
        event("queued", response={}),
        event("web_search_call.searching", item_id="w", output_index=3),
        event("something.new", text="not ours"),
        event("reasoning_summary_part.added", part={"type": "summary_text", "text": ""}),
        event("output_text.annotation.added", annotation=None),
        added({"type": "reasoning", "summary": []}, 4),
    ],
)
def test_what_says_nothing_starts_nothing(silent: bytes) -> None:
    decoder = StreamDecoder(context())
    assert decoder.feed(CREATED + silent) == []
    assert said(CREATED + silent + text("a") + silent + text("b") + ended()).text == "ab"


@pytest.mark.parametrize(
    ("error", "status", "type"),
    [
        (event("failed", response=FAILED), 500, "api_error"),
        (event("failed", response={"error": {"code": "rate_limit_exceeded", "message": "slow"}}), 429, None),
        (event("failed", response={"error": {"code": "invalid_prompt", "message": "no"}}), 400, None),
        (event("failed", response={"error": {"code": "context_length_exceeded", "message": "long"}}), 400, None),
        (event("failed", response={}), 500, "api_error"),
        (event("cancelled", response={}), 500, "api_error"),
        (b'event: error\ndata: {"type":"error","code":"rate_limit_exceeded","message":"slow"}\n\n', 429, None),
        (b'data: {"type":"error","error":{"type":"overloaded_error","message":"slow"}}\n\n', 529, "overloaded_error"),
        (b'data: {"error":{"message":"broken"}}\n\n', 500, "api_error"),
        (b'data: {"detail":"Unauthorized"}\n\n', 500, "api_error"),
        (b'event: response.error\ndata: {"error":{"code":"invalid_api_key","message":"no"}}\n\n', 401, None),
    ],
)
def test_an_error_before_the_first_word_has_its_status(error: bytes, status: int, type: str | None) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        events([CREATED + error])
    assert caught.value.status == status
    assert type is None or caught.value.type == type
    assert caught.value.message
    assert caught.value.code != "error"


def test_an_error_after_text_waits_for_its_events() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(text("one"))
    [told] = decoder.feed(text("two") + event("failed", response=FAILED))
    assert isinstance(told, ContentBlockDelta)
    assert isinstance(decoder.failure, UpstreamRefused)
    assert decoder.failure.message == "broken"
    assert not decoder.done
    with pytest.raises(UpstreamRefused):
        StreamDecoder(context()).feed(text("one") + event("failed", response=FAILED))


@pytest.mark.parametrize("begun", [b"", text("one")])
def test_a_stream_that_just_stops_is_cut(begun: bytes) -> None:
    with pytest.raises(Truncated, match="after" if begun else "before"):
        events([CREATED + begun])


def test_half_an_event_at_the_end_says_nothing_of_what_came_before() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(text("one") + b'event: response.completed\ndata: {"response":')
    with pytest.raises(Truncated, match="after"):
        decoder.close()


@pytest.mark.parametrize("data", [b"data: 5\n\n", b"data: nonsense\n\n", b"data: {}\n\n", b'data: {"id":1}\n\n'])
def test_what_makes_no_sense(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        events([data])
    with pytest.raises(BadAnswer):
        events([data.rstrip()])


def test_done_of_another_api_ends_an_answer_that_has_begun() -> None:
    assert said(text("one") + b"data: [DONE]\n\n").stop_reason == "end_turn"
    assert said(text("one") + ended() + b"data: [DONE]\n\n").text == "one"
    with pytest.raises(Truncated):
        events([CREATED + b"data: [DONE]\n\n"])


def test_the_end_may_lack_its_status_and_its_response() -> None:
    assert said(text("one") + event("completed")).stop_reason == "end_turn"
    assert said(text("one") + event("incomplete", response={})).stop_reason == "max_tokens"


def test_nothing_comes_after_the_end() -> None:
    assert said(text("one") + ended() + text("two") + event("failed", response=FAILED)).text == "one"
    decoder = StreamDecoder(context())
    decoder.feed(text("one") + ended())
    assert (decoder.done, decoder.stop_reason, decoder.usage.output_tokens) == (True, "end_turn", 5)
    assert decoder.feed(text("more")) == []


def test_usage_is_estimated_until_it_comes() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(text("eight ch"))
    assert (decoder.usage_estimated, decoder.usage.input_tokens, decoder.usage.output_tokens) == (True, 11, 2)
    decoder.feed(ended())
    assert (decoder.usage_estimated, decoder.usage.output_tokens) == (False, 5)


@pytest.mark.parametrize("space", [b"", b"\n "])
def test_a_body_in_place_of_a_stream(space: bytes) -> None:
    body = {"object": "response", "status": "completed", "output": [message("one"), call()], "usage": USAGE}
    found = said(space + json.dumps(body).encode())
    assert (found.kinds, found.stop_reason) == (["text", "tool_use"], "tool_use")
    with pytest.raises(UpstreamRefused, match="broken"):
        events([space + json.dumps(FAILED).encode()])


def test_an_endless_body_in_place_of_a_stream() -> None:
    decoder = StreamDecoder(context())
    with pytest.raises(BadAnswer, match="endless"):
        decoder.feed(b"{" + b" " * (16 * 1024 * 1024))


def test_local_stop_sequences_end_the_stream() -> None:
    where = context(local_stops=("STOP",))
    data = text("one ST", "OP two") + done(message("one STOP two")) + ended(message("one STOP two"))
    found = said(data, where)
    assert (found.text, found.stop_reason, found.stop_sequence) == ("one ", "stop_sequence", "STOP")


@pytest.mark.parametrize(
    ("odd", "wanted"),
    [
        ({"delta": "a", "output_index": "0", "content_index": None}, "ab"),
        ({"delta": {"text": "a"}, "output_index": 0}, "b"),
        ({"delta": "a\ud83d", "output_index": 0, "content_index": 0}, "a\ufffdb"),
    ],
)
def test_one_odd_field_does_not_cost_the_answer(odd: dict[str, Any], wanted: str) -> None:
    data = event("output_text.delta", **odd) + text("b") + ended(usage={"input_tokens": "many", "output_tokens": 3})
    found = check(frames(render.events(events([data]))))
    assert (found.text, found.usage["output_tokens"]) == (wanted, 3)


@pytest.mark.parametrize("parts", [("a\ud83d", "\ude00b"), ("a", "\ud83d", "\ude00", "b")])
def test_a_character_of_which_two_events_have_one_half_each(parts: tuple[str, ...]) -> None:
    whole = message("a😀b")
    assert said(text(*parts) + done(whole) + ended(whole)).text == "a😀b"
    assert (
        said(b"".join(event("output_text.delta", named=False, delta=part) for part in parts) + ended()).text == "a😀b"
    )
