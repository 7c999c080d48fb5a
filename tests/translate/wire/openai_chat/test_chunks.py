"""Reading chunks: strict and fast first, then with patience."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.wire.openai_chat.chunks import Chunk, Delta, read


def delta_of(fields: dict[str, Any]) -> Delta:
    chunk = read(json.dumps({"choices": [{"index": 0, "delta": fields}]}).encode())
    assert chunk.choices is not None
    assert chunk.choices[0].delta is not None
    return chunk.choices[0].delta


def test_a_chunk() -> None:
    delta = delta_of({"role": "assistant", "content": "a", "unknown": {"x": [1]}})
    assert (delta.content, delta.reasoning, delta.tool_calls) == ("a", None, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"content": "a", "reasoning": 5},
        {"content": "a", "reasoning": 5, "reasoning_content": [], "refusal": {}, "audio": "x"},
        {"content": "a", "reasoning_details": ["x"]},
        {"content": "a", "annotations": [7, {"url_citation": 5}]},
    ],
)
def test_a_field_of_a_wrong_type_counts_as_not_sent(fields: dict[str, Any]) -> None:
    delta = delta_of(fields)
    assert (delta.content, delta.reasoning, delta.refusal, delta.audio) == ("a", None, None, None)


def test_numbers_as_text_are_numbers() -> None:
    delta = delta_of({"tool_calls": [{"index": "1", "id": 5, "function": {"name": "f"}}]})
    assert delta.tool_calls is not None
    assert delta.tool_calls[0].index == 1


def test_usage_with_fractions() -> None:
    usage = read(b'{"usage": {"prompt_tokens": 5.0, "completion_tokens": 2.5}}').usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (5, None)


def test_a_list_is_no_chunk_but_may_be_an_error() -> None:
    assert read(b"[]") == Chunk()


@pytest.mark.parametrize("data", [b"", b"{", b"5", b'"x"', b"null", b"<html>", b"[DONE", b"NaN", b"[" * 100000])
def test_what_is_no_object_is_a_bad_answer(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        read(data)


def test_too_many_misfits_are_a_bad_answer() -> None:
    data = json.dumps({"choices": [{"delta": {"annotations": [{"url_citation": {"url": n}} for n in range(99)]}}]})
    with pytest.raises(BadAnswer):
        read(data.replace('"url": ', '"url": [').replace("}}", "]}}").encode())
