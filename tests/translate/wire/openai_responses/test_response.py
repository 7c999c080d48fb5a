"""Bodies of responses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import UNSET, Raw

from ccproxy.errors import Truncated, UpstreamRefused
from ccproxy.translate.messages import TextBlock, ThinkingBlock, ToolUseBlock
from ccproxy.translate.wire.openai_responses import decode
from tests.translate.contexts import context
from tests.translate.wire.openai_responses.streams import USAGE, call, ended, event, message, text


def body(*output: Any, **fields: Any) -> bytes:
    whole = {"id": "resp_1", "object": "response", "status": "completed", "output": list(output), "usage": USAGE}
    return json.dumps(whole | fields).encode()


def test_reasoning_text_and_calls() -> None:
    item = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "e"}
    found = decode(body(item, message("see"), call('{"n": 12345678901234567890123}')), context())
    thought, said, called = found.content
    assert isinstance(thought, ThinkingBlock)
    assert (thought.thinking, thought.signature[:5]) == ("hm", "ccp1.")
    assert said == TextBlock("see")
    assert called == ToolUseBlock("call_1", "f", Raw(b'{"n": 12345678901234567890123}'))
    assert (found.stop_reason, found.usage.input_tokens, found.usage.estimated) == ("tool_use", 16, UNSET)


def test_an_answer_without_usage_is_estimated() -> None:
    found = decode(body(message("eight ch"), usage=None), context())
    assert (found.usage.estimated, found.usage.input_tokens, found.usage.output_tokens) == (True, 11, 2)


def test_an_answer_of_nothing() -> None:
    assert decode(body(), context()).content == []


def test_stop_sequences_are_enforced() -> None:
    found = decode(body(message("one STOP two"), call()), context(local_stops=("STOP",)))
    assert (found.content, found.stop_sequence) == ([TextBlock("one ")], "STOP")


def test_a_stream_that_nobody_asked_for() -> None:
    found = decode(text("a", "b") + ended(), context())
    assert (found.content, found.usage.estimated) == ([TextBlock("ab")], UNSET)
    assert decode(text("a") + event("completed"), context()).usage.estimated is True
    with pytest.raises(Truncated):
        decode(text("a"), context())
    with pytest.raises(UpstreamRefused):
        decode(text("a") + event("failed", response={}), context())
