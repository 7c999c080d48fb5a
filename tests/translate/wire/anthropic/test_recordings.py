"""Every recorded exchange in the Messages API, byte for byte: only the model's name differs, and what is missing."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.events import Event, Verbatim
from ccproxy.translate.parse import parse
from ccproxy.translate.wire import anthropic
from ccproxy.translate.wire.anthropic import bedrock, vertex
from tests.translate.contexts import context, target
from tests.translate.grammar import frames
from tests.translate.replaying import RECORDINGS, each, failed, fed_in_all_ways, streamed, whole

_LABEL = "somewhere/some-model"
_NEEDED = {
    "input_tokens": 11,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "output_tokens": 0,
}
# What cannot hold, by the record's file name, and why.
EXCEPTIONS: dict[str, str] = {}
_BEDROCK_EXCEPTIONS = {
    "bedrock/bedrock-invoke-json-200-other-58a84bb4.json": "Claude 2's completions, an API before messages",
}


class _Joined:
    """A decoder whose events are the same however its bytes are cut: one for each byte."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder

    @property
    def done(self) -> bool:
        return bool(self._decoder.done)

    def feed(self, data: bytes) -> list[Event]:
        return [Verbatim(bytes([byte])) for byte in _bytes(self._decoder.feed(data))]

    def close(self) -> list[Event]:
        return [Verbatim(bytes([byte])) for byte in _bytes(self._decoder.close())]


def _bytes(events: list[Event]) -> bytes:
    assert all(isinstance(event, Verbatim) for event in events)
    return b"".join(event.data for event in events if isinstance(event, Verbatim))


def _completed(message: dict[str, Any]) -> dict[str, Any]:
    """The message as a client gets it."""
    id = message["id"] if message["id"].startswith("msg_") else "msg_01test"
    told = message.get("usage", {})
    lacking = {name: number for name, number in _NEEDED.items() if told.get(name) is None}
    return {**message, "id": id, "model": _LABEL, "usage": {**told, **lacking}}


def _stream(record: dict[str, Any]) -> None:
    given = record["response_stream"].encode()
    decoders: list[Any] = []

    def make() -> _Joined:
        decoders.append(anthropic.StreamDecoder(context()))
        return _Joined(decoders[-1])

    got = _bytes(fed_in_all_ways(make, given, record["id"]))
    _compare(got, given)
    _logged(decoders[0], frames(got))


def _compare(got: bytes, given: bytes) -> None:
    first, rest = given.split(b"\n\n", 1)
    message = json.loads(first.split(b"data: ", 1)[1])["message"]
    # Some records hold several answers, one is opened twice, one has [DONE] behind it.
    answer = re.match(rb".*?event: message_stop\n.*?\n\n", rest, re.DOTALL)
    assert answer is not None
    rest = re.sub(rb"event: message_start\n.*?\n\n", b"", answer[0])
    if all(isinstance(message["usage"].get(name), int) for name in _NEEDED):
        name = json.dumps(message["model"], ensure_ascii=False).encode()
        assert first.count(b'"model":' + name) == 1
        wanted = first.replace(b'"model":' + name, b'"model":"%s"' % _LABEL.encode())
        assert got == wanted + b"\n\n" + rest
    else:
        assert got.endswith(b"\n\n" + rest)
        assert frames(got)[0]["message"] == _completed(message)


def _logged(decoder: Any, said: list[dict[str, Any]]) -> None:
    last = [one for one in said if one["type"] == "message_delta"][-1]
    assert decoder.stop_reason == last["delta"]["stop_reason"]
    assert decoder.usage.output_tokens == last["usage"]["output_tokens"]
    started = said[0]["message"]["usage"]
    assert decoder.usage.input_tokens == last["usage"].get("input_tokens", started["input_tokens"])
    assert not decoder.usage_estimated


def _whole(record: dict[str, Any]) -> None:
    given = record["response_body"]
    for indent in (None, 1):
        body = json.dumps(given, indent=indent).encode()
        answer = anthropic.decode(body, context())
        wanted = _completed(given)
        if list(wanted) == list(given) and list(wanted["usage"]) == list(given["usage"]):
            assert answer.body == json.dumps(wanted, indent=indent).encode()
        else:
            assert json.loads(answer.body) == wanted
        assert answer.stop_reason == given.get("stop_reason")
        assert answer.usage.output_tokens == given["usage"]["output_tokens"]
    _unrolled(json.dumps(given).encode())


def _unrolled(body: bytes) -> None:
    """The same body for a client that asked for a stream."""
    decoder = anthropic.StreamDecoder(context())
    assert decoder.feed(body) == []
    said = frames(_bytes(decoder.close()))
    starts = [one["content_block"]["type"] for one in said if one["type"] == "content_block_start"]
    assert starts == [block["type"] for block in json.loads(body)["content"]]
    texts = [one["delta"].get("text", "") for one in said if one["type"] == "content_block_delta"]
    assert "".join(texts) == "".join(block.get("text", "") for block in json.loads(body)["content"])
    assert said[-1] == {"type": "message_stop"}


def _error(record: dict[str, Any]) -> None:
    body = json.dumps(record["response_body"]).encode()
    error = anthropic.decode_error(record["status"], record["response_headers"], body)
    assert (error.payload, error.status) == (body, record["status"])
    assert error.type == record["response_body"]["error"]["type"]


def test_recorded_streams(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", ("anthropic",), streamed, _stream, EXCEPTIONS) > 130


def test_recorded_bodies(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", ("anthropic",), whole, _whole, EXCEPTIONS) > 200


def test_recorded_errors(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", ("anthropic", "anthropic-count-tokens"), failed, _error) > 6


def test_recordings_that_are_kept_here() -> None:
    assert each(RECORDINGS, ("anthropic",), streamed, _stream) >= 5
    assert each(RECORDINGS, ("anthropic",), whole, _whole) >= 1
    assert each(RECORDINGS, ("anthropic",), failed, _error) >= 2
    assert each(RECORDINGS, ("bedrock-invoke",), _is_claude, _through_bedrock) >= 2


def test_recorded_counts(shared: Path) -> None:
    def replay(record: dict[str, Any]) -> None:
        body = json.dumps(record["response_body"]).encode()
        assert anthropic.counted(body) == record["response_body"]["input_tokens"]

    assert each(shared / "wire" / "recorded", ("anthropic-count-tokens",), whole, replay) == 2


def test_recorded_requests_on_vertex(shared: Path) -> None:
    def replay(record: dict[str, Any]) -> None:
        given = {name: value for name, value in record["request"].items() if name != "anthropic_version"}
        body = json.dumps({"model": "m", **given}).encode()
        sent = vertex.relay(parse(body), {}, target())
        wanted = {"anthropic_version": "vertex-2023-10-16", **given}
        assert json.loads(sent.body) == wanted
        if record["path"].endswith("RawPredict"):
            assert sent.path.rpartition(":")[2] == record["path"].rpartition(":")[2]

    def is_vertex(record: dict[str, Any]) -> bool:
        return bool(record["provider"] == "vertex")

    assert each(shared / "wire" / "recorded", ("anthropic",), is_vertex, replay) > 15


def _is_claude(record: dict[str, Any]) -> bool:
    return "anthropic.claude" in str(record["path"])


def _through_bedrock(record: dict[str, Any]) -> None:
    if "response_stream_b64" in record:
        decoders: list[Any] = []

        def make() -> _Joined:
            decoders.append(bedrock.StreamDecoder(context()))
            return _Joined(decoders[-1])

        said = frames(_bytes(fed_in_all_ways(make, base64.b64decode(record["response_stream_b64"]), record["id"])))
        events = [_inner(one) for one in record["response_events"]]
        assert said[0]["message"] == _completed(events[0]["message"])
        assert said[1:] == events[1:]
        _logged(decoders[0], said)
    elif record["status"] == 200:
        given = record["response_body"]
        assert json.loads(bedrock.decode(json.dumps(given).encode(), context()).body) == _completed(given)
    else:
        body = json.dumps(record["response_body"]).encode()
        with pytest.raises(UpstreamRefused):
            raise bedrock.decode_error(record["status"], record["response_headers"], body)


def test_recorded_exchanges_through_bedrock(shared: Path) -> None:
    folder = shared / "wire" / "recorded"
    assert each(folder, ("bedrock-invoke",), _is_claude, _through_bedrock, _BEDROCK_EXCEPTIONS) > 20


def _inner(event: dict[str, Any]) -> dict[str, Any]:
    payload = event.get("payload", event)
    found = json.loads(base64.b64decode(payload["bytes"])) if "bytes" in payload else payload
    assert isinstance(found, dict)
    return found
