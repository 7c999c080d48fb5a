"""Every recorded exchange with Cohere through the decoder: what the provider said is what the client gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.replay import events_of
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.cohere import StreamDecoder, decode, decode_error
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames
from tests.translate.replaying import RECORDINGS, each, failed, fed_in_all_ways, streamed, whole
from tests.translate.wire.cohere.reference import Expected, expected

_APIS = ("cohere",)


def _said(events: list[Event]) -> Said:
    return check(frames(render.events(events)))


def _compare(said: Said, want: Expected) -> None:
    assert said.text == want.text
    assert said.thinking == want.thinking
    calls = [block for block in said.blocks if block["type"] == "tool_use"]
    assert [(block["id"], block["name"]) for block in calls] == [(id, name) for id, name, _ in want.calls]
    for block, (_, _, arguments) in zip(calls, want.calls, strict=True):
        assert json.loads(block["partial_json"] or "{}") == json.loads(arguments or "{}")
    assert said.stop_reason == want.stop_reason
    tokens = want.usage["tokens"]
    inputs = said.usage["input_tokens"] + said.usage["cache_read_input_tokens"]
    assert inputs == tokens["input_tokens"] + tokens.get("image_tokens", 0)
    assert said.usage["cache_read_input_tokens"] == want.usage.get("cached_tokens", 0)
    assert said.usage["output_tokens"] == tokens["output_tokens"]
    assert said.usage["output_tokens_details"]["thinking_tokens"] == tokens.get("reasoning_tokens", 0)
    for block in said.blocks:
        assert block["type"] != "thinking" or block["signature"], "a thinking block without its signature"
        assert block["citations"] == [], "nobody gave these documents to be cited through ccproxy"


def _asked(record: dict[str, Any]) -> DecodeContext:
    """The context of the request that was recorded, if it was."""
    return context(local_stops=tuple((record.get("request") or {}).get("stop_sequences") or ()))


def _replay_stream(record: dict[str, Any]) -> None:
    data = record["response_stream"].encode()
    _compare(_said(fed_in_all_ways(lambda: StreamDecoder(_asked(record)), data, record["id"])), expected(record))


def _replay_body(record: dict[str, Any]) -> None:
    message = decode(json.dumps(record["response_body"]).encode(), _asked(record))
    assert message.usage.estimated is not True
    _compare(_said(events_of(message)), expected(record))


def _replay_error(record: dict[str, Any]) -> None:
    status, body = record["status"], record["response_body"]
    error = decode_error(status, record["response_headers"], json.dumps(body).encode())
    kind = {401: "authentication_error", 404: "not_found_error"}[status]
    assert (error.status, error.type, error.upstream_status) == (status, kind, status)
    assert body["message"] in error.message


def test_every_streamed_answer_says_what_was_recorded(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, streamed, _replay_stream) == 19


def test_every_whole_answer_says_what_was_recorded(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, whole, _replay_body) == 42


def test_every_error_keeps_its_meaning(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, failed, _replay_error) == 3


def test_the_recordings_that_are_kept_here() -> None:
    assert each(RECORDINGS, _APIS, streamed, _replay_stream) == 2
    assert each(RECORDINGS, _APIS, whole, _replay_body) == 2
    assert each(RECORDINGS, _APIS, failed, _replay_error) == 1
