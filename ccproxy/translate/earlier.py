"""What MCP servers and code execution gave in earlier turns, in words, for APIs that have no place for it."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from ccproxy.translate.messages import UnknownBlock

_TOLD = ("mcp_tool_use", "mcp_tool_result", "code_execution_tool_result")


class _Block(Struct):
    """The fields of these blocks that say something."""

    name: str = ""
    server_name: str = ""
    input: Raw = Raw(b"{}")
    content: Raw = Raw(b"[]")
    is_error: bool = False


_read = msgspec.json.Decoder(_Block).decode


def told(block: UnknownBlock) -> str | None:
    """The block in words; None for one of another kind, or in another form."""
    if not block.block_type.endswith(_TOLD):
        return None
    try:
        said = _read(block.raw)
    except msgspec.MsgspecError:
        return None
    if block.block_type == "mcp_tool_use":
        return f"[{said.server_name}: {said.name} {str(said.input, 'utf-8')}]"
    return f"[{'error' if said.is_error else 'result'}: {str(said.content, 'utf-8')}]"
