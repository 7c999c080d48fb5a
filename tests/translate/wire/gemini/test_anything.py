"""Whatever a server sends, only errors that mean something come out, and events in good grammar."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.errors import UpstreamError
from ccproxy.translate import render
from ccproxy.translate.replay import events_of
from ccproxy.translate.wire.gemini import decode
from tests.translate.grammar import check, frames
from tests.translate.wire.gemini.answers import array, events, here, sse

# fmt: off
NAMES = [
    "candidates", "content", "parts", "text", "thought", "thoughtSignature", "functionCall", "name", "id", "args",
    "partialArgs", "jsonPath", "stringValue", "numberValue", "boolValue", "willContinue", "inlineData", "mimeType",
    "fileData", "fileUri", "executableCode", "code", "codeExecutionResult", "outcome", "output", "toolCall", "queries",
    "finishReason", "finishMessage", "index", "groundingMetadata", "webSearchQueries", "groundingChunks", "web", "uri",
    "title", "groundingSupports", "segment", "groundingChunkIndices", "urlContextMetadata", "urlMetadata",
    "retrievedUrl", "urlRetrievalStatus", "usageMetadata", "promptTokenCount", "candidatesTokenCount",
    "thoughtsTokenCount", "cachedContentTokenCount", "promptFeedback", "blockReason", "error", "status", "message",
    "details", "reason",
]
# fmt: on
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 600),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.sampled_from(
        ["STOP", "SAFETY", "MAX_TOKENS", "MALFORMED_FUNCTION_CALL", "$.a[0]", "$.a.b", "http://a", "\ud83d"]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)


def some(**fields: Any) -> Any:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(fields, VALUES) | fields)


PIECE = some(jsonPath=st.sampled_from(["$.a", "$.a.b", "$.c[1]", "$.c[0].d"]), stringValue=st.text(max_size=3))
CALL = some(name=st.sampled_from(["f", ""]), id=st.text(max_size=3), partialArgs=st.lists(PIECE, max_size=2))
PART = some(text=st.text(max_size=5), thought=st.booleans(), functionCall=CALL, executableCode=some(code=st.text()))
CANDIDATE = some(content=some(parts=st.lists(PART, max_size=3)), finishReason=LEAVES, groundingMetadata=VALUES)
CHUNKS = st.one_of(
    VALUES, some(candidates=st.lists(CANDIDATE, max_size=2), usageMetadata=VALUES, promptFeedback=VALUES)
)


@settings(max_examples=300, deadline=None)
@given(CHUNKS)
def test_bodies(value: Any) -> None:
    try:
        message = decode(json.dumps(value).encode(), here(local_stops=("x",)))
    except UpstreamError:
        return
    check(frames(render.events(events_of(message))))


@settings(max_examples=300, deadline=None)
@given(st.lists(CHUNKS, max_size=4), st.sampled_from([sse, array]))
def test_streams(values: list[Any], form: Any) -> None:
    try:
        found = events([form(*values)], here(local_stops=("x",)))
    except UpstreamError:
        return
    check(frames(render.events(found)))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_bytes(data: bytes, listed: bool) -> None:
    try:
        check(events([b"[{" + data if listed else data], here()))
    except UpstreamError:
        return
