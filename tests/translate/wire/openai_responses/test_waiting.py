"""Calls that wait for the client."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.translate.wire.openai_responses.items import Item
from ccproxy.translate.wire.openai_responses.waiting import waiting
from tests.translate.wire.openai_responses.streams import added, done, ended, said


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"type": "custom_tool_call", "name": "sql", "input": "SELECT 1"}, ("sql", {"input": "SELECT 1"})),
        ({"type": "local_shell_call", "action": {"command": ["ls"]}}, ("local_shell", {"command": ["ls"]})),
        ({"type": "shell_call", "action": {"commands": ["ls"]}}, ("shell", {"commands": ["ls"]})),
        ({"type": "shell_call", "environment": {"type": "local"}}, ("shell", {})),
        ({"type": "shell_call", "environment": {"type": "container_reference"}}, None),
        ({"type": "apply_patch_call", "operation": {"diff": "+a"}}, ("apply_patch", {"diff": "+a"})),
        ({"type": "computer_call", "action": {"type": "click"}}, ("computer", {"type": "click"})),
        ({"type": "computer_call", "actions": [{"type": "click"}]}, ("computer", {"actions": [{"type": "click"}]})),
        ({"type": "tool_search_call", "execution": "client", "arguments": '{"q":1}'}, ("tool_search", {"q": 1})),
        ({"type": "tool_search_call", "execution": "server"}, None),
        ({"type": "message"}, None),
    ],
)
def test_who_waits_for_what(fields: dict[str, Any], wanted: Any) -> None:
    assert waiting(Item(**fields)) == wanted


def test_such_a_call_is_a_tool_call() -> None:
    item = {"type": "apply_patch_call", "id": "apc_1", "call_id": "call_1", "operation": {"diff": "+a"}}
    found = said(added(item | {"operation": {}}) + done(item) + ended(item))
    assert (found.tools, found.stop_reason) == ([("apply_patch", {"diff": "+a"})], "tool_use")
    assert found.blocks[0]["id"] == "call_1"
