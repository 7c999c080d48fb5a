"""Blocks that only answers have: tools other than web search and fetch that the provider itself ran.

A client that sends them back sends blocks of unknown type (see `messages`): no provider but Anthropic takes them.
"""

from __future__ import annotations

from msgspec import Raw, Struct

SERVER_ID = "srvtoolu_ccp1"
MCP_ID = "mcptoolu_ccp1"
"""What the ids of calls begin with that another provider than Anthropic made: by them its blocks are known later."""


class CodeExecutionToolResultBlock(Struct, tag="code_execution_tool_result"):
    """What a provider's run of the code gave: a `code_execution_result`."""

    tool_use_id: str
    content: Raw


class McpToolUseBlock(Struct, tag="mcp_tool_use"):
    """A call of an MCP server's tool, which the provider made. `input` is a JSON object as text."""

    id: str
    name: str
    server_name: str
    input: Raw


class McpToolResultBlock(Struct, tag="mcp_tool_result"):
    """What the MCP server answered: a list of text blocks."""

    tool_use_id: str
    is_error: bool
    content: Raw
