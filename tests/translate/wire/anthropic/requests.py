"""Requests for the tests of this wire."""

from __future__ import annotations

import json
from typing import Any

from ccproxy.translate.parse import Parsed, parse

HEADERS = {
    "anthropic-version": "2026-10-21",
    "anthropic-beta": "effort-2025-11-24, new-2026-11-11",
    "x-claude-code-session-id": "s",
    "x-app": "cli",
}
BODY: dict[str, Any] = {
    "max_tokens": 128000,
    "messages": [
        {"role": "user", "content": "é 😀 \"model\": \"claude\", \\"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "ccpid_1", "name": "f", "input": {"model": "claude"}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "ccpid_1", "content": "1"}]},
    ],
    "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"model": {"type": "string"}}}}],
    "fallbacks": [{"model": "claude"}],
    "something_new": {"model": "claude", "number": 1.50},
    "model": "claude",
    "stream": True,
}  # fmt: skip


def dumped(*, indent: int | None = None, ascii: bool = False, **changes: Any) -> bytes:
    """The request with these members changed; `...` takes one out."""
    body = {name: value for name, value in {**BODY, **changes}.items() if value is not ...}
    return json.dumps(body, indent=indent, ensure_ascii=ascii).encode()


def parsed(body: bytes, *, counting: bool = False) -> Parsed:
    return parse(body, counting=counting)
