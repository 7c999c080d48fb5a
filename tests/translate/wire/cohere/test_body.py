"""Whole bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer, UpstreamRefused
from ccproxy.translate import render
from ccproxy.translate.wire.cohere.body import taken
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames

from .streams import USAGE


def said(**fields: Any) -> Said:
    answer = taken(json.dumps(fields).encode(), context())
    return check(frames(render.events(answer.blocks.events)))


def test_all_that_a_message_holds() -> None:
    source = {"type": "document", "id": "result.0.b0", "document": {"text": "so", "url": "https://a.test"}}
    found = said(
        message={
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}],
            "citations": [{"sources": [source], "type": "TEXT_CONTENT", "content_index": 1}],
        },
        finish_reason="COMPLETE",
        usage=USAGE,
    )
    assert found.kinds == ["thinking", "text"]
    assert found.blocks[1]["citations"][0]["source"] == "https://a.test"
    assert found.message["usage"]["input_tokens"] == 20, "the counts are known from the start"
    assert found.message["usage"]["output_tokens"] == 0


def test_calls_that_are_listed_are_calls_of_their_own() -> None:
    one = {"id": "look_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    found = said(
        message={"tool_plan": "I will.", "tool_calls": [one, {**one, "id": "look_2"}]}, finish_reason="TOOL_CALL"
    )
    assert (found.text, found.tools) == ("I will.", [("look", {}), ("look", {})])


@pytest.mark.parametrize("fields", [{"text": "a"}, {"message": {"content": "a"}}])
def test_plain_texts(fields: dict[str, Any]) -> None:
    assert said(**fields, finish_reason="COMPLETE", meta=USAGE).text == "a"


def test_nothing_said() -> None:
    found = said(message={"content": []}, finish_reason="MAX_TOKENS", usage={"tokens": {}})
    assert (found.kinds, found.stop_reason) == ([], "max_tokens")


def test_an_error_inside_a_200() -> None:
    with pytest.raises(UpstreamRefused, match="went wrong"):
        said(id="x", message="it went wrong")


@pytest.mark.parametrize("fields", [{}, {"id": "x"}, {"message": 5}])
def test_no_answer(fields: dict[str, Any]) -> None:
    with pytest.raises(BadAnswer):
        said(**fields)


def test_a_stop_sequence_ends_it() -> None:
    message = {"content": [{"type": "text", "text": "axb"}, {"type": "text", "text": "c"}]}
    body = {"message": message, "finish_reason": "COMPLETE", "usage": USAGE}
    answer = taken(json.dumps(body).encode(), context(local_stops=("x", "y")))
    found = check(frames(render.events(answer.blocks.events)))
    assert (found.text, found.stop_sequence, found.usage["output_tokens"]) == ("a", "x", 5)
