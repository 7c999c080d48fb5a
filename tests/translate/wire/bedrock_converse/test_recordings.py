"""Every recorded answer of Converse through the decoder: what the provider said is what the client gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.replay import events_of
from ccproxy.translate.wire.bedrock_converse import StreamDecoder, counted, decode, decode_error
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames
from tests.translate.replaying import RECORDINGS, each, failed, fed_in_all_ways, whole
from tests.translate.wire.bedrock_converse.reference import Expected, expected, raw

_APIS = ("bedrock-converse",)
_COUNTS = ("bedrock-count-tokens",)
# What cannot hold, by the record's file name, and why.
EXCEPTIONS: dict[str, str] = {}

_STATUSES = {"InvalidSignatureException": 401}


def _streamed(record: dict[str, Any]) -> bool:
    return record["status"] == 200 and "response_events" in record


def _compare(events: list[Event], want: Expected) -> None:
    said: Said = check(frames(render.events(events)))
    assert said.text == want.text
    assert said.thinking == want.thinking
    assert said.kinds.count("redacted_thinking") == want.redacted
    assert all(block["signature"] for block in said.blocks if block["type"] == "thinking")
    _compare_calls(said, want)
    cited = [citation["cited_text"] for block in said.blocks for citation in block["citations"]]
    assert cited == want.cited
    assert (said.stop_reason, said.stop_sequence) == (want.stop_reason, want.stop_sequence)
    _compare_usage(said.usage, want.usage)


def _compare_calls(said: Said, want: Expected) -> None:
    calls = [block for block in said.blocks if block["type"] == "tool_use"]
    assert [(call["id"], call["name"]) for call in calls] == [(id, name) for id, name, _ in want.calls]
    for call, (_, _, text) in zip(calls, want.calls, strict=True):
        assert json.loads(call["partial_json"]) == json.loads(text or "{}")
    served = {"nova_code_interpreter": ["server_tool_use", "code_execution_tool_result"]}
    theirs = [kind for kind in said.kinds if kind in ("server_tool_use", "code_execution_tool_result")]
    assert theirs == [kind for name in want.served for kind in served[name]]


def _compare_usage(usage: dict[str, Any], given: dict[str, Any] | None) -> None:
    if given is None:
        return
    assert usage["input_tokens"] == given["inputTokens"]
    assert usage["output_tokens"] == given["outputTokens"]
    assert usage["cache_read_input_tokens"] == given.get("cacheReadInputTokens", 0)
    written = given.get("cacheWriteInputTokens", 0)
    assert usage["cache_creation_input_tokens"] == written
    kept = {detail["ttl"]: detail["inputTokens"] for detail in given.get("cacheDetails", [])}
    hour = kept.get("1h", 0)
    assert usage["cache_creation"] == {
        "ephemeral_5m_input_tokens": written - hour,
        "ephemeral_1h_input_tokens": hour,
    }


def _replay_stream(record: dict[str, Any]) -> None:
    _compare(fed_in_all_ways(lambda: StreamDecoder(context()), raw(record), record["id"]), expected(record))


def _replay_body(record: dict[str, Any]) -> None:
    _compare(events_of(decode(json.dumps(record["response_body"]).encode(), context())), expected(record))


def _replay_error(record: dict[str, Any]) -> None:
    headers = record["response_headers"]
    error = decode_error(record["status"], headers, json.dumps(record["response_body"]).encode())
    name = headers.get("x-amzn-errortype", "").partition(":")[0]
    assert error.status == _STATUSES.get(name, record["status"])
    assert error.upstream_status == record["status"]
    assert error.code == (name or None)
    assert record["response_body"]["message"] == error.message


def test_every_streamed_answer_says_what_was_recorded(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, _streamed, _replay_stream, EXCEPTIONS) >= 33


def test_every_whole_answer_says_what_was_recorded(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, whole, _replay_body, EXCEPTIONS) >= 80


def test_every_error_keeps_its_meaning(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, failed, _replay_error, EXCEPTIONS) >= 6


def _replay_count(record: dict[str, Any]) -> None:
    assert counted(json.dumps(record["response_body"]).encode()) == record["response_body"]["inputTokens"]


def test_every_count_is_read(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _COUNTS, whole, _replay_count, EXCEPTIONS) == 2
    assert each(shared / "wire" / "recorded", _COUNTS, failed, _replay_error, EXCEPTIONS) == 1


def test_the_recordings_that_are_kept_here() -> None:
    assert each(RECORDINGS, _APIS, _streamed, _replay_stream, EXCEPTIONS) == 3
    assert each(RECORDINGS, _APIS, whole, _replay_body, EXCEPTIONS) == 1
    assert each(RECORDINGS, _APIS, failed, _replay_error, EXCEPTIONS) == 1
    assert each(RECORDINGS, _COUNTS, whole, _replay_count, EXCEPTIONS) == 1
