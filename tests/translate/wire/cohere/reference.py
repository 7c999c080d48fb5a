"""What a recorded answer of Cohere's chat says, worked out from the record alone.

Written apart from the decoder and as simply as possible, so that the two can disagree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

_REASONS = {
    "COMPLETE": "end_turn",
    "MAX_TOKENS": "max_tokens",
    "TOOL_CALL": "tool_use",
    "STOP_SEQUENCE": "stop_sequence",
}


@dataclass
class Expected:
    """What the client must get. `calls` are (id, name, arguments as text); `usage` the counts that the model saw."""

    text: str = ""
    thinking: str = ""
    calls: list[list[str]] = field(default_factory=list)
    finish: str = ""
    usage: dict[str, Any] = field(default_factory=dict)

    @property
    def stop_reason(self) -> str:
        return _REASONS[self.finish]


def expected(record: dict[str, Any]) -> Expected:
    """What the record says, streamed or not, of either version of the API."""
    if "response_stream" in record:
        return _streamed(record["response_stream"])
    body = record["response_body"]
    found = Expected(finish=body["finish_reason"], usage=body.get("usage") or body["meta"])
    if "text" in body:
        found.text = body["text"]
        return found
    message = body["message"]
    found.text = message.get("tool_plan") or ""
    for item in message.get("content") or []:
        found.text += item.get("text") or ""
        found.thinking += item.get("thinking") or ""
    for call in message.get("tool_calls") or []:
        found.calls.append([call["id"], call["function"]["name"], call["function"]["arguments"]])
    return found


def _streamed(stream: str) -> Expected:
    found = Expected()
    for line in stream.splitlines():
        if not line.startswith("data: {"):
            continue
        event = json.loads(line[len("data: ") :])
        said = event.get("delta", {}).get("message", {})
        kind = event["type"]
        if kind.startswith("content-") and said:
            found.text += said["content"].get("text", "")
            found.thinking += said["content"].get("thinking", "")
        elif kind == "tool-plan-delta":
            found.text += said["tool_plan"]
        elif kind == "tool-call-start":
            call = said["tool_calls"]
            found.calls.append([call["id"], call["function"]["name"], call["function"]["arguments"]])
        elif kind == "tool-call-delta":
            found.calls[event["index"]][2] += said["tool_calls"]["function"]["arguments"]
        elif kind == "message-end":
            found.finish, found.usage = event["delta"]["finish_reason"], event["delta"]["usage"]
    return found
