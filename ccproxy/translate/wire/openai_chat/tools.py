"""Tools and tool choice."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw

from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.wire.openai_chat.draft import Draft


def tools(request: MessagesRequest, draft: Draft) -> list[dict[str, Any]]:
    """The tools in the provider's form."""
    found = []
    for tool in request.tools or ():
        function: dict[str, Any] = {"name": draft.tool_name(tool.name)}
        if tool.description:
            function["description"] = tool.description
        function["parameters"] = (
            Raw(b'{"type":"object","properties":{}}') if tool.input_schema is UNSET else tool.input_schema
        )
        found.append({"type": "function", "function": function})
    return found
