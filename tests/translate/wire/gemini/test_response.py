"""Whole bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer, Truncated, UpstreamRefused
from ccproxy.translate import render
from ccproxy.translate.wire.gemini import decode
from tests.translate.wire.gemini.answers import USAGE, array, call, chunk, ended, here, sse, text

WHOLE = chunk({"text": "hm", "thought": True}, {"text": "a"}, call("f", x=1), finish="STOP") | {"usageMetadata": USAGE}


def decoded(data: bytes) -> dict[str, Any]:
    return json.loads(render.message(decode(data, here())))  # type: ignore[no-any-return]


def test_a_body() -> None:
    message = decoded(b" \n" + json.dumps(WHOLE).encode())
    assert [block["type"] for block in message["content"]] == ["thinking", "text", "tool_use"]
    assert message["content"][2]["input"] == {"x": 1}
    assert (message["stop_reason"], message["usage"]["output_tokens"]) == ("tool_use", 8)
    assert message["model"] == "somewhere/some-model"


def test_a_stream_that_nobody_asked_for() -> None:
    chunks = [*text("a", "b"), ended()]
    assert decoded(sse(*chunks))["content"] == decoded(array(*chunks))["content"] == [{"type": "text", "text": "ab"}]


def test_a_body_without_a_finish_reason_is_whole() -> None:
    assert decoded(json.dumps(chunk({"text": "a"})).encode())["stop_reason"] == "end_turn"


def test_usage_is_marked_where_it_is_an_estimate() -> None:
    assert decode(json.dumps(chunk({"text": "a"})).encode(), here()).usage.estimated is True
    assert decode(sse(*text("a"), chunk(finish="STOP")), here()).usage.estimated is True
    assert decode(sse(*text("a"), ended()), here()).usage.estimated is not True


@pytest.mark.parametrize("body", [b"", b"oops", b"<html></html>"])
def test_what_is_no_json_is_a_bad_or_a_cut_answer(body: bytes) -> None:
    with pytest.raises((BadAnswer, Truncated)):
        decode(body, here())


@pytest.mark.parametrize("value", [{}, {"candidates": []}, {"usageMetadata": USAGE, "responseId": "x"}])
def test_an_answer_without_candidates_makes_no_sense(value: Any) -> None:
    with pytest.raises(BadAnswer):
        decode(json.dumps(value).encode(), here())


def test_errors_inside_a_200() -> None:
    error = {"error": {"code": 429, "message": "Slow down", "status": "RESOURCE_EXHAUSTED"}}
    for value in (error, [error]):
        with pytest.raises(UpstreamRefused) as caught:
            decode(json.dumps(value).encode(), here())
        assert (caught.value.status, caught.value.message) == (429, "Slow down")


def test_a_list_that_was_cut_is_cut() -> None:
    with pytest.raises(Truncated):
        decode(array(*text("a")), here())
