"""What the provider's own tools did, other than searches: as blocks where the Messages API has them, else in words.

Nothing of an answer may vanish, so an item of a type that is not known here is told as it came, without what only
serves the provider.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from ccproxy.translate.messages import ResponseBlock, ServerToolUseBlock
from ccproxy.translate.served import (
    MCP_ID,
    SERVER_ID,
    CodeExecutionToolResultBlock,
    McpToolResultBlock,
    McpToolUseBlock,
)
from ccproxy.translate.wire.openai_responses.items import Item, object_of, text_of

_IMAGE = "[an image that cannot be shown here]"
_SILENT = frozenset(
    {
        # they list tools
        "additional_tools",
        "mcp_list_tools",
        "tool_search_call",
        "tool_search_output",
        # looks into the provider's own store, whose outcome is what the text says
        "file_search_call",
        # only the provider can read it
        "compaction",
    }
)


def told(item: Item, fresh: Callable[[str], str], names: Mapping[str, str]) -> Iterable[ResponseBlock | str]:
    """The blocks and the words of an item.

    `fresh` makes an id with the given prefix; `names` are the client's for those of the provider that differ.
    """
    match item.type:
        case "mcp_call":
            return _mcp(item, fresh(MCP_ID), names)
        case "code_interpreter_call":
            return _code(item, fresh(SERVER_ID))
        case "image_generation_call":
            return [_image(item)]
        case _:
            return _other(item)


def _mcp(item: Item, id: str, names: Mapping[str, str]) -> list[ResponseBlock | str]:
    found = object_of(item.arguments)
    input = Raw(msgspec.json.encode(found if isinstance(found, dict) else {}))
    said = text_of(item.output) if item.output is not None else text_of(item.error)
    content = Raw(msgspec.json.encode([{"type": "text", "text": said}] if said else []))
    failed = item.error is not None or item.status == "failed"
    server = item.server_label or "unknown"
    use = McpToolUseBlock(id, item.name or "unknown", names.get(server, server), input)
    return [use, McpToolResultBlock(id, failed, content)]


def _code(item: Item, id: str) -> list[ResponseBlock | str]:
    outputs = item.outputs if isinstance(item.outputs, list) else []
    printed = [one.get("logs") or _IMAGE for one in outputs if isinstance(one, dict)]
    result: dict[str, Any] = {
        "type": "code_execution_result",
        "stdout": "\n".join(text_of(text) for text in printed),
        "stderr": "",
        "return_code": 0 if item.status in (None, "completed") else 1,
        "content": [],
    }
    use = ServerToolUseBlock(id, "code_execution", Raw(msgspec.json.encode({"code": item.code or ""})))
    return [use, CodeExecutionToolResultBlock(id, Raw(msgspec.json.encode(result)))]


def _image(item: Item) -> str:
    """Answers of the Messages API hold no images; a link can be told, and the loss of one must be."""
    if isinstance(item.result, str) and item.result.startswith("http"):
        return f"![image]({item.result})"
    return f"{_IMAGE[:-1]}: {item.revised_prompt}]" if item.revised_prompt else _IMAGE


def _other(item: Item) -> list[ResponseBlock | str]:
    if item.type in _SILENT and not item.error:
        return []
    fields: dict[str, Any] = {
        "name": item.name,
        "server": item.server_label,
        "input": object_of(item.arguments if item.arguments is not None else item.input),
        "action": item.action,
        "code": item.code,
        "output": item.output or item.result,
        "error": item.error,
    }
    shown = msgspec.json.encode({name: value for name, value in fields.items() if value}).decode()
    return [f"[{item.type} {shown}]"]
