"""Whatever a server sends in Cohere's name, only errors that mean something come out, and events in good grammar."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.errors import UpstreamError
from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.replay import events_of
from ccproxy.translate.wire.cohere import StreamDecoder, decode
from tests.translate.contexts import context
from tests.translate.grammar import check, frames

from .streams import START, USAGE

KINDS = ["message-start", "content-start", "content-delta", "content-end", "tool-plan-delta", "tool-call-start"]
KINDS += ["tool-call-delta", "tool-call-end", "citation-start", "citation-end", "message-end", "debug", ""]
NAMES = ["type", "index", "delta", "message", "content", "text", "thinking", "tool_plan", "tool_calls", "id"]
NAMES += ["function", "name", "arguments", "citations", "sources", "document", "tool_output", "title", "url", "usage"]
NAMES += ["tokens", "billed_units", "input_tokens", "output_tokens", "finish_reason", "error", "cached_tokens", "meta"]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 600),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.sampled_from(["COMPLETE", "ERROR", "MAX_TOKENS", "{}", '{"a":', "document.0.0", "result.1.b2", "\ud83d"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)
SAID = st.fixed_dictionaries({}, optional=dict.fromkeys(["content", "tool_plan", "tool_calls", "citations"], VALUES))
EVENTS = st.one_of(
    VALUES,
    st.builds(
        lambda kind, index, said, more: {"type": kind, "index": index, "delta": {"message": said, **more}},
        st.sampled_from(KINDS),
        st.none() | st.integers(0, 2),
        SAID,
        st.dictionaries(st.sampled_from(["finish_reason", "usage", "error"]), VALUES, max_size=2),
    ),
)
END = {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": USAGE}}


def streamed(data: bytes, *stops: str) -> list[Event]:
    decoder = StreamDecoder(context(local_stops=stops))
    found = decoder.feed(data)
    if decoder.failure is not None:
        raise decoder.failure
    return found if decoder.done else found + decoder.close()


@settings(max_examples=400, deadline=None)
@given(
    VALUES
    | st.builds(lambda said, more: {"message": said} | more, SAID, st.dictionaries(st.sampled_from(NAMES), VALUES))
)
def test_bodies(value: Any) -> None:
    try:
        message = decode(json.dumps(value).encode(), context(local_stops=("x",)))
    except UpstreamError:
        return
    check(frames(render.events(events_of(message))))


@settings(max_examples=400, deadline=None)
@given(st.lists(EVENTS, max_size=5))
def test_streams(values: list[Any]) -> None:
    data = START + b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in [*values, END])
    try:
        found = streamed(data, "x", "y")
    except UpstreamError:
        return
    check(frames(render.events(found)))


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bytes(data: bytes) -> None:
    with suppress(UpstreamError):
        decode(data, context())
    with suppress(UpstreamError):
        streamed(data)
