"""A stream as the whole message that says the same: some servers stream although nobody asked them to."""

from __future__ import annotations

from typing import Any

import msgspec

from ccproxy.errors import BadAnswer, Truncated
from ccproxy.translate.misfits import Halves, value
from ccproxy.translate.wire.anthropic import failures, frames

_LINES = (b"event:", b"data:", b":")  # what a stream may begin with
_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


def is_stream(body: bytes) -> bool:
    """Whether the body is a stream of server-sent events; told by its beginning."""
    return body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_LINES)


def rolled(body: bytes) -> bytes:
    """The message that the stream in `body` tells, as JSON.

    Raises UpstreamRefused for an error in it, Truncated where it ends early, BadAnswer for what is no such stream.
    """
    message: dict[str, Any] | None = None
    blocks: dict[Any, dict[str, Any]] = {}
    halves: Halves = {}
    cut = frames.Frames(limit=len(body))
    for frame in (cut.feed(body) + cut.close()).split(b"\n\n"):
        data = frames.read(frame.strip(b"\n"))[1]
        if not data or data == b"[DONE]":
            continue
        event = value(data, halves)
        failures.check(data)
        try:
            message = _took(message, blocks, event)
        except (KeyError, TypeError, AttributeError, msgspec.DecodeError):
            raise BadAnswer("the provider sent an event that is none of the Messages API") from None
    if message is None:
        raise BadAnswer("the provider's stream begins without a message")
    if not isinstance(message.get("stop_reason"), str):
        raise Truncated("the provider ended the stream before the answer was over")
    return msgspec.json.encode({**message, "content": list(blocks.values())})


def _took(message: dict[str, Any] | None, blocks: dict[Any, dict[str, Any]], event: Any) -> dict[str, Any] | None:
    """The message with what the event says; blocks are filled in place. Raises KeyError, TypeError and the like."""
    match event["type"]:
        case "message_start":
            return message or {**event["message"]}
        case "content_block_start":
            blocks[event["index"]] = {**event["content_block"]}
        case "content_block_delta":
            _fill(blocks[event["index"]], event["delta"])
        case "content_block_stop":
            block = blocks[event["index"]]
            if text := block.pop("partial_json", ""):
                block["input"] = msgspec.json.decode(text)
        case "message_delta" if message is not None:
            told = {name: value for name, value in (event.get("usage") or {}).items() if value is not None}
            return {**message, **event["delta"], "usage": {**(message.get("usage") or {}), **told}}
    return message


def _fill(block: dict[str, Any], delta: dict[str, Any]) -> None:
    kind = delta["type"]
    if (name := _TEXTS.get(kind)) is not None:
        block[name] = (block.get(name) or "") + delta[name]
    elif kind == "input_json_delta":
        block["partial_json"] = block.get("partial_json", "") + delta["partial_json"]
    elif kind == "citations_delta":
        block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
