"""Bodies of chat completions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import UNSET, Raw

from ccproxy.errors import Truncated
from ccproxy.translate import render
from ccproxy.translate.messages import (
    Message,
    ServerToolUseBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    WebSearchToolResultBlock,
)
from ccproxy.translate.replay import events_of
from ccproxy.translate.signature import unseal
from ccproxy.translate.wire.openai_chat import decode
from tests.translate.contexts import SEAL_KEY, context
from tests.translate.grammar import check, frames
from tests.translate.wire.openai_chat.streams import DONE, USAGE, call, chunk, ended, text


def body(message: Any, finish: str | None = "stop", **fields: Any) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps(
        {"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice], "usage": USAGE} | fields
    ).encode()


def answer(message: Any, finish: str | None = "stop", **context_options: Any) -> Message:
    found = decode(body(message, finish), context(**context_options))
    check(frames(render.events(events_of(found))))
    return found


def tool(arguments: Any, id: str | None = "call_1", name: str = "f") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_text() -> None:
    found = answer({"role": "assistant", "content": "hi", "refusal": None, "annotations": []})
    assert found.content == [TextBlock("hi")]
    assert (found.id, found.model, found.role) == ("msg_01test", "somewhere/some-model", "assistant")
    assert (found.stop_reason, found.stop_sequence) == ("end_turn", None)
    assert (found.usage.input_tokens, found.usage.output_tokens) == (20, 5)


def test_reasoning_text_and_calls() -> None:
    message = {
        "content": "see",
        "reasoning": "hm",
        "reasoning_details": [{"type": "reasoning.text", "text": "hm", "signature": "s", "index": 0}],
        "tool_calls": [tool('{"n": 12345678901234567890123}'), tool("{}", "functions.g:1", "g")],
    }
    thought, text, first, second = answer(message, "tool_calls", replay="reasoning_details").content
    assert isinstance(thought, ThinkingBlock)
    payload = unseal(thought.signature, "openai-chat", "hm", (SEAL_KEY,))
    assert payload is not None
    assert json.loads(payload) == message["reasoning_details"]
    assert text == TextBlock("see")
    assert first == ToolUseBlock("call_1", "f", Raw(b'{"n": 12345678901234567890123}'))
    assert isinstance(second, ToolUseBlock)
    assert second.id.startswith("ccpid_")


@pytest.mark.parametrize("content", [None, "", []])
def test_no_text_beside_calls(content: Any) -> None:
    found = answer({"content": content, "tool_calls": [tool("{}")]}, "tool_calls")
    assert [type(block) for block in found.content] == [ToolUseBlock]
    assert found.stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ("", {}),
        (None, {}),
        ("null", {}),
        ({"a": 1}, {"a": 1}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('{"a": "x\ny"}', {"a": "x\ny"}),
        ("{oops", {"__unparsedToolInput": {"raw": "{oops", "len": 5}}),
        ("[1]", {"__unparsedToolInput": {"raw": "[1]", "len": 3}}),
    ],
)
def test_input_is_always_an_object(arguments: Any, given: Any) -> None:
    (block,) = answer({"content": None, "tool_calls": [tool(arguments)]}, "tool_calls").content
    assert isinstance(block, ToolUseBlock)
    assert json.loads(bytes(block.input)) == given


def test_aggregated_inputs_are_several_calls() -> None:
    found = answer({"tool_calls": [tool('{"a": 1}{"a": 2}{"a": 3}')]})
    inputs = [json.loads(bytes(block.input)) for block in found.content if isinstance(block, ToolUseBlock)]
    assert inputs == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert found.stop_reason == "tool_use"


def test_calls_without_index_or_id_are_several_calls() -> None:
    found = answer({"tool_calls": [tool("{}", ""), tool("{}", None), tool('{"a": 1}', "")]})
    assert [block.id for block in found.content if isinstance(block, ToolUseBlock)] == [
        "toolu_01test0",
        "toolu_01test1",
        "toolu_01test2",
    ]


def test_tags_in_a_body() -> None:
    found = answer({"content": "<think>\nhm\n</think>\n\nok"})
    assert [type(block) for block in found.content] == [ThinkingBlock, TextBlock]


def test_local_stops_in_a_body() -> None:
    found = answer({"content": "go END on", "tool_calls": [tool("{}")]}, local_stops=("END",))
    assert found.content == [TextBlock("go ")]
    assert (found.stop_reason, found.stop_sequence) == ("stop_sequence", "END")


def test_missing_usage_is_estimated_and_said_so() -> None:
    found = decode(body({"content": "abcdefgh"}, usage=None), context())
    assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.estimated) == (11, 2, True)


def test_usage_in_other_places() -> None:
    assert decode(body({"content": "a"}, usage=None, x_groq={"usage": USAGE}), context()).usage.input_tokens == 20
    choice = {"message": {"content": "a"}, "usage": USAGE}
    assert decode(json.dumps({"choices": [choice]}).encode(), context()).usage.input_tokens == 20


def test_citations() -> None:
    note = {"type": "url_citation", "url_citation": {"url": "https://a.test", "title": "A", "start_index": 0}}
    block, *search = answer({"content": "see A", "annotations": [note]}).content
    assert [type(one) for one in search] == [ServerToolUseBlock, WebSearchToolResultBlock]
    assert isinstance(block, TextBlock)
    assert isinstance(block.citations, Raw)
    assert json.loads(bytes(block.citations))[0]["url"] == "https://a.test"


def test_an_empty_answer_has_no_blocks() -> None:
    assert answer({"content": ""}, "length").content == []


def test_a_filtered_answer_may_have_no_message() -> None:
    found = decode(b'{"choices": [{"index": 0, "finish_reason": "content_filter"}]}', context())
    assert (found.content, found.stop_reason) == ([], "refusal")


def test_a_delta_in_place_of_the_message() -> None:
    assert decode(b'{"choices": [{"delta": {"content": "a"}}]}', context()).content == [TextBlock("a")]


def test_a_stream_in_place_of_a_body() -> None:
    data = b": hello\n\n" + text("a", "b") + chunk(call("{oops", name="f")) + ended("tool_calls")
    found = decode(data, context())
    assert found.content[0] == TextBlock("ab")
    assert (found.usage.input_tokens, found.usage.estimated) == (20, UNSET)
    assert decode(text("a") + DONE, context()).usage.estimated is True
    with pytest.raises(Truncated):
        decode(text("a"), context())
