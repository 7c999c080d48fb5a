from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.openai_chat.requests import assistant, request, user
from tests.translate.wire.openai_responses.requests import items, losses, said

USE = {"type": "mcp_tool_use", "id": "m1", "name": "ask", "server_name": "wiki", "input": {"q": 1}}
RESULT = {"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": False, "content": [{"type": "text", "text": "a"}]}
RAN = {"type": "code_execution_tool_result", "tool_use_id": "s1", "content": {"stdout": "1"}}


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (USE, '[wiki: ask {"q":1}]'),
        (RESULT, '[result: [{"type":"text","text":"a"}]]'),
        ({**RESULT, "is_error": True}, '[error: [{"type":"text","text":"a"}]]'),
        (RAN, '[result: {"stdout":"1"}]'),
        ({**RAN, "type": "bash_code_execution_tool_result"}, '[result: {"stdout":"1"}]'),
    ],
)
def test_told(block: dict[str, Any], words: str) -> None:
    wish = request([user("a"), assistant(block), user("b")])
    assert items(wish)[1]["content"][0]["text"].replace('": ', '":').replace(", ", ",") == words
    assert losses(wish) == []


@pytest.mark.parametrize("block", [{"type": "novel"}, {**USE, "name": 1}, {"type": "tool_search_tool_result"}])
def test_others_are_reported(block: dict[str, Any]) -> None:
    wish = request([user("a"), assistant(block, {"type": "text", "text": "b"}), user("c")])
    assert items(wish)[1] == said("assistant", "b")
    assert losses(wish) == ["messages[1].content[0]"]
