"""A whole message as the stream that says the same, whatever kinds of blocks are in it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from ccproxy.translate.wire.anthropic import frames
from ccproxy.translate.wire.anthropic.members import items, members

_split: msgspec.json.Decoder[dict[str, Raw]] = msgspec.json.Decoder(dict[str, Raw])
_NULL = Raw(b"null")


def unrolled(message: bytes) -> bytes:
    """The frames for the message in this JSON, each block in one delta; results of server tools come whole."""
    found = {one.name: one.value for one in members(message)}
    content = found.pop("content", Raw(b"[]"))
    reason, sequence = found.pop("stop_reason", _NULL), found.pop("stop_sequence", _NULL)
    empty: dict[str, Any] = {**found, "content": [], "stop_reason": None, "stop_sequence": None}
    said = [_frame("message_start", message=empty)]
    for index, block in enumerate(items(content)):
        head, deltas = _opened(block.value)
        said.append(_frame("content_block_start", index=index, content_block=head))
        said += (_frame("content_block_delta", index=index, delta=delta) for delta in deltas)
        said.append(_frame("content_block_stop", index=index))
    ending = {"stop_reason": reason, "stop_sequence": sequence}
    ending |= {name: found[name] for name in ("stop_details", "container") if name in found}
    said.append(_frame("message_delta", delta=ending, usage=found["usage"]))
    said.append(_frame("message_stop"))
    return b"".join(said)


def _opened(block: Raw) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block's beginning, as a stream gives it, and the deltas that fill it."""
    head: dict[str, Any] = dict(_split.decode(block))
    kind = msgspec.json.decode(head.get("type", _NULL))
    deltas: list[dict[str, Any]] = []
    if kind == "text":
        if (text := head.get("text", _NULL)) != Raw(b'""'):
            deltas.append({"type": "text_delta", "text": text})
        head["text"] = ""
        deltas += ({"type": "citations_delta", "citation": one.value} for one in items(head.get("citations", _NULL)))
        if deltas[1:]:
            head["citations"] = []
    elif kind == "thinking":
        if (thought := head.get("thinking", Raw(b'""'))) != Raw(b'""'):
            deltas.append({"type": "thinking_delta", "thinking": thought})
        if (sealed := head.get("signature", Raw(b'""'))) != Raw(b'""'):
            deltas.append({"type": "signature_delta", "signature": sealed})
        head |= {"thinking": "", "signature": ""}
    elif "input" in head:
        deltas.append({"type": "input_json_delta", "partial_json": bytes(head["input"]).decode()})
        head["input"] = {}
    return head, deltas


def _frame(kind: str, **fields: Any) -> bytes:
    return frames.write(kind, msgspec.json.encode({"type": kind, **fields}))
