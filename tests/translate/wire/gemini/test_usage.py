"""Gemini's counts as Anthropic's."""

from __future__ import annotations

import pytest

from ccproxy.translate.wire.gemini.chunks import UsageBody
from ccproxy.translate.wire.gemini.usage import estimated, merged, usage


@pytest.mark.parametrize(
    ("body", "input", "cached", "output", "thinking"),
    [
        (UsageBody(10, 5), 10, 0, 5, 0),
        (UsageBody(10, 5, 7), 10, 0, 12, 7),
        (UsageBody(10, 5, 7, 4), 6, 4, 12, 7),
        (UsageBody(10, 5, None, 4, 100), 106, 4, 5, 0),
        (UsageBody(10, None, 7), 10, 0, 7, 7),
        (UsageBody(10, -1, None, 30), 0, 10, 0, 0),
        (UsageBody(), 0, 0, 0, 0),
    ],
)
def test_counts(body: UsageBody, input: int, cached: int, output: int, thinking: int) -> None:
    found = usage(body)
    assert (found.input_tokens, found.cache_read_input_tokens, found.output_tokens) == (input, cached, output)
    assert found.output_tokens_details.thinking_tokens == thinking
    assert found.cache_creation_input_tokens == 0


def test_counts_are_of_all_so_far_and_one_that_is_left_out_stays() -> None:
    so_far = merged(None, UsageBody(10, 1))
    so_far = merged(so_far, UsageBody(10, 3, 2, 4, 5))
    so_far = merged(so_far, UsageBody(11, 4))
    assert so_far == UsageBody(11, 4, 2, 4, 5)
    assert merged(so_far, UsageBody()) == UsageBody(11, 4, 2, 4, 5)


def test_counts_of_nothing_are_none() -> None:
    assert merged(None, UsageBody()) is None
    assert merged(None, UsageBody(0, 0)) is None
    assert merged(None, UsageBody(None, None, 1)) is not None


def test_an_estimate() -> None:
    assert (estimated(11, 9).input_tokens, estimated(11, 9).output_tokens) == (11, 3)
