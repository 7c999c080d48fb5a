"""The Messages API from its other side: what a server says to Claude Code, in good and in bad order."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.fake_upstream import Answer, Json, Received, Stream


def event(kind: str, **fields: Any) -> bytes:
    """One event of a stream."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def message(**fields: Any) -> dict[str, Any]:
    """A message; every one has another id."""
    usage = {"input_tokens": 5, "output_tokens": 3}
    begun: dict[str, Any] = {"type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    return {"id": f"msg_{uuid.uuid4().hex}", "stop_reason": None, "stop_sequence": None, **begun, **fields}


def start() -> bytes:
    """The beginning of a stream."""
    return event("message_start", message=message())


def _block(content: dict[str, Any], delta: dict[str, Any]) -> bytes:
    opening = event("content_block_start", index=0, content_block=content)
    return opening + event("content_block_delta", index=0, delta=delta)


def text(words: str) -> bytes:
    """A block of text, but for its end."""
    return _block({"type": "text", "text": ""}, {"type": "text_delta", "text": words})


def call(arguments: str) -> bytes:
    """A call of the shell, but for its end."""
    tool = {"type": "tool_use", "id": f"toolu_{uuid.uuid4().hex}", "name": "Bash", "input": {}}
    return _block(tool, {"type": "input_json_delta", "partial_json": arguments})


STOP = event("content_block_stop", index=0)


def end(reason: str = "end_turn") -> bytes:
    """The end of a stream."""
    delta = {"stop_reason": reason, "stop_sequence": None}
    return event("message_delta", delta=delta, usage={"output_tokens": 3}) + event("message_stop")


def error(status: int, kind: str) -> Json:
    """A refusal."""
    return Json({"type": "error", "error": {"type": kind, "message": "no"}}, status)


def well(received: Received) -> Answer:
    """A good answer, whole or as a stream."""
    if received.json.get("stream"):
        return Stream([start(), text("Well."), STOP, end()])
    return Json(message(content=[{"type": "text", "text": "Well."}], stop_reason="end_turn"))
