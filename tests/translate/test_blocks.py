"""Blocks are written one after the other, whatever the server mixes."""

from __future__ import annotations

from ccproxy.translate.wire.openai_chat import StreamDecoder
from tests.translate.contexts import context
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
