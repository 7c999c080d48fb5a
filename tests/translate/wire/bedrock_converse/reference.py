"""What a recorded answer of Converse says, worked out from the record's JSON alone.

Written apart from the decoder and as simply as possible, so that the two can disagree.
"""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

_REASONS = {
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "refusal",
    "content_filtered": "refusal",
}


@dataclass
class Expected:
    """What the client must get. `calls` are (id, name, input as JSON text); `served` are names of the provider's."""

    text: str = ""
    thinking: str = ""
    redacted: int = 0
    signed: list[str] = field(default_factory=list)
    cited: list[str] = field(default_factory=list)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    reason: str = ""
    stop_sequence: str | None = None
    usage: dict[str, Any] | None = None

    @property
    def stop_reason(self) -> str:
        reason = _REASONS.get(self.reason, "end_turn")
        if reason == "stop_sequence" and not self.stop_sequence:
            reason = "end_turn"
        return "tool_use" if self.calls and reason in ("end_turn", "stop_sequence") else reason


def expected(record: dict[str, Any]) -> Expected:
    """What the record says, streamed or not."""
    found = Expected()
    if "response_events" in record:
        for event in record["response_events"]:
            _event(found, event["headers"][":event-type"], event["payload"])
        return found
    body = record["response_body"]
    found.reason, found.usage = body["stopReason"], body["usage"]
    for block in body["output"]["message"]["content"]:
        _block(found, block)
    return found


def _event(found: Expected, kind: str, payload: dict[str, Any]) -> None:
    match kind:
        case "contentBlockStart":
            use = payload["start"]["toolUse"]
            found.calls.append((use["toolUseId"], use["name"], ""))
        case "contentBlockDelta":
            _delta(found, payload["delta"])
        case "messageStop":
            found.reason = payload["stopReason"]
            fields = payload.get("additionalModelResponseFields") or {}
            found.stop_sequence = fields.get("delta", {}).get("stop_sequence")
        case "metadata":
            found.usage = payload["usage"]


def _delta(found: Expected, delta: dict[str, Any]) -> None:
    reasoning = delta.get("reasoningContent", {})
    found.text += delta.get("text", "")
    found.thinking += reasoning.get("text", "")
    if "signature" in reasoning:
        found.signed.append(reasoning["signature"])
    found.redacted += "redactedContent" in reasoning
    if "citation" in delta:
        found.cited.append(delta["citation"]["sourceContent"][0]["text"])
    if "toolUse" in delta:
        id, name, text = found.calls[-1]
        found.calls[-1] = (id, name, text + delta["toolUse"]["input"])


def _block(found: Expected, block: dict[str, Any]) -> None:
    found.text += block.get("text", "")
    reasoning = block.get("reasoningContent", {}).get("reasoningText", {})
    found.thinking += reasoning.get("text", "")
    if "signature" in reasoning:
        found.signed.append(reasoning["signature"])
    cited = block.get("citationsContent", {})
    found.text += "".join(piece["text"] for piece in cited.get("content", []))
    found.cited += [one["sourceContent"][0]["text"] for one in cited.get("citations", [])]
    if "toolUse" in block:
        use = block["toolUse"]
        if use.get("type") == "server_tool_use":
            found.served.append(use["name"])
        else:
            found.calls.append((use["toolUseId"], use["name"], json.dumps(use["input"])))


def raw(record: dict[str, Any]) -> bytes:
    """The bytes of a recorded stream; framed here where only the JSON was kept."""
    if "response_stream_b64" in record:
        return base64.b64decode(record["response_stream_b64"])
    return b"".join(frame(event["payload"], **event["headers"]) for event in record["response_events"])


def frame(payload: Any, **headers: str) -> bytes:
    """A frame of an event stream with string headers."""
    section = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(text.encode())) + text.encode()
        for name, text in headers.items()
    )
    data = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(section) + len(data), len(section))
    message = prelude + struct.pack(">I", crc32(prelude)) + section + data
    return message + struct.pack(">I", crc32(message))


def event(kind: str, **payload: Any) -> bytes:
    """A frame of an event."""
    return frame(payload, **{":event-type": kind, ":content-type": "application/json", ":message-type": "event"})
