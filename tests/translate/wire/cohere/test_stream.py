"""The stream: its beginning, its end, and what goes wrong in between."""

from __future__ import annotations

import json

import pytest

from ccproxy.errors import BadAnswer, Truncated, UpstreamRefused
from ccproxy.translate import render
from ccproxy.translate.wire.cohere import StreamDecoder, stream
from tests.translate.contexts import context
from tests.translate.grammar import check, frames

from .streams import START, USAGE, ended, event, said, text, thinking

BODY = {"message": {"content": [{"type": "text", "text": "a"}]}, "finish_reason": "COMPLETE", "usage": USAGE}
ERROR = b'data: {"id":"x","message":"it went wrong"}\n\n'


def test_nothing_comes_before_the_first_word() -> None:
    decoder = StreamDecoder(context())
    assert decoder.feed(START + event("content-start", 0, {"content": {"type": "text", "text": ""}})) == []
    assert len(decoder.feed(text("a"))) == 3
    assert (decoder.done, decoder.stop_reason, decoder.usage_estimated) == (False, None, True)
    assert decoder.usage.output_tokens == 1
    decoder.feed(ended())
    assert (decoder.done, decoder.stop_reason, decoder.usage_estimated) == (True, "end_turn", False)
    assert decoder.feed(text("more")) == []


@pytest.mark.parametrize(
    "odd",
    [
        event("debug", prompt="…"),
        event("content-delta", 0),
        event("content-delta", 0, {}),
        event("content-delta", 0, {"content": "x"}),
        event("tool-plan-delta"),
        event("tool-plan-delta", None, {"tool_plan": ""}),
        event("tool-call-start", 0, {"tool_calls": []}),
        event("tool-call-delta", 0),
        event("citation-start", 0),
        event("citation-start", 0, {"citations": []}),
        event("citation-end", 0),
        b": keep-alive\n\n",
        b"data: \n\n",
        b"data: {}\n\n",
        b"data: [DONE]\n\n",
    ],
)
def test_what_says_nothing(odd: bytes) -> None:
    assert said(odd, text("a"), odd, ended(), b"data: [DONE]\n\n").text == "a"


def test_an_error_before_the_first_word_keeps_its_meaning() -> None:
    with pytest.raises(UpstreamRefused, match="it went wrong"):
        StreamDecoder(context()).feed(START + ERROR)


@pytest.mark.parametrize("data", [ERROR, b"event: error\ndata: {}\n\n", ended("ERROR"), ended("TIMEOUT")])
def test_an_error_after_the_first_word_waits_for_it(data: bytes) -> None:
    decoder = StreamDecoder(context())
    decoder.feed(START + text("a"))
    assert decoder.failure is None
    assert len(decoder.feed(text("b") + data)) == 1
    assert isinstance(decoder.failure, UpstreamRefused)


def test_the_end_may_be_an_error_in_words() -> None:
    with pytest.raises(UpstreamRefused, match="too many"):
        StreamDecoder(context()).feed(START + ended("ERROR", error="too many of them"))


def test_an_end_without_anything() -> None:
    assert said(b'data: {"type":"message-end"}\n\n').kinds == []


@pytest.mark.parametrize("heard", [b"", START, START + text("a")])
def test_a_stream_that_is_cut(heard: bytes) -> None:
    decoder = StreamDecoder(context())
    decoder.feed(heard)
    with pytest.raises(Truncated, match="after" if b"delta\n" in heard else "before"):
        decoder.close()


def test_an_event_that_is_cut() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(START + text("a") + b'data: {"type":"mess')
    with pytest.raises(Truncated):
        decoder.close()
    decoder = StreamDecoder(context())
    decoder.feed(b'data: {"type":"mess')
    with pytest.raises(BadAnswer):
        decoder.close()


def test_a_last_event_without_its_empty_line() -> None:
    decoder = StreamDecoder(context())
    events = decoder.feed(START + text("a") + ended().rstrip()) + decoder.close()
    assert check(frames(render.events(events))).stop_reason == "end_turn"


class TestBodies:
    """A body in place of a stream."""

    def test_an_answer(self) -> None:
        data = json.dumps(BODY).encode()
        decoder = StreamDecoder(context())
        assert decoder.feed(b" \n") + decoder.feed(data[:9]) + decoder.feed(data[9:]) == []
        assert check(frames(render.events(decoder.close()))).text == "a"
        assert decoder.done

    def test_an_error(self) -> None:
        decoder = StreamDecoder(context())
        decoder.feed(b'{"message":"it went wrong"}')
        with pytest.raises(UpstreamRefused, match="it went wrong"):
            decoder.close()

    def test_one_without_an_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stream, "_LIMIT", 10)
        with pytest.raises(BadAnswer):
            StreamDecoder(context()).feed(b"{" + b" " * 10)


@pytest.mark.parametrize("parts", [("a\ud83d", "\ude00b"), ("a", "\ud83d", "\ude00", "b")])
def test_a_character_of_which_two_events_have_one_half_each(parts: tuple[str, ...]) -> None:
    assert said(text(*parts), ended()).text == "a😀b"
    assert said(thinking(*parts), text("c"), ended()).thinking == "a😀b"
