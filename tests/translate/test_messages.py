"""The Messages model: every block and field comes out as it went in, and answers are what the SDK expects."""

from __future__ import annotations

import json
from typing import Any

import anthropic.types
import msgspec
import pytest
from pydantic import TypeAdapter

from ccproxy.translate.messages import (
    UNKNOWN,
    InputMessage,
    Message,
    MessagesRequest,
    RedactedThinkingBlock,
    RequestBlock,
    TextBlock,
    ThinkingBlock,
    Tool,
    ToolUseBlock,
    Usage,
)

CACHE = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}

BLOCKS: list[dict[str, Any]] = [
    {"type": "text", "text": "Hello", **CACHE},
    {"type": "text", "text": "", "citations": [{"type": "char_location", "start_char_index": 0}]},
    {"type": "image", "source": PNG, **CACHE},
    {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
    {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
    {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
    {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}, "title": None},
    {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}, "context": "c"},
    {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}, "citations": {"enabled": True}},
    {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
    {"type": "tool_reference", "tool_name": "add"},
    {"type": "thinking", "thinking": "Hm", "signature": "signed"},
    {"type": "redacted_thinking", "data": "sealed"},
    {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"b": 2, "a": 12345678901234567890123456789}},
    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "3", "is_error": False, **CACHE},
    {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "image", "source": PNG}]},
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: json.dumps(block)[:70])
def test_a_block_comes_out_as_it_went_in(block: dict[str, Any]) -> None:
    assert json.loads(msgspec.json.encode(msgspec.json.decode(json.dumps(block), type=RequestBlock))).items() >= (
        block.items()
    )


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: json.dumps(block)[:70])
def test_a_field_that_nobody_knows_is_refused_here(block: dict[str, Any]) -> None:
    """`translate.parse` relies on it: what is refused gets the slow road, which notes it."""
    with pytest.raises(msgspec.ValidationError, match="unknown field `surprise`"):
        msgspec.json.decode(json.dumps({**block, "surprise": 1}), type=RequestBlock)


def test_what_is_only_handed_on_is_not_read() -> None:
    schema = b'{"type":"object", "z":1, "a":12345678901234567890123456789}'
    tool = msgspec.json.decode(b'{"name":"add","input_schema":' + schema + b"}", type=Tool)
    assert isinstance(tool.input_schema, msgspec.Raw)
    assert bytes(tool.input_schema) == schema


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"role": "robot", "content": "x"}, r"\$\.role"),
        ({"role": "user"}, "content"),
        ({"role": "user", "content": [{"type": "text"}]}, r"\$\.content\[0\]"),
        ({"role": "user", "content": [{"type": "tool_use", "id": 1, "name": "x", "input": {}}]}, r"content\[0\]\.id"),
    ],
)
def test_a_fault_is_told_with_its_path(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=path):
        msgspec.json.decode(json.dumps(fields), type=InputMessage)


def test_a_request_needs_a_model_and_messages_only() -> None:
    request = msgspec.json.decode(b'{"model":"m","messages":[]}', type=MessagesRequest)
    assert (request.max_tokens, request.stream, request.system, request.thread) == (None, None, None, msgspec.UNSET)


def test_a_client_cannot_smuggle_the_tag_for_unknown_blocks() -> None:
    with pytest.raises(msgspec.ValidationError, match="expected an object"):
        msgspec.json.decode(json.dumps({"type": UNKNOWN, "block_type": "x", "raw": "y"}), type=RequestBlock)


def test_an_answer_is_what_the_sdk_expects() -> None:
    written = Message(
        id="msg_1",
        model="box/x",
        content=[
            ThinkingBlock("Hm", "signed"),
            RedactedThinkingBlock("sealed"),
            TextBlock("Hello"),
            ToolUseBlock("toolu_1", "add", msgspec.Raw(b'{"a":1}')),
        ],
        stop_reason="tool_use",
        usage=Usage(input_tokens=7, output_tokens=3, cache_read_input_tokens=2),
    )
    read = TypeAdapter(anthropic.types.Message).validate_json(msgspec.json.encode(written), strict=True)
    assert [block.type for block in read.content] == ["thinking", "redacted_thinking", "text", "tool_use"]
    assert (read.role, read.stop_reason, read.usage.input_tokens, read.usage.output_tokens) == (
        "assistant",
        "tool_use",
        7,
        3,
    )


def test_the_note_on_estimates_is_not_written_unless_it_is_set() -> None:
    assert b"estimated" not in msgspec.json.encode(Usage())
