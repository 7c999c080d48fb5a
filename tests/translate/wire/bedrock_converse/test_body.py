"""Whole answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer, UpstreamRefused
from ccproxy.translate.wire.bedrock_converse.body import taken
from tests.translate.grammar import Said
from tests.translate.wire.bedrock_converse.streams import USAGE, body_said, context

CHARS = {"documentChar": {"documentIndex": 0, "start": 0, "end": 5}}


def said(*blocks: Any, reason: str = "end_turn", **more: Any) -> Said:
    answer = {"output": {"message": {"role": "assistant", "content": list(blocks)}}, "stopReason": reason}
    return body_said(json.dumps({**answer, "usage": USAGE, **more}).encode())


@pytest.mark.parametrize(
    ("blocks", "kinds"),
    [
        ([], []),
        ([{"text": "a"}, {"text": "b"}], ["text", "text"]),
        ([{"text": ""}, {"text": "b"}], ["text"]),
        (
            [{"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}, {"text": "a"}],
            ["thinking", "text"],
        ),
        ([{"reasoningContent": {"redactedContent": "b3A="}}, {"text": "a"}], ["redacted_thinking", "text"]),
        ([{"reasoningContent": {}}, {"text": "a"}], ["text"]),
        ([{"toolUse": {"toolUseId": "t", "name": "look", "input": {"a": 1}}}], ["tool_use"]),
        ([{"toolUse": {"toolUseId": "t", "name": "look"}}], ["tool_use"]),
        ([{"citationsContent": {"content": [{"text": "a"}], "citations": [{"location": CHARS}]}}], ["text"]),
        ([{"text": "a"}, {"citationsContent": {"citations": [{"location": CHARS}]}}], ["text"]),
        ([{"toolResult": {"toolUseId": "t", "content": [{"weird": 1}]}}, {"text": "a"}], ["text"]),
        ([{"image": {"format": "png"}}], ["text"]),
        ([{"somethingNew": {}}, 5, {"text": "a"}], ["text"]),
    ],
)
def test_blocks(blocks: list[Any], kinds: list[str]) -> None:
    assert said(*blocks).kinds == kinds


def test_citations_are_of_their_text() -> None:
    found = said(
        {"text": "It is "},
        {"citationsContent": {"content": [{"text": "so"}], "citations": [{"title": "t", "location": CHARS}]}},
        {"text": "."},
    )
    assert [(block["text"], len(block["citations"])) for block in found.blocks] == [("It is ", 0), ("so", 1), (".", 0)]


def test_the_stop_sequence() -> None:
    found = said({"text": "a"}, reason="stop_sequence", additionalModelResponseFields={"stop_sequence": "X"})
    assert (found.stop_reason, found.stop_sequence) == ("stop_sequence", "X")


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b'{"message":"Too many requests"}', UpstreamRefused, "Too many requests"),
        (b'{"Output":{"__type":"x#UnknownOperationException"}}', BadAnswer, "no message"),
        (b"[]", BadAnswer, "not a Converse answer"),
        (b"<html>", BadAnswer, "not JSON"),
    ],
)
def test_what_is_no_answer(data: bytes, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        taken(data, context())


def test_nothing_follows_a_stop_sequence() -> None:
    blocks = [
        {"text": "one STOP two"},
        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
        {"toolUse": {"toolUseId": "t", "name": "look", "input": {}}},
        {"text": "three"},
    ]
    answer = {"output": {"message": {"content": blocks}}, "stopReason": "tool_use", "usage": USAGE}
    found = body_said(json.dumps(answer).encode(), context(local_stops=("STOP",)))
    assert (found.text, found.kinds, found.stop_sequence) == ("one ", ["text"], "STOP")
