"""Bodies as messages."""

from __future__ import annotations

import json

import pytest

from ccproxy.translate.wire.bedrock_converse import decode
from tests.translate.wire.bedrock_converse.streams import USAGE, context


@pytest.mark.parametrize("counted", [True, False])
def test_a_message(counted: bool) -> None:
    answer = {"output": {"message": {"content": [{"text": "abcdefgh"}]}}, "stopReason": "end_turn"}
    message = decode(json.dumps({**answer, **({"usage": USAGE} if counted else {})}).encode(), context())
    assert (message.id, message.model) == ("msg_01test", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    assert (message.usage.estimated is True) == (not counted)
    assert message.usage.output_tokens == (5 if counted else 2)
