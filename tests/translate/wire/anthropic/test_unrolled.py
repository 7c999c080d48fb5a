from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.wire.anthropic.unrolled import unrolled
from tests.translate.grammar import frames

HEAD: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}
CITED = {"type": "char_location", "cited_text": "a"}


@pytest.mark.parametrize(
    ("block", "start", "deltas"),
    [
        ({"type": "text", "text": "Ä"}, {"type": "text", "text": ""}, [{"type": "text_delta", "text": "Ä"}]),
        ({"type": "text", "text": ""}, {"type": "text", "text": ""}, []),
        ({"type": "text", "text": "a", "citations": None},
         {"type": "text", "text": "", "citations": None}, [{"type": "text_delta", "text": "a"}]),
        ({"type": "text", "text": "a", "citations": [CITED]},
         {"type": "text", "text": "", "citations": []},
         [{"type": "text_delta", "text": "a"}, {"type": "citations_delta", "citation": CITED}]),
        ({"type": "thinking", "thinking": "hm", "signature": "s"},
         {"type": "thinking", "thinking": "", "signature": ""},
         [{"type": "thinking_delta", "thinking": "hm"}, {"type": "signature_delta", "signature": "s"}]),
        ({"type": "thinking", "thinking": ""}, {"type": "thinking", "thinking": "", "signature": ""}, []),
        ({"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1.0]}, "caller": {"type": "direct"}},
         {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "direct"}},
         [{"type": "input_json_delta", "partial_json": '{"a": [1.0]}'}]),
        ({"type": "code_execution_tool_result", "tool_use_id": "s", "content": {"stdout": "1"}},
         {"type": "code_execution_tool_result", "tool_use_id": "s", "content": {"stdout": "1"}}, []),
    ],
)  # fmt: skip
def test_a_block(block: dict[str, Any], start: dict[str, Any], deltas: list[dict[str, Any]]) -> None:
    message = {
        **HEAD,
        "content": [block],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"output_tokens": 1},
    }
    said = frames(unrolled(json.dumps(message).encode()))
    assert said[0] == {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    assert said[1] == {"type": "content_block_start", "index": 0, "content_block": start}
    assert said[2:-3] == [{"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas]
    assert said[-3:] == [
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 1},
        },
        {"type": "message_stop"},
    ]


def test_what_stands_beside_the_stop_reason_comes_along() -> None:
    details = {"type": "refusal", "category": None}
    message = {**HEAD, "content": [], "stop_reason": "refusal", "stop_details": details, "usage": {}}
    said = frames(unrolled(json.dumps(message).encode()))
    assert [one["type"] for one in said] == ["message_start", "message_delta", "message_stop"]
    assert said[1]["delta"] == {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}
