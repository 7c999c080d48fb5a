"""What deltas of all kinds come to: refusals, stop sequences, mixed content."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.translate.wire.openai_chat import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import check
from tests.translate.wire.openai_chat.streams import DONE, call, chunk, ended, said, text

ROLE = chunk({"role": "assistant", "content": ""})


def test_a_refusal_is_text_with_its_own_stop_reason() -> None:
    found = said(chunk({"refusal": "I ca"}) + chunk({"refusal": "n't"}) + ended())
    assert (found.text, found.stop_reason) == ("I can't", "refusal")


@pytest.mark.parametrize("finish", ["stop", "length", "content_filter"])
def test_an_empty_answer_has_no_blocks(finish: str) -> None:
    found = said(ROLE + ended(finish))
    assert found.kinds == []
    assert found.stop_reason == {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}[finish]


@pytest.mark.parametrize(
    "choice",
    [
        {"stop_reason": "END"},
        {"matched_stop": "END"},
    ],
)
def test_servers_that_tell_the_stop_sequence(choice: dict[str, Any]) -> None:
    found = said(text("a") + chunk({}, "stop", **choice) + DONE)
    assert (found.stop_reason, found.stop_sequence) == ("stop_sequence", "END")


@pytest.mark.parametrize(
    ("finish", "choice", "reason"),
    [
        ("stop", {"stop_reason": 128001}, "end_turn"),
        ("stop", {"matched_stop": None}, "end_turn"),
        ("length", {"stop_reason": "END"}, "max_tokens"),
        ("tool_calls", {"stop_reason": "END"}, "end_turn"),
    ],
)
def test_stop_sequences_that_are_none(finish: str, choice: dict[str, Any], reason: str) -> None:
    found = said(text("a") + chunk({}, finish, **choice) + DONE)
    assert (found.stop_reason, found.stop_sequence) == (reason, None)


def test_a_mixed_content_array_keeps_its_order() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True},
        {"type": "text", "text": "a"},
        {"type": "reference", "reference_ids": [1]},
        {"type": "text", "text": "b"},
        {"type": "refusal", "refusal": "no"},
    ]
    found = said(chunk({"content": parts}) + ended())
    assert (found.kinds, found.thinking, found.text) == (["thinking", "text"], "hm", "abno")
    assert found.stop_reason == "refusal"


class TestLocalStops:
    def test_the_answer_ends_at_the_sequence(self) -> None:
        decoder = StreamDecoder(context(local_stops=("END",)))
        found = check(decoder.feed(text("go E", "N", "D on") + text("more") + ended()))
        assert (found.text, found.stop_reason, found.stop_sequence) == ("go ", "stop_sequence", "END")
        assert decoder.done
        assert decoder.usage_estimated

    def test_the_same_however_it_is_cut(self) -> None:
        data = text("go E", "N", "D on") + ended()
        assert said(data, context(local_stops=("END",))).text == "go "

    def test_what_was_held_back_comes_at_the_end_of_the_text(self) -> None:
        where = context(local_stops=("END",))
        assert said(text("go E") + ended(), where).text == "go E"
        found = said(text("go E") + chunk(call('{"a":"END"}', name="f")) + text("N") + ended(), where)
        assert found.kinds == ["text", "tool_use", "text"]
        assert (found.text, found.tools) == ("go EN", [("f", {"a": "END"})])

    def test_reasoning_is_not_searched(self) -> None:
        found = said(chunk({"reasoning": "END"}) + text("x END") + ended(), context(local_stops=("END",)))
        assert (found.thinking, found.text, found.stop_sequence) == ("END", "x ", "END")

    def test_a_sequence_at_the_very_start(self) -> None:
        found = said(text("END") + ended(), context(local_stops=("END",)))
        assert (found.kinds, found.stop_sequence) == ([], "END")

    def test_nothing_follows_the_sequence(self) -> None:
        where = context(local_stops=("END",))
        parts = [{"type": "text", "text": "END"}, {"type": "text", "text": "x"}, {"type": "thinking", "thinking": "y"}]
        assert said(chunk({"content": parts} | call("{}", name="f")) + ended(), where).kinds == []

    def test_a_tag_that_was_never_closed_hides_nothing(self) -> None:
        found = said(text("<thi", "s END") + ended(), context(local_stops=("END",)))
        assert (found.text, found.stop_sequence) == ("<this ", "END")


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ({"image_url": {"url": "https://x.test/a.png"}}, "![image](https://x.test/a.png)"),
        ({"image_url": {"url": "data:image/png;base64,AAAA"}}, "[an image that cannot be shown here]"),
        ({}, "[an image that cannot be shown here]"),
    ],
)
def test_an_image_is_at_least_told_of(image: dict[str, Any], shown: str) -> None:
    assert said(chunk({"content": "", "images": [image]}) + ended()).text == shown
