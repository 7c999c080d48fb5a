from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer, UpstreamRefused
from ccproxy.translate.messages import Usage
from ccproxy.translate.wire.anthropic.answer import Counts, decode
from tests.translate.contexts import context

USAGE = {
    "input_tokens": 5,
    "cache_creation_input_tokens": 2,
    "cache_read_input_tokens": 3,
    "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 7,
    "output_tokens_details": {"thinking_tokens": 4},
    "service_tier": None,
}
MESSAGE: dict[str, Any] = {
    "model": "claude-x",
    "id": "msg_011",
    "type": "message",
    "role": "assistant",
    "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"model": "claude-x", "id": "1"}}],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": USAGE,
    "safeguard_results": [{"new": 1.50}],
}


def dumped(indent: int | None = None, without: str = "", **changes: Any) -> bytes:
    return json.dumps({k: v for k, v in {**MESSAGE, **changes}.items() if k != without}, indent=indent).encode()


@pytest.mark.parametrize("indent", [None, 2])
def test_only_the_models_name_is_rewritten(indent: int | None) -> None:
    answer = decode(dumped(indent), context())
    assert answer.body == dumped(indent, model="somewhere/some-model")
    assert answer.stop_reason == "tool_use"
    usage = answer.usage
    assert (usage.input_tokens, usage.output_tokens) == (5, 7)
    assert (usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (2, 3)
    assert usage.cache_creation.ephemeral_5m_input_tokens == 2
    assert usage.output_tokens_details.thinking_tokens == 4
    assert usage.estimated is not True


@pytest.mark.parametrize(("id", "own_ids"), [("chatcmpl-1", True), (None, True), (7, True), ("msg_1", False)])
def test_an_id_that_may_come_twice_is_replaced(id: Any, own_ids: bool) -> None:
    answer = decode(dumped(id=id), context(own_ids=own_ids))
    assert answer.body == dumped(id="msg_01test", model="somewhere/some-model")


def test_a_missing_id_and_model_are_added() -> None:
    answer = decode(b'{"content":[],"usage":%s}' % json.dumps(USAGE).encode(), context())
    assert json.loads(answer.body) == {
        "id": "msg_01test",
        "model": "somewhere/some-model",
        "content": [],
        "usage": USAGE,
    }
    assert answer.stop_reason is None


@pytest.mark.parametrize(
    ("usage", "completed", "estimated"),
    [
        ({"input_tokens": 5, "output_tokens": 7}, {"input_tokens": 5, "output_tokens": 7}, False),
        ({"output_tokens": 7, "input_tokens": None}, {"input_tokens": 11, "output_tokens": 7}, False),
        ({}, {"input_tokens": 11, "output_tokens": 0}, True),
        (None, {"input_tokens": 11, "output_tokens": 0}, True),
    ],
)
def test_what_clients_need_of_the_usage_is_there(usage: Any, completed: dict[str, int], estimated: bool) -> None:
    zeros = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    answer = decode(dumped(usage=usage), context())
    assert json.loads(answer.body)["usage"] == zeros | completed
    assert {name: getattr(answer.usage, name) for name in completed} == completed
    assert (answer.usage.estimated is True) == estimated
    gone = decode(dumped(without="usage"), context())
    assert json.loads(gone.body)["usage"] == zeros | {"input_tokens": 11, "output_tokens": 0}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"content":"x"}', b'{"choices":[]}', b"event: ping\n"]
)
def test_what_is_no_message(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        decode(body, context())


def test_an_error_in_place_of_a_message() -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    with pytest.raises(UpstreamRefused) as raised:
        decode(body, context())
    assert (raised.value.status, raised.value.payload) == (529, body)


def test_counts_are_put_together() -> None:
    counts = Counts(context())
    assert counts.usage == Usage(input_tokens=11)
    counts.take({"input_tokens": 5, "cache_read_input_tokens": 3, "cache_creation": None})
    counts.take(None)
    counts.take({"input_tokens": None, "output_tokens": 9})
    assert counts.usage == Usage(input_tokens=5, cache_read_input_tokens=3, output_tokens=9)


@pytest.mark.parametrize(
    ("usage", "told"), [(None, False), ({}, False), ({"input_tokens": 1}, False), ({"output_tokens": 0}, True)]
)
def test_usage_is_told_once_there_is_output(usage: Any, told: bool) -> None:
    counts = Counts(context())
    counts.take(usage)
    assert counts.told == told
