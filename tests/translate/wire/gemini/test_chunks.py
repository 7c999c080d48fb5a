"""Chunks are read strictly first and with patience then."""

from __future__ import annotations

import json

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.wire.gemini.chunks import Chunk, read


def test_what_is_known_is_read_and_the_rest_is_passed_over() -> None:
    chunk = read(
        b'{"candidates":[{"content":{"parts":[{"text":"a","thought":true,"thoughtSignature":"s","foo":[1]}],'
        b'"role":"model"},"finishReason":"STOP","avgLogprobs":-1.5}],"usageMetadata":{"promptTokenCount":3},"bar":{}}'
    )
    assert chunk.candidates is not None
    candidate = chunk.candidates[0]
    assert candidate.content is not None
    assert candidate.content.parts is not None
    part = candidate.content.parts[0]
    assert (part.text, part.thought, part.thought_signature, candidate.finish_reason) == ("a", True, "s", "STOP")
    assert chunk.usage_metadata is not None
    assert chunk.usage_metadata.prompt_token_count == 3


@pytest.mark.parametrize(
    "odd",
    [
        {"usageMetadata": []},
        {"usageMetadata": {"promptTokenCount": "many"}},
        {"promptFeedback": 5},
        {"candidates": [{"content": {"parts": [{"text": "a", "thoughtSignature": 7}]}, "groundingMetadata": "x"}]},
        {"candidates": [{"content": {"parts": [{"text": "a", "functionCall": "f"}]}, "index": "first"}]},
    ],
)
def test_one_odd_field_does_not_cost_the_answer(odd: dict[str, object]) -> None:
    good = {"candidates": [{"content": {"parts": [{"text": "a"}]}}]}
    chunk = read(json.dumps(good | odd).encode())
    assert chunk.candidates is not None
    assert chunk.candidates[0].content is not None
    assert chunk.candidates[0].content.parts is not None
    assert chunk.candidates[0].content.parts[0].text == "a"


def test_a_lone_surrogate_is_no_reason_to_fail() -> None:
    chunk = read(b'{"candidates":[{"content":{"parts":[{"text":"a\\ud83d"}]}}]}')
    assert chunk.candidates is not None
    assert chunk.candidates[0].content is not None
    assert chunk.candidates[0].content.parts is not None
    assert chunk.candidates[0].content.parts[0].text == "a\ufffd"


def test_a_list_is_no_chunk_but_may_be_an_error() -> None:
    assert read(b'[{"error":{"code":500}}]') == Chunk()


@pytest.mark.parametrize("nonsense", [b"", b"oops", b"12", b'"text"', b"{", b"[" * 200_000])
def test_what_is_no_object_is_a_bad_answer(nonsense: bytes) -> None:
    with pytest.raises(BadAnswer):
        read(nonsense)
