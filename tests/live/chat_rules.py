"""What a chat completions request must keep to, whoever it goes to, and what may stand in none. Written from the
API's description alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
from typing import Any

# Fields of the Messages API that have no place in a chat completions request.
FOREIGN = {
    "anthropic_beta",
    "cache_control",
    "citations",
    "container",
    "context_management",
    "defer_loading",
    "eager_input_streaming",
    "is_error",
    "mcp_servers",
    "max_uses",
    "metadata",
    "output_config",
    "safeguards",
    "signature",
    "stop_sequences",
    "system",
    "thread",
    "tool_use_id",
}
FOREIGN_TYPES = {"tool_use", "tool_result", "tool_reference", "document", "image", "redacted_thinking"}
ROLES = {"system", "developer", "user", "assistant", "tool"}


def check(body: dict[str, Any], *, taken: Set[str] = frozenset()) -> None:
    """Fails with an assertion that names the place. `taken`: foreign fields that this provider has added to the API."""
    assert body["model"]
    messages = body["messages"]
    assert messages
    _turns(messages)
    for place, field, value in _fields(body):
        assert field not in FOREIGN - taken, f"{place}.{field} is not of this API"
        assert field != "type" or value not in FOREIGN_TYPES, f"{place} is of type {value}"
    if "tools" in body:
        _tools(body["tools"])
    else:
        assert "tool_choice" not in body, "a tool_choice without tools"
        assert "parallel_tool_calls" not in body, "parallel_tool_calls without tools"


def _turns(messages: list[dict[str, Any]]) -> None:
    open_calls: list[str] = []
    for index, message in enumerate(messages):
        role = message["role"]
        assert role in ROLES, f"messages[{index}].role is {role!r}"
        if role == "tool":
            assert message["tool_call_id"] in open_calls, f"messages[{index}] answers no open call"
            open_calls.remove(message["tool_call_id"])
            assert message["content"], f"messages[{index}] is an empty result"
            continue
        assert not open_calls, f"messages[{index}] ({role}) stands before the results of {open_calls}"
        if role == "assistant":
            calls = message.get("tool_calls") or []
            open_calls = [call["id"] for call in calls]
            assert len(set(open_calls)) == len(open_calls), f"messages[{index}] has two calls of one id"
            for call in calls:
                assert call["type"] == "function"
                assert call["function"]["name"]
                assert isinstance(json.loads(call["function"]["arguments"]), dict)
            assert calls or message.get("content"), f"messages[{index}] says nothing"
        else:
            assert message["content"], f"messages[{index}] ({role}) is empty"
    assert not open_calls, f"no results for {open_calls}"
    assert messages[-1]["role"] != "assistant"


def _tools(tools: list[dict[str, Any]]) -> None:
    assert tools, "an empty list of tools"
    # Tools that the provider runs itself have its own form.
    tools = [tool for tool in tools if not tool["type"].startswith("openrouter:")]
    names = [tool["function"]["name"] for tool in tools]
    assert len(set(names)) == len(names), "two tools of one name"
    assert "DeferredToolPlaceholder" not in names
    for tool in tools:
        assert tool["type"] == "function"
        assert tool["function"]["parameters"]["type"] == "object", tool["function"]["name"]


def _fields(value: Any, place: str = "body") -> Iterator[tuple[str, str, Any]]:
    """All fields of the request but those of the client's own JSON (schemas, and calls' arguments, which are text)."""
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _fields(inner, f"{place}[{index}]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield place, name, inner
            if name not in ("parameters", "schema"):
                yield from _fields(inner, f"{place}.{name}")
