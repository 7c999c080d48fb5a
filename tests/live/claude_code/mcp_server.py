"""A small MCP server on stdin and stdout for Claude Code to call: `python mcp_server.py`. Standard library only.

It has one tool, `weigh`, which gives the number of letters of a word and a small picture. Protocol: JSON-RPC 2.0, one
message a line (modelcontextprotocol.io).
"""

from __future__ import annotations

import json
import sys
from typing import Any

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEIGH = {
    "name": "weigh",
    "description": "The weight of a word, and a picture of it",
    "inputSchema": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """The result of a call; None for a method that is not known here."""
    match method:
        case "initialize":
            return {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "scales", "version": "1"},
            }
        case "tools/list":
            return {"tools": [WEIGH]}
        case "tools/call":
            said = {"type": "text", "text": f"{params['arguments']['word']} weighs {len(params['arguments']['word'])}"}
            return {"content": [said, {"type": "image", "data": PICTURE, "mimeType": "image/png"}]}
        case "ping":
            return {}
    return None


def main() -> None:
    """Answer until the other side closes."""
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked:
            continue  # a notification
        result = answer(asked.get("method", ""), asked.get("params", {}))
        unknown = {"error": {"code": -32601, "message": "no such method"}}
        told = {"jsonrpc": "2.0", "id": asked["id"], **(unknown if result is None else {"result": result})}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
