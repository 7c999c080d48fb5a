"""Calls other than of functions that wait for the client to do something.

Nobody asks for them: no request of ours has these tools. Where a provider's own settings bring one, it is a call of a
tool of that name, which is the one way in which the Messages API asks a client for anything.
"""

from __future__ import annotations

from typing import Any

from ccproxy.translate.wire.openai_responses.items import Item, object_of, text_of


def waiting(item: Item) -> tuple[str, dict[str, Any]] | None:
    """The tool's name and its input; None for an item that waits for nobody."""
    match item.type:
        case "custom_tool_call":
            return item.name or "", {"input": text_of(item.input)}
        case "local_shell_call":
            return "local_shell", _object(item.action)
        case "shell_call" if not _in_container(item):
            return "shell", _object(item.action)
        case "apply_patch_call":
            return "apply_patch", _object(item.operation)
        case "computer_call":
            return "computer", {"actions": item.actions} if item.actions else _object(item.action)
        case "tool_search_call" if item.execution == "client":
            return "tool_search", _object(item.arguments)
        case _:
            return None


def _in_container(item: Item) -> bool:
    """Whether the provider runs it; its output is an item of its own then."""
    return isinstance(item.environment, dict) and str(item.environment.get("type")).startswith("container")


def _object(value: Any) -> dict[str, Any]:
    found = object_of(value)
    return found if isinstance(found, dict) else {}
