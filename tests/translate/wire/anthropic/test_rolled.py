"""Streams that nobody asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer, Truncated, UpstreamRefused
from ccproxy.translate.wire.anthropic import decode
from ccproxy.translate.wire.anthropic.rolled import is_stream, rolled
from ccproxy.translate.wire.anthropic.unrolled import unrolled
from tests.translate.contexts import context

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "Ä", "citations": [{"type": "char_location"}, {"type": "page_location"}]},
        {"type": "text", "text": ""},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1]}},
        {"type": "tool_use", "id": "u", "name": "g", "input": {}},
        {"type": "code_execution_tool_result", "tool_use_id": "s", "content": {"stdout": "1"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 4},
}
STREAM = unrolled(json.dumps(MESSAGE).encode())


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b": hello\n\n", b'event: ping\ndata: {"type":"ping"}\n\n'])
@pytest.mark.parametrize("line", [b"\n", b"\r\n"])
def test_it_says_the_same_as_the_message(head: bytes, line: bytes) -> None:
    body = (head + STREAM).replace(b"\n", line)
    assert is_stream(body)
    assert json.loads(rolled(body)) == MESSAGE


@pytest.mark.parametrize("tail", [b"", b"\n", b"data: [DONE]\n\n"])
def test_its_end_need_not_be_neat(tail: bytes) -> None:
    assert json.loads(rolled(STREAM.rstrip(b"\n") + b"\n\n" + tail)) == MESSAGE
    assert json.loads(rolled(STREAM[: STREAM.index(b"event: message_stop")])) == MESSAGE


def test_it_is_decoded_as_the_message_is() -> None:
    whole, streamed = decode(json.dumps(MESSAGE).encode(), context()), decode(STREAM, context())
    assert json.loads(streamed.body) == json.loads(whole.body)
    assert (streamed.stop_reason, streamed.usage) == (whole.stop_reason, whole.usage)


def test_usage_that_is_null_at_the_end_is_that_of_the_beginning() -> None:
    body = STREAM.replace(
        b'"stop_sequence":null},"usage":{"input_tokens": 3,', b'"stop_sequence":null},"usage":{"input_tokens": null,'
    )
    assert json.loads(rolled(body))["usage"] == MESSAGE["usage"]


@pytest.mark.parametrize(
    "place", [STREAM.index(b"event: message_delta"), STREAM.index(b"event: content_block_stop"), 8]
)
def test_a_cut_is_told(place: int) -> None:
    with pytest.raises((Truncated, BadAnswer)):
        rolled(STREAM[:place])


def test_an_error_is_one() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(UpstreamRefused, match="Overloaded") as caught:
        decode(b"event: error\ndata: %s\n\n" % json.dumps(error).encode(), context())
    assert caught.value.status == 529


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b"7",
        b"{}",
        b'{"type":"message_start","message":null}',
        b'{"type":"content_block_delta","index":9,"delta":{}}',
        b'{"type":"content_block_start","index":0}',
    ],
)
def test_nonsense(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        rolled(b"data: %s\n\n" % data)


def test_a_call_whose_input_is_no_json() -> None:
    with pytest.raises(BadAnswer):
        rolled(STREAM.replace(b'{\\"a\\": [1]}', b'{\\"a\\": [1'))


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"eventual"])
def test_what_is_no_stream(body: bytes) -> None:
    assert not is_stream(body)


def test_a_character_of_which_two_events_have_one_half_each() -> None:
    delta = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}'
    deltas = [f"event: content_block_delta\ndata: {delta % half}\n\n" for half in ("a\\ud83d", "\\ude00")]
    whole = {**MESSAGE, "content": [{"type": "text", "text": "b"}]}
    stop = b"event: content_block_stop"
    body = unrolled(json.dumps(whole).encode()).replace(stop, "".join(deltas).encode() + stop)
    assert json.loads(rolled(body))["content"] == [{"type": "text", "text": "ba😀"}]
