"""Blocks are written one after the other, whatever the server mixes."""

from __future__ import annotations

from msgspec import Raw

from ccproxy.translate.blocks import Blocks
from ccproxy.translate.calls import Calls
from ccproxy.translate.messages import Usage
from ccproxy.translate.wire.openai_chat import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import check
from tests.translate.wire.openai_chat.streams import call, chunk, ended, said, text


def test_text_between_the_deltas_of_a_call_waits_its_turn() -> None:
    data = (
        chunk(call('{"a"', id="1", name="f"))
        + text("one ", "two ")
        + chunk({"reasoning": "hm"})
        + chunk(call(": 1}"))
        + text("three")
    )
    found = said(data + ended("tool_calls"))
    assert found.kinds == ["tool_use", "text", "thinking", "text"]
    assert found.tools == [("f", {"a": 1})]
    assert (found.text, found.thinking) == ("one two three", "hm")


def test_input_is_passed_on_as_it_comes() -> None:
    found = said(chunk(call("", id="1", name="f")) + chunk(call('{"a"')) + chunk(call(": 1}")) + ended())
    assert found.blocks[0]["deltas"] == ["input_json_delta", "input_json_delta"]


def test_a_block_that_waits_is_written_as_soon_as_the_call_is_over() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(chunk(call('{"a"', id="1", name="f")))
    assert decoder.feed(text("one")) == []
    found = decoder.feed(chunk(call(": 1}")))
    assert [type(event).__name__ for event in found] == [
        "ContentBlockDelta",
        "ContentBlockStop",
        "ContentBlockStart",
        "ContentBlockDelta",
    ]


def test_a_call_without_input_lets_the_next_one_wait() -> None:
    data = chunk(call("", id="1", name="f")) + chunk(call("", index=1, id="2", name="g"))
    found = said(data + chunk(call('{"a": 1}', index=1)) + chunk(call('{"b": 2}', index=0)) + ended())
    assert found.tools == [("f", {"b": 2}), ("g", {"a": 1})]


def test_an_answer_that_is_cut_in_the_middle_of_mixed_calls_loses_nothing() -> None:
    data = chunk(call('{"a"', index=0, id="1", name="f")) + chunk(call('{"b"', index=1, id="2", name="g")) + text("and")
    found = said(data + ended("length"))
    assert found.kinds == ["tool_use", "tool_use", "text"]
    assert [block["partial_json"] for block in found.blocks[:2]] == ['{"a"', '{"b"']


def test_what_stands_apart_begins_a_block_of_its_own() -> None:
    asked = context()
    blocks = Blocks(asked, Calls(asked))
    blocks.apart()
    blocks.thinking("a")
    blocks.apart()
    blocks.thinking("b")
    blocks.text("c")
    blocks.text("d")
    blocks.apart()
    blocks.apart()
    blocks.text("e")
    blocks.end("end_turn", None, Usage())
    found = check(blocks.events)
    assert [block.get("text") or block.get("thinking") for block in found.blocks] == ["a", "b", "cd", "e"]


def test_what_waits_behind_a_call_stands_apart_too_and_keeps_its_citations() -> None:
    asked = context()
    calls = Calls(asked)
    blocks = Blocks(asked, calls)
    blocks.calls([calls.begin(0, "1", "f")])
    blocks.text("a")
    blocks.citation(Raw(b'{"type":"x","n":1}'))
    blocks.apart()
    blocks.text("b")
    blocks.citation(Raw(b'{"type":"x","n":2}'))
    blocks.end("tool_use", None, Usage())
    found = check(blocks.events)
    assert found.kinds == ["tool_use", "text", "text"]
    assert [[one["n"] for one in block["citations"]] for block in found.blocks[1:]] == [[1], [2]]
