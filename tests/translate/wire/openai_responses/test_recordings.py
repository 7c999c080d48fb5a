"""Every recorded response through the decoder: what the provider said is what the client gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate import render, signature
from ccproxy.translate.events import Event
from ccproxy.translate.replay import events_of
from ccproxy.translate.wire.openai_responses import StreamDecoder, decode, decode_error
from tests.translate.contexts import SEAL_KEY, context
from tests.translate.grammar import Said, check, frames
from tests.translate.replaying import RECORDINGS, each, failed, fed_in_all_ways, streamed, whole
from tests.translate.wire.openai_responses.reference import Expected, expected

# `other` are further endpoints of the same API: stored responses, which are answers like all; token counts,
# compactions and responses that are not over, which are none.
_APIS = ("openai-responses", "openai-responses-other")
# What cannot hold, by the record's file name, and why.
EXCEPTIONS: dict[str, str] = {
    "openai/openai-responses-stream-200-other-23449bbc.json": "the first and the last event lack their closing brace",
}


def _said(events: list[Event]) -> Said:
    """What the client reads from the rendered events."""
    return check(frames(render.events(events)))


def _compare(said: Said, want: Expected) -> None:
    _compare_text(said, want)
    assert said.thinking == want.thinking
    assert _payloads(said) == want.payloads
    _compare_calls(said, want)
    _compare_searches(said, want)
    assert said.stop_reason == want.stop_reason
    if _counted(want.response):
        _compare_usage(said.usage, want.response["usage"])


def _compare_text(said: Said, want: Expected) -> None:
    """The text, and the items that are told beside it in a block or in words of their own."""
    marks = [f"[{kind} " for kind in want.others] + ["[an image that cannot be shown here"]
    texts = [block["text"] for block in said.blocks if block["type"] == "text"]
    own = [text for text in texts if not text.startswith(tuple(marks))]
    assert "".join(own) == want.text
    blocks = {"mcp_call": "mcp_tool_use", "code_interpreter_call": "code_execution_tool_result"}
    shown = [kind for kind in said.kinds if kind in blocks.values()]
    assert len(texts) - len(own) + len(shown) == len(want.others)
    assert shown == [blocks[kind] for kind in want.others if kind in blocks]


def _payloads(said: Said) -> list[str]:
    """The encrypted reasoning that the next turn gets back."""
    found = []
    for block in said.blocks:
        if block["type"] == "thinking":
            payload = signature.unseal(block["signature"], "openai", block["thinking"], (SEAL_KEY,))
            assert payload is not None, "a thinking block without its signature"
            assert payload or block["thinking"], "a thinking block that says nothing"
            found += [item["encrypted_content"] for item in json.loads(payload or "[]") if "encrypted_content" in item]
    return found


def _compare_calls(said: Said, want: Expected) -> None:
    calls = [block for block in said.blocks if block["type"] == "tool_use"]
    assert [block["name"] for block in calls] == [name for _, name, _ in want.calls]
    for block, (id, _, arguments) in zip(calls, want.calls, strict=True):
        if _parses(arguments):
            assert json.loads(block["partial_json"]) == json.loads(arguments)
        else:
            assert want.stop_reason == "max_tokens", "an input that is no JSON, without having been cut"
            assert block["partial_json"] == arguments
        assert block["id"] == id


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _compare_searches(said: Said, want: Expected) -> None:
    asked = [block for block in said.blocks if block.get("name") == "web_search"]
    assert [json.loads(block["partial_json"])["query"] for block in asked] == [query for query, _ in want.searches]
    found = {block["tool_use_id"]: block for block in said.blocks if block["type"] == "web_search_tool_result"}
    assert [block["id"] for block in asked] == sorted(found, key=[block["id"] for block in asked].index)
    cited = [one["url"] for block in said.blocks for one in block["citations"]]
    assert cited == want.cited
    shown = {page["url"] for result in found.values() for page in result["content"]}
    for block, (_, urls) in zip(asked, want.searches, strict=True):
        if urls is not None:
            assert [page["url"] for page in found[block["id"]]["content"]] == urls
    if any(urls is None for _, urls in want.searches):
        assert set(cited) <= shown, "a source that is cited and was not found"


def _counted(response: dict[str, Any]) -> bool:
    """Whether the provider counted; counts of nothing at all are a placeholder."""
    usage = response.get("usage") or {}
    return bool(usage.get("input_tokens") or usage.get("output_tokens"))


def _compare_usage(usage: dict[str, Any], given: dict[str, Any]) -> None:
    inputs = usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
    assert inputs == given["input_tokens"]
    assert usage["output_tokens"] == max(given["output_tokens"], 0)
    details = given.get("input_tokens_details") or {}
    assert usage["cache_read_input_tokens"] == details.get("cached_tokens", 0)
    assert usage["cache_creation_input_tokens"] == (details.get("cache_write_tokens") or 0)
    thought = (given.get("output_tokens_details") or {}).get("reasoning_tokens", 0)
    assert usage["output_tokens_details"]["thinking_tokens"] == min(thought, usage["output_tokens"])
    told = given.get("server_side_tool_usage_details")
    if told is not None:
        counted = (usage["server_tool_use"] or {}).get("web_search_requests", 0)
        assert counted == told["web_search_calls"] + told["x_search_calls"]


def _replay_stream(record: dict[str, Any]) -> None:
    data = record["response_stream"].encode()
    found = fed_in_all_ways(lambda: StreamDecoder(context(kind="openai")), data, record["id"])
    _compare(_said(found), expected(record))


def _replay_body(record: dict[str, Any]) -> None:
    given = record["response_body"]
    body = json.dumps(given).encode()
    if given["object"] != "response" or given["status"] in ("queued", "in_progress"):
        with pytest.raises(BadAnswer):
            decode(body, context())
        return
    message = decode(body, context(kind="openai"))
    assert (message.usage.estimated is True) == (not _counted(given))
    _compare(_said(events_of(message)), _as_object(expected(record)))


def _as_object(want: Expected) -> Expected:
    """In a body a cut input must be an object; it holds all that came."""
    for at, (id, name, arguments) in enumerate(want.calls):
        if not _parses(arguments):
            wrapped = json.dumps({"__unparsedToolInput": {"raw": arguments, "len": len(arguments)}})
            want.calls[at] = (id, name, wrapped)
    return want


_CODES = {"model_not_found": (404, "not_found_error"), "insufficient_quota": (429, "rate_limit_error")}
_TYPES = {400: "invalid_request_error", 401: "authentication_error"}


def _replay_error(record: dict[str, Any]) -> None:
    body = record["response_body"]
    error = decode_error(record["status"], record["response_headers"], json.dumps(body).encode())
    inner = body["error"]
    words = inner if isinstance(inner, str) else inner["message"]
    assert words in error.message
    if "Incorrect API key" in words:
        want = (401, "authentication_error")
    elif "Model not found" in words:
        want = (404, "not_found_error")
    else:
        want = _CODES.get(inner["code"] or "", (record["status"], _TYPES[record["status"]]))
    assert (error.status, error.type) == want
    assert error.upstream_status == record["status"]


def test_every_streamed_answer_says_what_was_recorded(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, streamed, _replay_stream, EXCEPTIONS) > 200


def test_every_whole_answer_says_what_was_recorded(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, whole, _replay_body, EXCEPTIONS) > 330


def test_every_error_keeps_its_meaning(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, failed, _replay_error, EXCEPTIONS) > 10


def test_the_recordings_that_are_kept_here() -> None:
    assert each(RECORDINGS, _APIS, streamed, _replay_stream, EXCEPTIONS) >= 4
    assert each(RECORDINGS, _APIS, whole, _replay_body, EXCEPTIONS) >= 6
    assert each(RECORDINGS, _APIS, failed, _replay_error, EXCEPTIONS) >= 2
