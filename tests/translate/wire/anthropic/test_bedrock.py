from __future__ import annotations

import base64
import json
import struct
from typing import Any
from zlib import crc32

import pytest

from ccproxy.errors import BadAnswer, ThreadUnsupported, Truncated, UpstreamRefused
from ccproxy.translate.events import Event, Verbatim
from ccproxy.translate.target import Target
from ccproxy.translate.wire.anthropic import bedrock
from tests.translate.contexts import context, target
from tests.translate.grammar import check, frames
from tests.translate.wire.anthropic.requests import BODY, HEADERS, dumped, parsed

CLAUDE = Target(
    provider="p",
    kind="bedrock",
    wire="anthropic-bedrock",
    model="us.anthropic.claude-opus-4-6-v1:0",
    base_url="",
    dialect=target(threads=False, counts_tokens=True, betas=("effort-2025-11-24",)).dialect,
    headers={"authorization": "Bearer k"},
)
USAGE = {
    "input_tokens": 5,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 1,
    "output_tokens_details": {"thinking_tokens": 0},
}
MESSAGE: dict[str, Any] = {
    "model": "claude-opus-4-6",
    "id": "msg_bdrk_1",
    "type": "message",
    "role": "assistant",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": USAGE,
}
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": USAGE},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5}},
]


def packed(payload: bytes, **headers: str) -> bytes:
    section = b"".join(
        struct.pack(">B", len(name) + 1) + b":" + name.replace("_", "-").encode() + struct.pack(">BH", 7, len(value))
        + value.encode()
        for name, value in headers.items()
    )  # fmt: skip
    prelude = struct.pack(">II", 16 + len(section) + len(payload), len(section))
    frame = prelude + struct.pack(">I", crc32(prelude)) + section + payload
    return frame + struct.pack(">I", crc32(frame))


def event(value: Any) -> bytes:
    inner = base64.b64encode(json.dumps(value).encode()).decode()
    return packed(json.dumps({"bytes": inner, "p": "abc"}).encode(), message_type="event", event_type="chunk")


THROTTLED = packed(b'{"message":"Too many tokens"}', message_type="exception", exception_type="throttlingException")
STREAM = b"".join(map(event, EVENTS))


def out(events: list[Event]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Verbatim))


@pytest.mark.parametrize(
    ("stream", "method"), [(True, "invoke-with-response-stream"), (False, "invoke"), (..., "invoke")]
)
def test_model_betas_and_stream_leave_their_places(stream: Any, method: str) -> None:
    request = bedrock.relay(parsed(dumped(stream=stream)), HEADERS, CLAUDE)
    assert request.path == f"/model/us.anthropic.claude-opus-4-6-v1%3A0/{method}"
    assert json.loads(request.body) == {
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["effort-2025-11-24"],
        **{name: value for name, value in BODY.items() if name not in ("model", "stream")},
    }
    assert request.losses == ("anthropic-beta:new-2026-11-11",)
    assert request.headers == {
        "x-claude-code-session-id": "s",
        "x-app": "cli",
        "content-type": "application/json",
        "authorization": "Bearer k",
    }


def test_the_id_of_an_inference_profile() -> None:
    arn = Target(
        provider="p",
        kind="bedrock",
        wire="anthropic-bedrock",
        model="arn:aws:bedrock:eu-west-1:1:application-inference-profile/x",
        base_url="",
        dialect=target().dialect,
    )
    request = bedrock.relay(parsed(dumped()), {}, arn)
    assert request.path.startswith("/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Aapplication-inference-profile%2Fx/")
    assert "anthropic_beta" not in json.loads(request.body)


def test_threads() -> None:
    with pytest.raises(ThreadUnsupported):
        bedrock.relay(parsed(dumped(thread={"type": "create"})), {}, CLAUDE)


@pytest.mark.parametrize("given", [..., 9])
def test_counting(given: Any) -> None:
    request = bedrock.count(parsed(dumped(max_tokens=given, stream=...), counting=True), HEADERS, CLAUDE)
    assert request is not None
    assert request.path == "/model/anthropic.claude-opus-4-6-v1%3A0/count-tokens"
    body = json.loads(base64.b64decode(json.loads(request.body)["input"]["invokeModel"]["body"]))
    assert body["anthropic_version"] == "bedrock-2023-05-31"
    assert body["max_tokens"] == (1 if given is ... else 9)
    assert body["messages"] == BODY["messages"]
    assert bedrock.count(parsed(dumped()), {}, target()) is None


def test_counted() -> None:
    assert bedrock.counted(b'{"inputTokens":10}') == 10
    with pytest.raises(BadAnswer):
        bedrock.counted(b'{"message":"no"}')


@pytest.mark.parametrize("size", [1, 7, 100, len(STREAM)])
def test_a_stream(size: int) -> None:
    decoder = bedrock.StreamDecoder(context())
    data = b""
    for place in range(0, len(STREAM), size):
        data += out(decoder.feed(STREAM[place : place + size]))
    said = frames(data)
    assert said == [{**EVENTS[0], "message": {**MESSAGE, "model": "somewhere/some-model"}}, *EVENTS[1:]]
    assert check(said).text == "Hello"
    assert (decoder.done, decoder.stop_reason, decoder.usage_estimated, decoder.failure) == (
        True,
        "end_turn",
        False,
        None,
    )
    assert decoder.usage.input_tokens == 5


def test_half_a_character_passes_as_it_came() -> None:
    deltas = [{**EVENTS[2], "delta": {"type": "text_delta", "text": half}} for half in ("\ud83d", "\ude00")]
    imitated = packed(json.dumps(deltas[0]).encode(), message_type="event", event_type="chunk")
    decoder = bedrock.StreamDecoder(context())
    said = frames(out(decoder.feed(b"".join([*map(event, [*EVENTS[:2], *deltas]), imitated, *map(event, EVENTS[3:])]))))
    assert said[2:5] == [*deltas, deltas[0]]
    assert decoder.done


def test_an_early_exception_keeps_its_status() -> None:
    decoder = bedrock.StreamDecoder(context())
    decoder.feed(event(EVENTS[0]))
    with pytest.raises(UpstreamRefused) as raised:
        decoder.feed(THROTTLED)
    assert (raised.value.status, raised.value.message) == (429, "Too many tokens")


def test_a_late_exception_waits_for_what_was_said() -> None:
    decoder = bedrock.StreamDecoder(context())
    assert frames(out(decoder.feed(b"".join(map(event, EVENTS[:3])) + THROTTLED)))
    assert isinstance(decoder.failure, UpstreamRefused)
    assert not decoder.done


def test_an_exception_behind_the_end_is_of_no_interest() -> None:
    decoder = bedrock.StreamDecoder(context())
    decoder.feed(STREAM + THROTTLED)
    assert decoder.done
    assert decoder.failure is None


def test_a_broken_checksum() -> None:
    broken = STREAM[:-1] + bytes([STREAM[-1] ^ 1])
    decoder = bedrock.StreamDecoder(context())
    decoder.feed(broken)
    assert isinstance(decoder.failure, BadAnswer)


@pytest.mark.parametrize("payload", [b"{}", b"x", b'{"bytes":"eA=="}', b'{"bytes":"e30="}'])
def test_events_of_nothing(payload: bytes) -> None:
    with pytest.raises(BadAnswer):
        bedrock.StreamDecoder(context()).feed(packed(payload, message_type="event", event_type="chunk"))


@pytest.mark.parametrize("given", [b"", event(EVENTS[0]), event(EVENTS[0])[:-3], b"".join(map(event, EVENTS[:3]))])
def test_a_stream_that_was_cut(given: bytes) -> None:
    decoder = bedrock.StreamDecoder(context())
    decoder.feed(given)
    with pytest.raises(Truncated):
        decoder.close()


def test_a_body_in_place_of_a_stream() -> None:
    body = json.dumps({**MESSAGE, "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}).encode()
    decoder = bedrock.StreamDecoder(context())
    assert decoder.feed(body[:9]) == []
    assert decoder.feed(body[9:]) == []
    assert check(frames(out(decoder.close()))).text == "Hi"
    assert decoder.done
