"""Blocks of tools that the provider ran, streamed and whole."""

from __future__ import annotations

import json

import pytest
from msgspec import Raw

from ccproxy.translate import render
from ccproxy.translate.messages import Message, ResponseBlock, Usage
from ccproxy.translate.replay import events_of, message_of
from ccproxy.translate.served import CodeExecutionToolResultBlock, McpToolResultBlock, McpToolUseBlock
from tests.translate.grammar import check, frames


@pytest.mark.parametrize(
    ("block", "head", "input"),
    [
        (
            CodeExecutionToolResultBlock("srvtoolu_1", Raw(b'{"type":"code_execution_result","stdout":"2"}')),
            {"tool_use_id": "srvtoolu_1", "content": {"type": "code_execution_result", "stdout": "2"}},
            "",
        ),
        (
            McpToolUseBlock("mcptoolu_1", "find", "shop", Raw(b'{"a":1}')),
            {"id": "mcptoolu_1", "name": "find", "server_name": "shop", "input": {}},
            '{"a":1}',
        ),
        (
            McpToolResultBlock("mcptoolu_1", True, Raw(b'[{"type":"text","text":"none"}]')),
            {"tool_use_id": "mcptoolu_1", "is_error": True, "content": [{"type": "text", "text": "none"}]},
            "",
        ),
    ],
)
def test_both_forms_of_an_answer_say_the_same(block: ResponseBlock, head: dict[str, object], input: str) -> None:
    message = Message(id="msg_1", model="m", content=[block], stop_reason="end_turn", usage=Usage())
    events = events_of(message)
    [said] = check(frames(render.events(events))).blocks
    assert said["partial_json"] == input
    assert {name: said[name] for name in head} == head
    assert json.loads(render.message(message_of(events))) == json.loads(render.message(message))
