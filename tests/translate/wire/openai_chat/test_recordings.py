"""Every recorded chat completion through the decoder: what the provider said is what the client gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.replay import events_of
from ccproxy.translate.wire.openai_chat import StreamDecoder, decode, decode_error
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames
from tests.translate.replaying import RECORDINGS, each, failed, fed, fed_in_all_ways, streamed, whole
from tests.translate.wire.openai_chat.reference import Expected, expected

_APIS = ("openai-chat", "mistral")
# What cannot hold, by the record's file name, and why.
EXCEPTIONS: dict[str, str] = {}


def _said(events: list[Event]) -> Said:
    """What the client reads from the rendered events."""
    return check(frames(render.events(events)))


def _compare(said: Said, want: Expected) -> None:
    assert said.text == want.text
    assert said.thinking.strip() == want.thinking.strip()
    _compare_calls(said, want)
    assert said.stop_reason == want.stop_reason
    if want.usage is not None:
        _compare_usage(said.usage, want.usage)
    _compare_searches(said, want)
    for block in said.blocks:
        assert block["type"] != "thinking" or block["signature"], "a thinking block without its signature"


def _compare_searches(said: Said, want: Expected) -> None:
    """Each page that the record lists is told once, by searches that are answered one by one."""
    asked = [block["id"] for block in said.blocks if block["type"] == "server_tool_use"]
    results = [block for block in said.blocks if block["type"] == "web_search_tool_result"]
    assert [block["tool_use_id"] for block in results] == asked
    assert len(set(asked)) == len(asked)
    pages = {page["url"]: page["title"] for block in results for page in block["content"]}
    assert pages == {url: title or url for url, title in want.found.items()}
    cited = {citation["url"] for block in said.blocks for citation in block["citations"]}
    assert cited <= set(pages)
    counted = (said.usage["server_tool_use"] or {}).get("web_search_requests", 0)
    assert counted == max(want.searches, len(asked))


def _compare_calls(said: Said, want: Expected) -> None:
    calls = [block for block in said.blocks if block["type"] == "tool_use"]
    assert [block["name"] for block in calls] == [name for _, name, _ in want.calls]
    for block, (id, _, arguments) in zip(calls, want.calls, strict=True):
        if arguments in ("", "null"):
            assert json.loads(block["partial_json"]) == {}
        elif _parses(arguments):
            assert json.loads(block["partial_json"]) == json.loads(arguments)
        else:
            assert want.finish == "length", "an input that is no JSON, without having been cut"
            assert block["partial_json"] == arguments
        if id and id.replace("-", "").replace("_", "").isalnum():
            assert block["id"] == id


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _compare_usage(usage: dict[str, Any], given: dict[str, Any]) -> None:
    prompt, completion = given["prompt_tokens"], given["completion_tokens"]
    inputs = usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
    assert inputs == prompt
    heard = (given.get("prompt_tokens_details") or {}).get("audio_tokens") or 0
    surplus = given["total_tokens"] - prompt - completion
    assert usage["output_tokens"] == completion + (0 if surplus in (heard, 0) else max(surplus, 0))
    details = given.get("prompt_tokens_details") or {}
    cached = max(
        details.get("cached_tokens") or 0,
        *(given.get(name) or 0 for name in ("cached_tokens", "prompt_cache_hit_tokens", "num_cached_tokens")),
        given.get("cache_read_input_tokens") or 0,
    )
    assert usage["cache_read_input_tokens"] == min(cached, prompt)
    thought = (
        (given.get("completion_tokens_details") or {}).get("reasoning_tokens") or given.get("reasoning_tokens") or 0
    )
    assert usage["output_tokens_details"]["thinking_tokens"] == min(thought, usage["output_tokens"])


def _replay_stream(record: dict[str, Any]) -> None:
    data = record["response_stream"].encode()
    want = expected(record)
    if want.error is not None:
        _fails(lambda: fed(StreamDecoder(context()), data), want.error)
        return
    _compare(_said(fed_in_all_ways(lambda: StreamDecoder(context()), data, record["id"])), want)


def _replay_body(record: dict[str, Any]) -> None:
    body = json.dumps(record["response_body"]).encode()
    want = expected(record)
    if want.error is not None:
        _fails(lambda: decode(body, context()), want.error)
        return
    message = decode(body, context())
    assert (message.usage.estimated is True) == (want.usage is None)
    _compare(_said(events_of(message)), _as_object(want))


def _as_object(want: Expected) -> Expected:
    """In a body a cut input must be an object; it holds all that came."""
    wrapped = []
    for id, name, arguments in want.calls:
        if arguments and not _parses(arguments):
            arguments = json.dumps({"__unparsedToolInput": {"raw": arguments, "len": len(arguments)}})
        wrapped.append((id, name, arguments))
    want.calls = wrapped
    return want


def _fails(replay: Callable[[], object], error: dict[str, Any]) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        replay()
    assert error["message"][:300] in caught.value.message
    code = error.get("status_code") or error.get("status") or error.get("code")
    assert caught.value.status == {502: 500}.get(code, code)


_STATUSES = {422: 400}
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
}


def _replay_error(record: dict[str, Any]) -> None:
    body = record["response_body"]
    error = decode_error(record["status"], record["response_headers"], json.dumps(body).encode())
    status = _STATUSES.get(record["status"], record["status"])
    assert (error.status, error.type) == (status, _TYPES[status])
    assert error.upstream_status == record["status"]
    inner = body.get("error", body)
    words = inner if isinstance(inner, str) else inner.get("message") or inner.get("detail")
    assert words.strip() in error.message
    assert error.should_retry is (False if status == 401 else None)


def test_every_streamed_answer_says_what_was_recorded(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, streamed, _replay_stream, EXCEPTIONS) > 500


def test_every_whole_answer_says_what_was_recorded(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, whole, _replay_body, EXCEPTIONS) > 900


def test_every_error_keeps_its_meaning(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, failed, _replay_error, EXCEPTIONS) > 50


def test_the_recordings_that_are_kept_here() -> None:
    assert each(RECORDINGS, _APIS, streamed, _replay_stream, EXCEPTIONS) >= 8
    assert each(RECORDINGS, _APIS, whole, _replay_body, EXCEPTIONS) >= 4
    assert each(RECORDINGS, _APIS, failed, _replay_error, EXCEPTIONS) >= 2
