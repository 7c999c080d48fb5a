"""What is said, as blocks and events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.signature import unseal
from tests.translate.contexts import SEAL_KEY, context

from .streams import call, cited, ended, event, said, text, thinking

SOURCE = {
    "type": "document",
    "id": "document.0.0",
    "document": {"id": "document.0.0", "text": "so it is", "title": "T"},
}


def test_thinking_then_text() -> None:
    found = said(thinking("h", "m"), text("a", "", "b"), ended())
    assert (found.kinds, found.thinking, found.text) == (["thinking", "text"], "hm", "ab")
    assert unseal(found.blocks[0]["signature"], "openai-chat", "hm", (SEAL_KEY,)) == b""
    assert (found.stop_reason, found.usage["input_tokens"], found.usage["output_tokens"]) == ("end_turn", 20, 5)


def test_a_plan_and_its_calls() -> None:
    plan = event("tool-plan-delta", None, {"tool_plan": "I will look."})
    found = said(plan, call(0, '{"x"', ": 1}"), call(1, id="look_2"), ended("TOOL_CALL"))
    assert (found.kinds, found.text) == (["text", "tool_use", "tool_use"], "I will look.")
    assert found.tools == [("look", {"x": 1}), ("look", {})]
    assert [block.get("id") for block in found.blocks[1:]] == ["look_1", "look_2"]
    assert found.stop_reason == "tool_use"


def test_names_of_tools_are_the_clients() -> None:
    found = said(call(0, "{}", name="t_ab"), ended("TOOL_CALL"), about=context(names={"t_ab": "a.b"}))
    assert found.tools == [("a.b", {})]


@pytest.mark.parametrize("finish", ["TOOL_CALL", "COMPLETE", "MAX_TOKENS"])
def test_calls_that_were_cut(finish: str) -> None:
    assert said(call(0, '{"x"'), ended(finish)).stop_reason == "max_tokens"


def test_a_delta_for_a_call_that_nobody_announced_begins_one() -> None:
    loose = event("tool-call-delta", 3, {"tool_calls": {"function": {"name": "look", "arguments": "{}"}}})
    assert said(loose, ended("TOOL_CALL")).tools == [("look", {})]


def test_a_call_without_a_function_is_none() -> None:
    assert said(text("a"), event("tool-call-start", 0, {"tool_calls": {"id": "x"}}), ended()).kinds == ["text"]


class TestCitations:
    """Of what the client gave to be cited."""

    def test_each_once(self) -> None:
        found = said(text("a"), cited(SOURCE), cited(SOURCE, {"type": "tool", "id": "look_1:0"}), ended())
        assert [one["cited_text"] for one in found.blocks[0]["citations"]] == ["so it is"]

    def test_not_of_the_thinking(self) -> None:
        found = said(thinking("h"), cited(SOURCE, kind="THINKING_CONTENT"), text("a"), ended())
        assert [block["citations"] for block in found.blocks] == [[], []]

    @pytest.mark.parametrize("sources", [None, []])
    def test_of_nothing(self, sources: Any) -> None:
        empty = event("citation-start", 0, {"citations": {"start": 0, "sources": sources}})
        assert said(text("a"), empty, ended()).blocks[0]["citations"] == []


class TestStops:
    """Stop sequences, of which the provider is given one at most."""

    def test_the_provider_met_it(self) -> None:
        found = said(text("a"), ended("STOP_SEQUENCE"), about=context(local_stops=("x",)))
        assert (found.stop_reason, found.stop_sequence) == ("stop_sequence", "x")

    def test_met_here(self) -> None:
        found = said(text("a", "bx", "yz"), ended(), about=context(local_stops=("q", "xy")))
        assert (found.text, found.stop_reason, found.stop_sequence) == ("ab", "stop_sequence", "xy")

    def test_what_was_held_back_is_text_after_all(self) -> None:
        found = said(text("ax"), call(0, "{}"), ended("TOOL_CALL"), about=context(local_stops=("xy",)))
        assert (found.text, found.kinds) == ("ax", ["text", "tool_use"])

    def test_nothing_follows(self) -> None:
        after = (thinking("h"), call(0, "{}"), cited(SOURCE), text("more"))
        found = said(text("ax"), *after, ended(), about=context(local_stops=("x",)))
        assert (found.text, found.kinds) == ("a", ["text"])


@pytest.mark.parametrize("usage", [None, {}, {"tokens": {}}])
def test_without_counts_they_are_estimated(usage: Any) -> None:
    last = event("message-end", finish_reason="COMPLETE", usage=usage)
    found = said(text("a" * 9), last, about=context(input_tokens=7))
    assert (found.usage["input_tokens"], found.usage["output_tokens"]) == (7, 3)


def test_a_number_that_no_json_is() -> None:
    begun = {"id": "x", "type": "function", "function": {"name": "look", "arguments": {"a": 1}}}
    found = said(event("tool-call-start", 0, {"tool_calls": begun}), ended("TOOL_CALL"))
    assert json.loads(found.blocks[0]["partial_json"]) == {"a": 1}
