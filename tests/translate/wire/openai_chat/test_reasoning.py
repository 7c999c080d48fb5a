"""Reasoning in its fields, its details and its tags."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.signature import unseal
from ccproxy.translate.wire.openai_chat.reasoning import merged
from tests.translate.contexts import SEAL_KEY, context
from tests.translate.wire.openai_chat.streams import call, chunk, ended, said, text


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"reasoning": "hm", "reasoning_content": "hm"},
        {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        {"reasoning": None, "reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        {"content": [{"type": "thinking", "thinking": "hm"}]},
    ],
)
def test_reasoning_comes_in_many_fields_and_counts_once(delta: dict[str, Any]) -> None:
    found = said(chunk(delta) + text("ok") + ended())
    assert found.thinking == "hm"
    assert found.text == "ok"
    assert unseal(found.blocks[0]["signature"], "openai-chat", "hm", (SEAL_KEY,)) is not None


def test_reasoning_without_keys_has_no_signature() -> None:
    found = said(chunk({"reasoning": "hm"}) + ended(), context(keys=()))
    assert found.blocks[0]["signature"] == ""


def test_details_without_keys_are_of_no_use() -> None:
    details = [{"type": "reasoning.encrypted", "data": "x"}]
    data = chunk({"reasoning_details": details}) + ended()
    assert said(data, context(keys=(), replay="reasoning_details")).kinds == []
    assert said(data, context(replay="reasoning")).kinds == []


def test_reasoning_details_come_back_in_the_signature() -> None:
    data = (
        chunk({"reasoning": "so", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "so"}]})
        + chunk({"reasoning": " so", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": " so"}]})
        + chunk({"reasoning_details": [{"type": "reasoning.text", "index": 0, "signature": "sig"}]})
        + chunk(
            {"reasoning_details": [{"type": "reasoning.encrypted", "index": 1, "id": "a", "data": "xx"}]}
            | call("{}", id="a", name="f")
        )
    )
    found = said(data + ended(), context(replay="reasoning_details"))
    assert found.kinds == ["thinking", "tool_use"]
    payload = unseal(found.blocks[0]["signature"], "openai-chat", "so so", (SEAL_KEY,))
    assert payload is not None
    assert json.loads(payload) == [
        {"type": "reasoning.text", "index": 0, "text": "so so", "signature": "sig"},
        {"type": "reasoning.encrypted", "index": 1, "id": "a", "data": "xx"},
    ]


class TestThinkTags:
    @pytest.mark.parametrize(
        ("parts", "thinking", "shown"),
        [
            (["<think>hm</think>ok"], "hm", "ok"),
            (["<thi", "nk>h", "m</th", "ink>", "\n\n", "ok"], "hm", "ok"),
            (["\n<think>\nhm\n</think>\n\nok"], "hm\n", "ok"),
            (["<think>\n\n</think>\n\nok"], "", "ok"),
            (["<think>a</thin b</think>ok"], "a</thin b", "ok"),
            (["<think>never closed"], "never closed", ""),
            (["<think>never closed </thi"], "never closed </thi", ""),
            (["<think>"], "", ""),
            (["<thin"], "", "<thin"),
            (["a <think>b</think>"], "", "a <think>b</think>"),
            (["ok <think>"], "", "ok <think>"),
            (["<think>a</think>see `<think>b</think>`"], "a", "see `<think>b</think>`"),
            (["  ok"], "", "  ok"),
        ],
    )
    def test_tags_at_the_head_are_reasoning(self, parts: list[str], thinking: str, shown: str) -> None:
        found = said(text(*parts) + ended())
        assert (found.thinking, found.text) == (thinking, shown)

    def test_the_dialect_may_know_no_tags(self) -> None:
        assert said(text("<think>a</think>b") + ended(), context(think_tags=False)).text == "<think>a</think>b"

    @pytest.mark.parametrize(
        ("parts", "thinking", "shown"),
        [
            (["hm</th", "ink>\n\nok"], "hm", "ok"),
            (["<think>hm</think>ok"], "hm", "ok"),
            (["</think>ok"], "", "ok"),
            (["no ", "tags"], "no tags", "no tags"),
        ],
    )
    def test_the_template_may_have_opened_it(self, parts: list[str], thinking: str, shown: str) -> None:
        found = said(text(*parts) + ended(), context(think_unopened=True))
        assert (found.thinking, found.text) == (thinking, shown)

    def test_an_answer_that_was_cut_inside_its_reasoning_has_no_text(self) -> None:
        assert said(text("hm") + ended("length"), context(think_unopened=True)).text == ""

    def test_a_call_inside_the_reasoning(self) -> None:
        found = said(text("<think>hm </th") + chunk(call("{}", name="f")) + ended())
        assert (found.kinds, found.thinking) == (["thinking", "tool_use"], "hm </th")

    def test_a_call_right_after_the_tags(self) -> None:
        found = said(text("<think>hm</think>\n\n") + chunk(call("{}", name="f")) + ended())
        assert found.kinds == ["thinking", "tool_use"]


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ([], []),
        (
            [{"type": "reasoning.text", "text": "a"}, {"type": "reasoning.text", "text": "a", "format": None}],
            [{"type": "reasoning.text", "text": "aa"}],
        ),
        (
            [
                {"type": "reasoning.summary", "summary": "a", "index": 0},
                {"type": "reasoning.summary", "summary": "b", "index": 1},
            ],
            [
                {"type": "reasoning.summary", "summary": "a", "index": 0},
                {"type": "reasoning.summary", "summary": "b", "index": 1},
            ],
        ),
        (
            [{"type": "reasoning.text", "text": "a", "id": "1"}, {"type": "reasoning.text", "text": "b", "id": "2"}],
            [{"type": "reasoning.text", "text": "a", "id": "1"}, {"type": "reasoning.text", "text": "b", "id": "2"}],
        ),
        (
            [{"type": "reasoning.encrypted", "data": "x"}, {"type": "reasoning.encrypted", "data": "y"}],
            [{"type": "reasoning.encrypted", "data": "x"}, {"type": "reasoning.encrypted", "data": "y"}],
        ),
        (
            [{"type": "reasoning.encrypted", "data": "x"}, {"type": "reasoning.encrypted", "data": "x"}],
            [{"type": "reasoning.encrypted", "data": "x"}],
        ),
    ],
)
def test_details_are_put_together(details: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    before = json.dumps(details)
    assert merged(details) == expected
    assert json.dumps(details) == before
