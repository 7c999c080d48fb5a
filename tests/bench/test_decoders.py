"""The streams that the decoders are measured with say what they should."""

from __future__ import annotations

from typing import Any

import pytest

from bench import wire
from bench.decoders import STREAMS, Cost, table
from ccproxy.gateway.wires import RELAYING, TRANSLATING
from ccproxy.translate import render
from tests.translate.contexts import context
from tests.translate.grammar import check, frames
from tests.translate.replaying import fed

WIRES: dict[str, Any] = TRANSLATING | RELAYING


def test_every_wire_is_measured() -> None:
    assert STREAMS.keys() >= WIRES.keys()


@pytest.mark.parametrize("name", WIRES)
def test_a_stream_says_its_words(name: str) -> None:
    words = wire.words(5)
    told = frames(render.events(fed(WIRES[name].StreamDecoder(context()), b"".join(STREAMS[name](words)))))
    if name in TRANSLATING:
        check(told)  # what is relayed has the usage that its provider gives it
    deltas = [frame["delta"] for frame in told if frame["type"] == "content_block_delta"]
    assert [delta["text"] for delta in deltas] == words
    assert told[-1] == {"type": "message_stop"}


def test_the_table() -> None:
    lines = table([Cost("openai-chat", 3.2, 2.0, 1.0, 1.0), Cost("gemini", 4.0, 3.0, 1.25, 1.5)]).splitlines()
    assert lines[2].split() == ["gemini", "4.00", "3.00", "1.25", "/", "1.50"]
