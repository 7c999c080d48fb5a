"""What a model said comes back to it as it was: thoughts, encrypted ones too, and calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ccproxy.translate.parse import parse
from ccproxy.translate.wire.bedrock_converse import decode, encode
from tests.translate.replaying import records
from tests.translate.wire.bedrock_converse.requests import CLAUDE, GPT, NOVA, target, user
from tests.translate.wire.bedrock_converse.streams import context

SAID: list[dict[str, Any]] = [
    {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig:1=="}}},
    {"reasoningContent": {"redactedContent": "b3BhcXVl"}},
    {"text": "Let me look."},
    {"toolUse": {"toolUseId": "tooluse_1", "name": "look", "input": {"at": "sky"}}},
]


def again(content: list[dict[str, Any]], model: str) -> list[dict[str, Any]]:
    """The assistant's message as the model gets it back."""
    body = {"output": {"message": {"content": content}}, "stopReason": "tool_use", "usage": {}}
    message = decode(json.dumps(body).encode(), context(model))
    said = json.loads(msgspec.json.encode(message.content))
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "x"}
        for block in said
        if block["type"] == "tool_use"
    ]
    talk = [user("hi"), {"role": "assistant", "content": said}, user(*results, {"type": "text", "text": "so?"})]
    request = parse(json.dumps({"model": "m", "max_tokens": 9000, "messages": talk}).encode()).request
    sent = json.loads(encode(request, target(model)).body)["messages"]
    found: list[dict[str, Any]] = sent[1]["content"]
    return found


@pytest.mark.parametrize("model", [CLAUDE, NOVA, GPT])
def test_an_answer_comes_back_as_it_was(model: str) -> None:
    assert again(SAID, model) == SAID


def test_models_that_take_no_reasoning_get_none() -> None:
    assert again(SAID, "openai.gpt-oss-120b-1:0") == SAID[2:]


def test_recorded_reasoning_comes_back_as_it_was(shared: Path) -> None:
    seen = 0
    for name, record in records(shared / "wire" / "recorded", ("bedrock-converse",)):
        if "response_body" not in record or "reasoningContent" not in json.dumps(record["response_body"]):
            continue
        content = record["response_body"]["output"]["message"]["content"]
        thoughts = [block for block in content if block.get("reasoningContent")]
        if thoughts and any("text" in block or "toolUse" in block for block in content):
            seen += 1
            back = again(content, CLAUDE)
            assert [block for block in back if "reasoningContent" in block] == thoughts, name
    assert seen > 8
