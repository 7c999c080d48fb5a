"""Bodies as messages."""

from __future__ import annotations

import json

import pytest

from ccproxy.errors import Truncated
from ccproxy.translate.messages import TextBlock
from ccproxy.translate.wire.cohere import decode
from tests.translate.contexts import context

from .streams import START, USAGE, ended, text

BODY = {"id": "x", "message": {"role": "assistant", "content": [{"type": "text", "text": "a"}]}}


def test_a_message() -> None:
    found = decode(json.dumps({**BODY, "finish_reason": "COMPLETE", "usage": USAGE}).encode(), context())
    assert found.content == [TextBlock("a")]
    assert (found.model, found.stop_reason, found.usage.output_tokens) == ("somewhere/some-model", "end_turn", 5)
    assert found.usage.estimated is not True


def test_an_estimate_is_marked() -> None:
    assert decode(json.dumps(BODY).encode(), context()).usage.estimated is True


def test_a_stream_in_place_of_a_body() -> None:
    found = decode(START + text("a") + ended(), context())
    assert found.content == [TextBlock("a")]
    with pytest.raises(Truncated):
        decode(START + text("a"), context())
