"""Whatever a stream says, however it is cut: the client's events keep their grammar, or the failure is one of ours."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.errors import UpstreamError
from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.wire.bedrock_converse import StreamDecoder
from tests.translate.grammar import check, frames
from tests.translate.wire.bedrock_converse.streams import (
    begun,
    call,
    context,
    delta,
    ended,
    exception,
    stop,
    text,
    told,
)

NUMBERS = range(4)
PIECES: list[bytes] = [
    *(text(words, number) for number in NUMBERS for words in ("a", "STOP", "ST", "")),
    *(stop(number) for number in NUMBERS),
    *(delta(number, reasoningContent={"text": "hm"}) for number in NUMBERS),
    *(delta(number, reasoningContent={"signature": "s"}) for number in NUMBERS),
    *(delta(number, reasoningContent={"redactedContent": "b3A="}) for number in NUMBERS),
    *(delta(number, citation={"location": {"web": {"url": "https://a.example"}}}) for number in NUMBERS),
    *(call(number, '{"a":', "1}", id=f"t{number}") for number in NUMBERS),
    *(begun(number, toolUse={"toolUseId": "t", "name": "look"}) for number in NUMBERS),
    *(delta(number, toolUse={"input": '{"a"'}) for number in NUMBERS),
    *(call(number, name="nova_grounding", type="server_tool_use") for number in NUMBERS),
    *(delta(number, toolResult=[{"json": {}}]) for number in NUMBERS),
    ended(),
    ended("max_tokens"),
    ended("stop_sequence"),
    told(),
    exception("throttlingException"),
]


@settings(deadline=None)
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=14),
    cuts=st.lists(st.integers(0, 2000), max_size=4),
    stops=st.sampled_from([(), ("STOP",)]),
)
def test_anything(pieces: list[bytes], cuts: list[int], stops: Any) -> None:
    data = b"".join(pieces)
    places = sorted(min(cut, len(data)) for cut in cuts)
    decoder = StreamDecoder(context(local_stops=stops))
    events: list[Event] = []
    try:
        for start, end in zip([0, *places], [*places, len(data)], strict=True):
            events += decoder.feed(data[start:end])
            if decoder.failure is not None:
                raise decoder.failure
            if decoder.done:
                break
        if not decoder.done:
            events += decoder.close()
    except UpstreamError:
        # A failure ends the client's stream with an error, and what came before it must be sound.
        failed = b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"no"}}\n\n'
        if events:
            check(frames(render.events(events) + failed), may_fail=True)
        return
    check(frames(render.events(events)))
