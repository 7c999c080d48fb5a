"""Whatever a server sends, only errors that mean something come out, and events in good grammar."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.errors import UpstreamError
from ccproxy.translate import render
from ccproxy.translate.replay import events_of
from ccproxy.translate.wire.openai_chat import decode, decode_error
from tests.translate.contexts import context
from tests.translate.grammar import check, frames
from tests.translate.wire.openai_chat.streams import DONE, event, events

# fmt: off
NAMES = [
    "choices", "index", "delta", "message", "content", "text", "type", "thinking", "reasoning", "reasoning_content",
    "reasoning_details", "summary", "data", "tool_calls", "id", "function", "name", "arguments", "function_call",
    "refusal", "annotations", "url_citation", "url", "title", "audio", "transcript", "finish_reason", "stop_reason",
    "matched_stop", "usage", "prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details",
    "cached_tokens", "x_groq", "error", "code", "status", "message", "details", "metadata", "headers", "raw",
    "detail", "errors", "object", "base_resp", "status_code", "retry_after", "search_results", "msg", "loc",
    "retryDelay", "failed_generation", "signature", "executed_tools", "results", "link", "date", "output", "citations",
    "web_search", "server_tool_use_details", "web_search_requests", "num_search_queries",
]
# fmt: on
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 600),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.sampled_from(
        ["stop", "error", "length", "{}", '{"a":', "<think>", "429", "\ud83d", "5s", "x-ratelimit-remaining"]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)
SAID = ("content", "reasoning", "reasoning_details", "tool_calls", "function_call", "refusal", "annotations")
SAID += ("executed_tools",)
BESIDE = ("usage", "error", "x_groq", "search_results", "web_search", "citations", "object")
DELTAS = st.fixed_dictionaries({}, optional=dict.fromkeys(SAID, VALUES))
CHUNKS = st.one_of(
    VALUES,
    st.builds(
        lambda delta, finish, more: (
            {"choices": [{"index": 0, "delta": delta, "message": delta, "finish_reason": finish}]} | more
        ),
        DELTAS,
        LEAVES,
        st.dictionaries(st.sampled_from(BESIDE), VALUES, max_size=1),
    ),
)


@settings(max_examples=400, deadline=None)
@given(CHUNKS)
def test_bodies(value: Any) -> None:
    try:
        message = decode(json.dumps(value).encode(), context(local_stops=("x",)))
    except UpstreamError:
        return
    check(frames(render.events(events_of(message))))


@settings(max_examples=400, deadline=None)
@given(st.lists(CHUNKS, max_size=4), st.booleans())
def test_streams(values: list[Any], done: bool) -> None:
    try:
        found = events([b"".join(map(event, values)), DONE if done else b""], context(local_stops=("x",)))
    except UpstreamError:
        return
    check(frames(render.events(found)))


@settings(max_examples=300, deadline=None)
@given(
    st.integers(300, 599),
    VALUES | st.builds(lambda inner: {"error": inner}, VALUES),
    st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"]),
        st.text(max_size=6)
        | st.sampled_from(["0", "5", "1m", "inf", "nan", "-1", "1e400", "Fri, 31 Dec 9999 23:59:59 GMT"]),
    ),
)
def test_error_answers(status: int, value: Any, headers: dict[str, str]) -> None:
    error = decode_error(status, headers, json.dumps(value).encode(), now=1.0)
    assert 400 <= error.status <= 529
    assert error.message
    assert error.type.endswith(("_error", "_too_large"))
    assert error.retry_after is None or 0 <= error.retry_after < 1e12


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bytes(data: bytes) -> None:
    assert decode_error(500, {}, data).message
    with suppress(UpstreamError):
        decode(data, context())
    with suppress(UpstreamError):
        events([data])
