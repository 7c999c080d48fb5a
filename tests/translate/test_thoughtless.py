"""Thinking that its provider cannot read any more, and the conversation without it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.parse import Parsed, parse
from ccproxy.translate.thoughtless import is_stale, thoughtless

THOUGHT = {"type": "thinking", "thinking": "so", "signature": "x"}
HIDDEN = {"type": "redacted_thinking", "data": "x"}
TEXT = {"type": "text", "text": "yes"}


def parsed(*contents: Any) -> Parsed:
    turns = [
        {"role": ("user", "assistant")[place % 2], "content": content}
        for place, content in enumerate(("hello", *contents, "on"))
    ]
    body = {"model": "m", "max_tokens": 5, "unknown": {"n": 12345678901234567890123}, "messages": turns}
    return parse(json.dumps(body).encode())


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ([THOUGHT, TEXT], [TEXT]),
        ([THOUGHT, HIDDEN, TEXT, THOUGHT], [TEXT]),
        ([HIDDEN], [{"type": "text", "text": "(no content)"}]),
    ],
)
def test_thinking_is_taken_out_and_all_else_stays(content: Any, kept: Any) -> None:
    given = parsed(content, "so?")
    without = thoughtless(given)
    assert without is not None
    before, after = json.loads(given.body), json.loads(without.body)
    assert after["messages"][1]["content"] == kept
    before["messages"][1]["content"] = kept
    assert after == before
    assert without.unknown == given.unknown == ("unknown",)


@pytest.mark.parametrize("content", ["plain", [TEXT], []])
def test_where_there_is_none(content: Any) -> None:
    assert thoughtless(parsed(content, "so?")) is None


@pytest.mark.parametrize("body", [b"", b"[]", b'{"messages": 5}', b'{"messages": [{"content": [5]}]}', b"{}"])
def test_odd_bodies_stay_as_they_are(body: bytes) -> None:
    assert thoughtless(Parsed(parsed().request, body=body)) is None


def test_a_count_stays_one() -> None:
    body = {"model": "m", "messages": [{"role": "assistant", "content": [THOUGHT]}]}
    without = thoughtless(parse(json.dumps(body).encode(), counting=True))
    assert without is not None
    assert without.request.max_tokens is None


@pytest.mark.parametrize(
    ("message", "stale"),
    [
        ("The encrypted content for item rs_1 could not be verified. Reason: decryption failed.", True),
        ("Corrupted thought signature.", True),
        ("Thought signature is not valid", True),
        ("messages.1.content.0: Invalid `signature` in `thinking` block", True),
        ("The model returned: messages.3.content.0: Invalid `signature` in `thinking` block", True),
        ("Item 'rs_1' of type 'reasoning' was provided without its required following item.", True),
        ("Item with id 'rs_1' not found.", True),
        ("Function call is missing a thought_signature in functionCall parts", False),
        ("The `reasoning_content` in the thinking mode must be passed back to the API.", False),
        ("prompt is too long: 5 tokens > 4 maximum", False),
        ("", False),
    ],
)
def test_what_tells_it(message: str, stale: bool) -> None:
    assert is_stale(UpstreamRefused(message, status=400, type="invalid_request_error")) is stale
    assert not is_stale(UpstreamRefused(message, status=429, type="rate_limit_error"))


def test_a_code_tells_it() -> None:
    error = UpstreamRefused("no", status=400, type="invalid_request_error", code="invalid_encrypted_content")
    assert is_stale(error)
