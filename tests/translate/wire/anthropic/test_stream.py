from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from ccproxy.errors import BadAnswer, Truncated, UpstreamError, UpstreamRefused
from ccproxy.translate import render
from ccproxy.translate.events import Event, Verbatim
from ccproxy.translate.wire.anthropic import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import check, frames

USAGE = {"input_tokens": 5, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 3, "output_tokens": 1}


def frame(type: str, *, named: bool = True, ascii: bool = False, **fields: Any) -> bytes:
    data = json.dumps({"type": type, **fields}, ensure_ascii=ascii).encode()
    return (b"event: %s\n" % type.encode() if named else b"") + b"data: " + data + b"\n\n"


def start(usage: Any = USAGE, *, model: str = "claude-x", id: Any = "msg_1") -> bytes:
    message = {"model": model, "id": id, "type": "message", "role": "assistant", "content": [], "stop_reason": None}
    return frame("message_start", message={**message, "stop_sequence": None, "usage": usage})


def delta(text: str) -> bytes:
    return frame("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


PING = frame("ping")
OPEN = frame("content_block_start", index=0, content_block={"type": "text", "text": ""})
SAID = delta("He said: event: error\n\nevent: message_stop ✓")
CLOSE = frame("content_block_stop", index=0)
END = frame("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 9})
STOP = frame("message_stop")
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}
FAILED = b"event: error\ndata: " + json.dumps(ERROR).encode() + b"\n\n"
BODY = OPEN + PING + SAID + delta("a") + b": note\n\n" + CLOSE
STREAM = start() + PING + BODY + END + STOP
WANTED = start(model="somewhere/some-model") + PING + BODY + END + STOP


class Fed:
    """What came out of a decoder, and how it ended."""

    def __init__(self, data: bytes, size: int = 0, **options: Any) -> None:
        self.decoder = StreamDecoder(context(**options))
        self.batches: list[bytes] = []
        self.error: UpstreamError | None = None
        try:
            for place in range(0, len(data), size or len(data) or 1):
                if not self.decoder.done:
                    self._take(self.decoder.feed(data[place : place + (size or len(data))]))
                    if self.decoder.failure is not None:
                        raise self.decoder.failure
            if not self.decoder.done:
                self._take(self.decoder.close())
        except UpstreamError as error:
            self.error = error

    def _take(self, events: list[Event]) -> None:
        for event in events:
            assert isinstance(event, Verbatim)
            assert event.data.endswith(b"\n\n"), "frames are whole, so that a ping may stand between"
            self.batches.append(render.events([event]))

    @property
    def out(self) -> bytes:
        return b"".join(self.batches)


@pytest.mark.parametrize("size", [0, 1, 2, 7, 100, 1000])
def test_a_stream_passes_with_the_models_name_rewritten(size: int) -> None:
    fed = Fed(STREAM, size)
    assert fed.out == WANTED
    decoder = fed.decoder
    assert (decoder.done, decoder.stop_reason, decoder.usage_estimated) == (True, "end_turn", False)
    assert (decoder.usage.input_tokens, decoder.usage.cache_read_input_tokens, decoder.usage.output_tokens) == (5, 3, 9)


@pytest.mark.parametrize("size", [0, 1, 5])
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (STREAM.replace(b"\n", b"\r\n"), WANTED),
        (STREAM.replace(b"\n", b"\r"), WANTED),
        (b"\xef\xbb\xbf" + STREAM, WANTED),
        (b": waiting\n\n" + STREAM, WANTED),
        (b"\n\n\n" + STREAM.replace(b"\n\n", b"\n\n\n"), WANTED),
        (STREAM + b"data: [DONE]\n\n", WANTED),
        (STREAM + b"event: done\ndata: [DONE]\n\n" + OPEN, WANTED),
        (STREAM.removesuffix(b"\n\n"), WANTED),
        (STREAM.removesuffix(b"\n"), WANTED),
        # SDKs drop events without a name.
        (STREAM.replace(b"event: ping\n", b""), WANTED),
        (b"".join(part + b"\n\n" for one in STREAM.split(b"\n\n")[:-1] for part in [one.split(b"\n", 1)[-1]]), WANTED),
        # The end of everything but the last frame.
        (STREAM.removesuffix(STOP), WANTED.replace(STOP, b'event: message_stop\ndata: {"type":"message_stop"}\n\n')),
        (STREAM.replace(start(), start() + start()), WANTED),
        (STREAM.replace(SAID, SAID + b"data: [DONE]\n\n"), WANTED),
    ],
)
def test_servers_of_less_fidelity(given: bytes, wanted: bytes, size: int) -> None:
    assert given != STREAM
    fed = Fed(given, size)
    assert fed.error is None
    assert re.sub(rb"\n{3,}", b"\n\n", fed.out) == wanted  # one blank line more says nothing


@pytest.mark.parametrize(
    ("usage", "completed"),
    [
        (None, {"input_tokens": 11, "output_tokens": 0}),
        ({}, {"input_tokens": 11, "output_tokens": 0}),
        ({"input_tokens": 4, "output_tokens": 0}, {"input_tokens": 4, "output_tokens": 0}),
        ({"input_tokens": 4, "output_tokens": None, "new": 1}, {"input_tokens": 4, "output_tokens": 0, "new": 1}),
    ],
)
def test_the_usage_begins_complete(usage: Any, completed: dict[str, int]) -> None:
    said = frames(Fed(start(usage) + BODY + END + STOP).out)
    zeros = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    assert said[0]["message"]["usage"] == zeros | completed


@pytest.mark.parametrize("usage", [{}, {"usage": None}, {"usage": {}}, {"usage": {"output_tokens": None}}])
def test_the_usage_ends_complete(usage: dict[str, Any]) -> None:
    end = frame("message_delta", delta={"stop_reason": "max_tokens"}, **usage)
    fed = Fed(start() + BODY + end + STOP)
    last = frames(fed.out)[-2]
    assert isinstance(last["usage"]["output_tokens"], int)
    assert fed.decoder.stop_reason == "max_tokens"


def test_a_stream_without_any_usage_is_estimated() -> None:
    end = frame("message_delta", delta={"stop_reason": "end_turn"})
    decoder = Fed(start(None) + BODY + end + STOP).decoder
    assert (decoder.usage_estimated, decoder.usage.input_tokens) == (True, 11)


@pytest.mark.parametrize(("id", "own_ids"), [("chatcmpl-1", True), (None, True), ("msg_1", False)])
def test_ids_that_may_come_twice(id: Any, own_ids: bool) -> None:
    said = frames(Fed(start(id=id) + BODY + END + STOP, own_ids=own_ids).out)
    assert said[0]["message"]["id"] == "msg_01test"


def test_nothing_is_handed_on_before_the_answer_says_something() -> None:
    decoder = StreamDecoder(context())
    assert decoder.feed(b": waiting\n\n" + start() + PING + PING) == []
    assert decoder.usage.input_tokens == 5
    assert decoder.feed(OPEN + PING) == []
    assert decoder.feed(SAID[:-1]) == []
    assert decoder.feed(SAID[-1:]) == [Verbatim(start(model="somewhere/some-model") + PING + PING + OPEN + PING + SAID)]


@pytest.mark.parametrize(
    "said",
    [
        frame("content_block_start", index=0, content_block={"type": "text", "text": "Hi", "citations": None}),
        # With its display omitted, thinking says nothing for a long time.
        frame("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""}),
        frame("content_block_start", index=0, content_block={"type": "tool_use", "id": "t", "name": "f", "input": {}}),
        frame("content_block_start", index=0, content_block="odd"),
        CLOSE,
        delta("a"),
    ],
)
@pytest.mark.parametrize("before", [b"", OPEN])
def test_what_says_something(said: bytes, before: bytes) -> None:
    decoder = StreamDecoder(context())
    assert decoder.feed(start() + before) == []
    assert decoder.feed(said) == [Verbatim(start(model="somewhere/some-model") + before + said)]


@pytest.mark.parametrize("text", ["", None, ...])
def test_an_empty_block_goes_out_as_it_came(text: Any) -> None:
    block = {"type": "text", "citations": None, "new": [1]} | ({} if text is ... else {"text": text})
    opened = frame("content_block_start", content_block=block, index=0)
    for given in (opened, opened.replace(b'": ', b'" :  ')):
        decoder = StreamDecoder(context())
        assert decoder.feed(start() + given) == []
        assert decoder.feed(SAID) == [Verbatim(start(model="somewhere/some-model") + given + SAID)]


def test_an_answer_that_says_nothing() -> None:
    assert Fed(start() + END + STOP).out == start(model="somewhere/some-model") + END + STOP
    assert (
        Fed(start() + OPEN + CLOSE + END + STOP).out == start(model="somewhere/some-model") + OPEN + CLOSE + END + STOP
    )


def half(text: str) -> bytes:
    """A delta of a provider that cuts its texts in UTF-16, with half a character in it."""
    return frame("content_block_delta", index=0, delta={"type": "text_delta", "text": text}, ascii=True)


@pytest.mark.parametrize("size", [0, 1, 50])
@pytest.mark.parametrize("named", [False, True])
def test_half_a_character_passes_as_it_came(named: bool, size: int) -> None:
    said = half("\ud83d") + half("\ude00") + delta("a") + half("\ud83d") + half("\ude00") + CLOSE + END + STOP
    given = said if named else said.replace(b"event: content_block_delta\n", b"")
    fed = Fed(start() + OPEN + given, size)
    assert fed.error is None
    assert fed.out == start(model="somewhere/some-model") + OPEN + said


@pytest.mark.parametrize("usage", [{"usage": {"output_tokens": 9}}, {}])
def test_half_a_character_in_what_is_looked_into(usage: dict[str, Any]) -> None:
    end = frame("message_delta", delta={"stop_reason": "stop_sequence", "stop_sequence": "\ud83d"}, ascii=True, **usage)
    begun = start().replace(b'"claude-x"', b'"claude-\\ud83d"')
    said = frames(Fed(begun + BODY + end + STOP).out)
    assert said[0]["message"]["model"] == "somewhere/some-model"
    assert said[-2]["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "\ufffd"}


def test_events_of_one_read_pass_in_one_piece() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(start() + OPEN + SAID)
    assert decoder.feed(delta("a") + delta("b") + CLOSE + OPEN[:9]) == [Verbatim(delta("a") + delta("b") + CLOSE)]
    assert decoder.feed(OPEN[9:]) == [Verbatim(OPEN)]
    assert decoder.feed(b"") == []


@pytest.mark.parametrize("before", [b"", PING, start(), start() + PING, start() + OPEN, start() + OPEN + PING])
@pytest.mark.parametrize("size", [0, 1])
def test_an_early_error_keeps_its_status(before: bytes, size: int) -> None:
    fed = Fed(before + FAILED, size)
    assert fed.out == b""
    assert isinstance(fed.error, UpstreamRefused)
    assert (fed.error.status, fed.error.type) == (529, "overloaded_error")
    assert fed.error.payload is not None
    assert json.loads(fed.error.payload) == ERROR


@pytest.mark.parametrize("size", [0, 1, 50])
@pytest.mark.parametrize(
    ("failed", "payload"),
    [
        (FAILED, True),
        (FAILED.replace(b"event: error\n", b""), True),
        (FAILED.replace(b"event: error", b"event:error"), True),
        (b'event: error\ndata: {"message":"Overloaded"}\n\n', False),
        (b'data: {"error":{"message":"Overloaded","code":529}}\n\n', False),
    ],
)
def test_a_late_error_comes_behind_what_was_said(failed: bytes, payload: bool, size: int) -> None:
    fed = Fed(start() + OPEN + SAID + failed, size)
    assert isinstance(fed.error, UpstreamRefused)
    assert "Overloaded" in fed.error.message
    assert (fed.error.payload is not None) == payload
    if size:
        assert fed.out == start(model="somewhere/some-model") + OPEN + SAID


def test_a_chunk_of_another_api_is_no_answer() -> None:
    chunk = b'data: {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": []}\n\n'
    with pytest.raises(BadAnswer, match="an event without a type"):
        StreamDecoder(context()).feed(chunk)
    with pytest.raises(UpstreamRefused, match="Overloaded"):
        StreamDecoder(context()).feed(b'data: {"error": {"type": "overloaded_error", "message": "Overloaded"}}\n\n')


def test_an_error_in_the_same_bytes_as_more_of_the_answer_waits() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(start() + OPEN + SAID)
    assert decoder.feed(delta("a") + FAILED) == [Verbatim(delta("a"))]
    assert isinstance(decoder.failure, UpstreamRefused)
    assert not decoder.done
    other = StreamDecoder(context())
    other.feed(start() + OPEN + SAID)
    with pytest.raises(UpstreamRefused):
        other.feed(FAILED)


@pytest.mark.parametrize(
    ("given", "heard"),
    [
        (b"", "before"),
        (b"\n", "before"),
        (start() + PING, "before"),
        (start() + OPEN, "before"),
        (start() + OPEN + SAID, "after"),
        (start() + OPEN + SAID + CLOSE + END[:40], "after"),
        (start() + OPEN + frame("message_delta", delta={"stop_reason": None}, usage={"output_tokens": 1}), "after"),
    ],
)
@pytest.mark.parametrize("size", [0, 1])
def test_a_stream_that_was_cut(given: bytes, heard: str, size: int) -> None:
    fed = Fed(given, size)
    assert isinstance(fed.error, Truncated)
    assert heard in fed.error.message


@pytest.mark.parametrize(
    "given",
    [
        b"event: message_start\ndata: nonsense\n\n",
        b"data: [1]\n\n",
        frame("message_start"),
        frame("message_start", message={}),
        frame("message_start", message="x"),
        b"<html>Bad Gateway</html>",
        b"[1, 2]",
        b"{",
    ],
)
def test_nonsense(given: bytes) -> None:
    assert isinstance(Fed(given).error, BadAnswer)


def test_a_frame_without_end() -> None:
    fed = Fed(start() + OPEN + b"data: " + b"x" * (16 * 1024 * 1024 + 1))
    assert isinstance(fed.error, BadAnswer)


BLOCKS = [
    {"type": "thinking", "thinking": "hm", "signature": "sig"},
    {"type": "text", "text": "Hello"},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
]
WHOLE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": BLOCKS,
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        **USAGE,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens_details": {"thinking_tokens": 0},
    },
}


@pytest.mark.parametrize("size", [0, 1, 50])
@pytest.mark.parametrize("lead", [b"", b"\n ", b"\xef\xbb\xbf"])
def test_a_body_in_place_of_a_stream(size: int, lead: bytes) -> None:
    fed = Fed(lead.removeprefix(b"\xef\xbb\xbf") + json.dumps(WHOLE).encode(), size)
    said = check(frames(fed.out))
    assert (said.thinking, said.text, said.tools) == ("hm", "Hello", [("f", {"a": 1})])
    assert (said.message["model"], said.message["id"]) == ("somewhere/some-model", "msg_1")
    assert (fed.decoder.stop_reason, fed.decoder.usage.output_tokens, fed.decoder.usage_estimated) == (
        "tool_use",
        1,
        False,
    )


def test_an_error_in_place_of_a_stream() -> None:
    fed = Fed(json.dumps(ERROR).encode())
    assert isinstance(fed.error, UpstreamRefused)
    assert (fed.error.status, fed.error.payload) == (529, json.dumps(ERROR).encode())


def test_an_endless_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccproxy.translate.wire.anthropic.stream._LIMIT", 10)
    assert isinstance(Fed(b'{"a":"bcdefgh"}').error, BadAnswer)


@pytest.mark.parametrize("make", [lambda: b"", lambda: b"data: [DONE]\n\n"])
def test_nothing_comes_after_the_end(make: Callable[[], bytes]) -> None:
    decoder = Fed(STREAM).decoder
    assert decoder.feed(make()) == []
    assert decoder.close() == []
