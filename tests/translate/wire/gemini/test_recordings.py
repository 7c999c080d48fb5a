"""Every recorded answer of Gemini through the decoder: what the provider said is what the client gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.messages import ResponseBlock, ThinkingBlock, ToolUseBlock
from ccproxy.translate.replay import events_of, message_of
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.gemini import StreamDecoder, decode, decode_error
from ccproxy.translate.wire.gemini.signatures import Signatures
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames
from tests.translate.replaying import RECORDINGS, each, failed, fed_in_all_ways, streamed, whole
from tests.translate.wire.gemini.drawer import Drawer
from tests.translate.wire.gemini.reference import Expected, chunks, expected

_APIS = ("gemini",)
# What cannot hold, by the record's file name, and why.
EXCEPTIONS: dict[str, str] = {}


def _context(drawer: Drawer | None = None) -> DecodeContext:
    here = context(kind="gemini")
    return structs.replace(here, target=structs.replace(here.target, keepsakes=drawer))


def _said(events: list[Event]) -> Said:
    """What the client reads from the rendered events."""
    return check(frames(render.events(events)))


def _compare(events: list[Event], want: Expected, drawer: Drawer) -> None:
    said = _said(events)
    assert said.text == want.text
    assert said.thinking == want.thinking
    assert said.stop_reason == want.stop_reason
    _compare_order(said, want)
    _compare_calls(said, want)
    _compare_sources(said, want)
    _compare_usage(said.usage, want)
    content = message_of(events).content
    for keepsakes in (drawer, None):
        assert _signatures(content, keepsakes) == want.signed


def _compare_order(said: Said, want: Expected) -> None:
    searches = {block["id"] for block in said.blocks if block.get("name") in ("web_search", "web_fetch")}
    kinds = [
        block["type"]
        for block in said.blocks
        if block.get("id") not in searches
        and not block["type"].endswith("_result")
        and not (block["type"] == "thinking" and not block["thinking"])
    ]
    assert kinds == want.order


def _compare_calls(said: Said, want: Expected) -> None:
    calls = [block for block in said.blocks if block["type"] == "tool_use"]
    assert [(block["name"], json.loads(block["partial_json"])) for block in calls] == [
        (name, input) for _, name, input in want.calls
    ]
    for block, (id, _, _) in zip(calls, want.calls, strict=True):
        assert block["id"] == id or not id
    runs = [block for block in said.blocks if block.get("name") == "code_execution"]
    results = {block["tool_use_id"]: block["content"] for block in said.blocks if "tool_use_id" in block}
    assert [
        (json.loads(run["partial_json"])["code"], results[run["id"]].get("stdout", "")) for run in runs
    ] == want.runs


def _compare_sources(said: Said, want: Expected) -> None:
    results = [block for block in said.blocks if block["type"].endswith(("search_tool_result", "fetch_tool_result"))]
    pages = set()
    for block in results:
        content = block["content"]
        pages |= {one["url"] for one in content} if isinstance(content, list) else {content["url"]}
    assert pages == want.pages
    queries = [json.loads(block["partial_json"])["query"] for block in said.blocks if block.get("name") == "web_search"]
    assert {query for one in queries for query in one.split("; ") if query} == want.queries - {""}
    cited = {(one["url"], one["cited_text"]) for block in said.blocks for one in block["citations"]}
    assert cited == want.cited


def _compare_usage(usage: dict[str, Any], want: Expected) -> None:
    counts = want.counts
    if not counts:
        return
    inputs = usage["input_tokens"] + usage["cache_read_input_tokens"]
    assert inputs == counts["prompt"] + counts.get("toolUsePrompt", 0)
    assert usage["cache_read_input_tokens"] == counts.get("cachedContent", 0)
    assert usage["output_tokens"] == counts.get("candidates", 0) + counts.get("thoughts", 0)
    assert usage["output_tokens_details"]["thinking_tokens"] == counts.get("thoughts", 0)
    searched = want.queries - {""}
    assert (usage["server_tool_use"] or {}).get("web_search_requests", 0) == len(searched)


def _signatures(content: list[ResponseBlock], drawer: Drawer | None) -> dict[int, str]:
    """The calls' signatures as the next turn finds them, with and without what was kept here."""
    found: dict[int, str] = {}
    reading = Signatures(_context(drawer).target)
    place = 0
    for block in content:
        if isinstance(block, ThinkingBlock):
            assert reading.thinking(block) is not None, "a thinking block that is not ours"
        elif isinstance(block, ToolUseBlock):
            signature = reading.call(block.id)
            if signature:
                found[place] = signature
            place += 1
    return found


def _replay_stream(record: dict[str, Any]) -> None:
    drawer = Drawer()
    data = record["response_stream"].encode()
    events = fed_in_all_ways(lambda: StreamDecoder(_context(drawer)), data, record["id"])
    _compare(events, expected(record), drawer)


def _replay_body(record: dict[str, Any]) -> None:
    drawer = Drawer()
    body = record["response_body"]
    want = expected(record)
    message = decode(json.dumps(body).encode(), _context(drawer))
    assert (message.usage.estimated is True) == (not want.counts)
    message.usage.estimated = msgspec.UNSET
    _compare(events_of(message), want, drawer)
    # The same as a stream: an array of objects as the API writes it, or an object in place of a stream.
    items = ",\r\n".join(json.dumps(chunk, indent=2, ensure_ascii=False) for chunk in chunks(record))
    data = f"[{items}\n]\n" if isinstance(body, list) else items
    events = fed_in_all_ways(lambda: StreamDecoder(_context(drawer)), data.encode(), record["id"])
    _compare(events, want, drawer)


_STATUSES = {"API_KEY_INVALID": 401}
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def _replay_error(record: dict[str, Any]) -> None:
    body = record.get("response_body") or json.loads(record["response_stream"])
    inner = body["error"]
    for sent in (body, [body]):  # Google wraps the errors of array streams in a list
        error = decode_error(record["status"], record["response_headers"], json.dumps(sent).encode())
        status = next((_STATUSES[one["reason"]] for one in inner.get("details", []) if "reason" in one), inner["code"])
        assert (error.status, error.type) == (status, _TYPES[status])
        assert error.upstream_status == record["status"]
        numbers = [word for word in inner["message"].split() if word.strip("().").isdigit()]
        if "token count" in inner["message"]:
            assert error.message == "prompt is too long: {} tokens > {} maximum".format(
                *(number.strip("().") for number in numbers)
            )
        else:
            assert inner["message"].strip() in error.message
        delays = [float(one["retryDelay"][:-1]) for one in inner.get("details", []) if "retryDelay" in one]
        assert error.retry_after == (delays[0] if delays else None)


def test_every_streamed_answer_says_what_was_recorded(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, streamed, _replay_stream, EXCEPTIONS) > 100


def test_every_whole_answer_says_what_was_recorded(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, whole, _replay_body, EXCEPTIONS) > 200


def test_every_error_keeps_its_meaning(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", _APIS, failed, _replay_error, EXCEPTIONS) > 10


def test_the_recordings_that_are_kept_here() -> None:
    assert each(RECORDINGS, _APIS, streamed, _replay_stream, EXCEPTIONS) >= 2
    assert each(RECORDINGS, _APIS, whole, _replay_body, EXCEPTIONS) >= 4
    assert each(RECORDINGS, _APIS, failed, _replay_error, EXCEPTIONS) >= 2
