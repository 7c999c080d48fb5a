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
from ccproxy.translate.wire.openai_responses import decode
from tests.translate.contexts import context
from tests.translate.grammar import check, frames
from tests.translate.wire.openai_responses.streams import ended, event, events

# fmt: off
NAMES = [
    "type", "id", "item_id", "output_index", "content_index", "summary_index", "delta", "text", "refusal", "part",
    "item", "annotation", "annotations", "url", "title", "response", "status", "error", "code", "message", "object",
    "incomplete_details", "reason", "output", "usage", "input_tokens", "output_tokens", "content", "summary",
    "encrypted_content", "call_id", "name", "arguments", "input", "action", "query", "queries", "sources", "role",
    "outputs", "logs", "result", "server_label", "transcript",
]
TYPES = [
    "message", "reasoning", "function_call", "custom_tool_call", "web_search_call", "mcp_call", "image_generation_call",
    "code_interpreter_call", "compaction", "something_new",
]
KINDS = [
    "output_text.delta", "output_text.done", "content_part.done", "refusal.delta", "reasoning_summary_text.delta",
    "reasoning_text.delta", "reasoning_text.done", "function_call_arguments.delta", "function_call_arguments.done",
    "output_item.added", "output_item.done", "output_text.annotation.added", "completed", "incomplete", "failed",
    "something.new",
]
# fmt: on
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 3),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.sampled_from(["completed", "incomplete", "content_filter", "{}", '{"a":', "x_search", "\ud83d", *TYPES]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)
ITEMS = st.builds(
    lambda kind, content, more: {"type": kind, "content": content} | more,
    st.sampled_from(TYPES),
    VALUES | st.lists(st.fixed_dictionaries({"type": st.just("output_text"), "text": st.text(max_size=4)}), max_size=2),
    st.dictionaries(st.sampled_from(NAMES[1:]), VALUES, max_size=3),
)
EVENTS = st.builds(
    lambda kind, named, index, item, fields: event(
        kind, named=named, **({"output_index": index, "item": item, "delta": "a"} | fields)
    ),
    st.sampled_from(KINDS),
    st.booleans(),
    st.none() | st.integers(0, 2),
    ITEMS,
    st.dictionaries(st.sampled_from([name for name in NAMES if name != "type"]), VALUES, max_size=2),
)


@settings(max_examples=400, deadline=None)
@given(
    VALUES
    | st.builds(
        lambda items, more: {"output": items} | more,
        st.lists(ITEMS, max_size=3),
        VALUES.map(lambda value: value if isinstance(value, dict) else {}),
    )
)
def test_bodies(value: Any) -> None:
    try:
        message = decode(json.dumps(value).encode(), context(local_stops=("x",)))
    except UpstreamError:
        return
    check(frames(render.events(events_of(message))))


@settings(max_examples=500, deadline=None)
@given(st.lists(EVENTS, max_size=6), st.booleans())
def test_streams(parts: list[bytes], over: bool) -> None:
    try:
        found = events([b"".join(parts), ended() if over else b""], context(local_stops=("x",)))
    except UpstreamError:
        return
    check(frames(render.events(found)))


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bytes(data: bytes) -> None:
    with suppress(UpstreamError):
        decode(data, context())
    with suppress(UpstreamError):
        events([data])
