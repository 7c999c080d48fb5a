"""A checker for the event grammar of a Messages stream, written from the API's description alone.

    message_start (content_block_start content_block_delta* content_block_stop)* message_delta message_stop

`check` takes events (values, or the objects out of the frames) and gives back what they said; `frames` takes the
bytes of a stream apart. Both fail with an assertion that names the event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

_DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "redacted_thinking": set(),
    "server_tool_use": {"input_json_delta"},
    "web_search_tool_result": set(),
    "web_fetch_tool_result": set(),
    "code_execution_tool_result": set(),
    "mcp_tool_use": {"input_json_delta"},
    "mcp_tool_result": set(),
}
_EMPTY: dict[str, dict[str, Any]] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
    "redacted_thinking": {},
    "server_tool_use": {"input": {}},
    "web_search_tool_result": {},
    "web_fetch_tool_result": {},
    "code_execution_tool_result": {},
    "mcp_tool_use": {"input": {}},
    "mcp_tool_result": {},
}
_USAGE = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_STOP_REASONS = {
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
}


@dataclass
class Said:
    """What a stream said. Blocks hold their deltas put together: `text`, `thinking`, `signature`, `partial_json`."""

    message: dict[str, Any] = field(default_factory=dict)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None

    def joined(self, kind: str, name: str) -> str:
        """The texts of all blocks of a kind, one after the other."""
        return "".join(block[name] for block in self.blocks if block["type"] == kind)

    @property
    def text(self) -> str:
        return self.joined("text", "text")

    @property
    def thinking(self) -> str:
        return self.joined("thinking", "thinking")

    @property
    def tools(self) -> list[tuple[str, Any]]:
        """Each call's name and its input as parsed JSON."""
        return [
            (block["name"], json.loads(block["partial_json"] or "{}"))
            for block in self.blocks
            if block["type"] == "tool_use"
        ]

    @property
    def kinds(self) -> list[str]:
        return [block["type"] for block in self.blocks]


def frames(data: bytes) -> list[dict[str, Any]]:
    """The objects in the frames of a stream; every frame must name its event as its data does."""
    assert data.endswith(b"\n\n"), f"the stream ends inside a frame: {data[-80:]!r}"
    found = []
    for frame in data.decode().split("\n\n")[:-1]:
        lines = frame.split("\n")
        if all(line.startswith(":") for line in lines):
            continue
        assert len(lines) == 2, f"a frame of {len(lines)} lines: {frame!r}"
        assert lines[0].startswith("event: "), f"a frame without its event's name: {frame!r}"
        assert lines[1].startswith("data: "), f"a frame without data: {frame!r}"
        value = json.loads(lines[1][6:])
        assert value["type"] == lines[0][7:], f"event and data disagree: {frame!r}"
        found.append(value)
    return found


def check(events: Iterable[Any], *, may_fail: bool = False) -> Said:
    """What the events said. With `may_fail` an `error` event may end the stream in place of its last two."""
    said = Said()
    state = "before"
    for event in events:
        value = event if isinstance(event, dict) else json.loads(msgspec.json.encode(event))
        kind = value["type"]
        assert state != "over", f"{kind} after the end"
        if kind == "ping":
            continue
        if kind == "error":
            assert may_fail, f"an error: {value}"
            said.error = value["error"]
            state = "over"
            continue
        state = _step(said, state, kind, value)
    assert state == "over", f"the stream stopped {state} its end"
    return said


def _step(said: Said, state: str, kind: str, value: dict[str, Any]) -> str:
    """One event; gives the state that it leads to."""
    match kind:
        case "message_start":
            assert state == "before", "a second message_start"
            _start(said, value["message"])
            return "between"
        case "content_block_start":
            assert state == "between", f"content_block_start while {state}"
            assert value["index"] == len(said.blocks), f"index {value['index']} after {len(said.blocks)} blocks"
            _block(said, dict(value["content_block"]))
            return "inside"
        case "content_block_delta":
            assert state == "inside", f"content_block_delta while {state}"
            assert value["index"] == len(said.blocks) - 1, f"a delta for block {value['index']}"
            _delta(said.blocks[-1], value["delta"])
            return "inside"
        case "content_block_stop":
            assert state == "inside", f"content_block_stop while {state}"
            assert value["index"] == len(said.blocks) - 1, f"a stop for block {value['index']}"
            return "between"
        case "message_delta":
            assert state == "between", f"message_delta while {state}"
            _end(said, value)
            return "ending"
        case "message_stop":
            assert state == "ending", f"message_stop while {state}"
            return "over"
    raise AssertionError(f"an unknown event: {kind}")


def _start(said: Said, message: dict[str, Any]) -> None:
    assert message["type"] == "message"
    assert message["role"] == "assistant"
    assert message["id"].startswith("msg_"), message["id"]
    assert message["model"]
    assert message["content"] == []
    assert message["stop_reason"] is None
    assert message["stop_sequence"] is None
    _usage(message["usage"])
    said.message = message


def _block(said: Said, block: dict[str, Any]) -> None:
    kind = block["type"]
    assert kind in _DELTAS, f"a block of type {kind}"
    for name, empty in _EMPTY[kind].items():
        assert block[name] == empty, f"{kind}.{name} begins with {block[name]!r}"
    if kind == "tool_use":
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", block["id"]), f"tool id {block['id']!r}"
        assert block["name"], "a tool call without a name"
        ids = [other["id"] for other in said.blocks if other["type"] == "tool_use"]
        assert block["id"] not in ids, f"tool id {block['id']} twice"
    said.blocks.append(block | {"partial_json": "", "deltas": [], "citations": []})


def _delta(block: dict[str, Any], delta: dict[str, Any]) -> None:
    kind = delta["type"]
    assert kind in _DELTAS[block["type"]], f"{kind} in a {block['type']} block"
    assert "signature_delta" not in block["deltas"], f"{kind} after the signature"
    block["deltas"].append(kind)
    match kind:
        case "text_delta":
            assert delta["text"] != "", "an empty text delta"
            block["text"] += delta["text"]
        case "citations_delta":
            assert delta["citation"]["type"]
            block["citations"].append(delta["citation"])
        case "thinking_delta":
            assert delta["thinking"] != "", "an empty thinking delta"
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            block["partial_json"] += delta["partial_json"]


def _end(said: Said, value: dict[str, Any]) -> None:
    delta = value["delta"]
    assert delta["stop_reason"] in _STOP_REASONS, delta["stop_reason"]
    assert (delta["stop_sequence"] is not None) == (delta["stop_reason"] == "stop_sequence"), delta
    for block in said.blocks:
        assert block["type"] != "text" or block["text"], "an empty text block"
    _usage(value["usage"])
    said.stop_reason = delta["stop_reason"]
    said.stop_sequence = delta["stop_sequence"]
    said.usage = value["usage"]


def _usage(usage: dict[str, Any]) -> None:
    for name in _USAGE:
        assert isinstance(usage[name], int), f"usage.{name} is {usage.get(name)!r}"
        assert usage[name] >= 0, f"usage.{name} is {usage[name]}"
    assert set(usage["cache_creation"]) == {"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"}
    assert usage["output_tokens_details"]["thinking_tokens"] <= max(usage["output_tokens"], 0)
    assert "estimated" not in usage, "a note to ourselves in what the client gets"
