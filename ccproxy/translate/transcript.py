"""A recorded stream read again: its events as JSON, and the message that they come to.

Of any upstream's that was relayed too, so nothing is taken for granted of what the events hold; fields that are not
known here stay. A stream may end anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ccproxy.errors import BadAnswer
from ccproxy.translate.sse import SSEDecoder

_TEXTS = ("text", "thinking")


def events(stream: bytes) -> list[dict[str, Any]]:
    """`{event, data}` of each whole event; `data` is a text where it is no JSON."""
    decoder = SSEDecoder()
    try:
        found = decoder.feed(stream)
    except BadAnswer:  # one event of many megabytes, which was cut off
        return []
    return [{"event": name.decode("utf-8", "replace"), "data": _data(data)} for name, data in found]


def message(told: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The message that the events come to, as far as they go; None before one begins.

    A tool's input that is not whole is the text that came of it.
    """
    made: dict[str, Any] | None = None
    blocks: dict[Any, dict[str, Any]] = {}
    for event in told:
        match event["data"]:
            case {"type": "message_start", "message": dict(begun)}:
                made = begun
            case {"type": "content_block_start", "index": int(index), "content_block": dict(block)}:
                blocks[index] = dict(block)
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)} if index in blocks:
                _grow(blocks[index], delta)
            case {"type": "message_delta"} as end if made is not None:
                made = {**made, **_object(end.get("delta"))}
                made["usage"] = {**_object(made.get("usage")), **_object(end.get("usage"))}
    return None if made is None else {**made, "content": [_whole(block) for _, block in sorted(blocks.items())]}


def error(told: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The error that ended the stream, if one did."""
    for event in told:
        match event["data"]:
            case {"type": "error", "error": dict(found)}:
                return found
    return None


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, part in delta.items():
        match name, part:
            case "type", _:
                pass
            case "partial_json", str():
                block["_input"] = block.get("_input", "") + part
            case "citation", _:
                block["citations"] = [*(block.get("citations") or ()), part]
            case _ if name in _TEXTS and isinstance(part, str):
                block[name] = str(block.get(name) or "") + part
            case _:
                block[name] = part


def _whole(block: dict[str, Any]) -> dict[str, Any]:
    text = block.pop("_input", "")
    return {**block, "input": _data(text.encode())} if text else block


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _data(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")
