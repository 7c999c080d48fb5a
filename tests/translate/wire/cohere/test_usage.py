"""Token counts."""

from __future__ import annotations

import pytest

from ccproxy.translate.messages import Usage
from ccproxy.translate.wire.cohere.chunks import Tokens, UsageBody
from ccproxy.translate.wire.cohere.usage import counted, estimated, usage


def numbers(found: Usage) -> tuple[int, int, int, int]:
    thinking = found.output_tokens_details.thinking_tokens
    return found.input_tokens, found.cache_read_input_tokens, found.output_tokens, thinking


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (UsageBody(Tokens(506, 4), Tokens(11, 3), 448), (58, 448, 4, 0)),
        (UsageBody(Tokens(34, 56, 0, 259), Tokens(267, 52), 0), (293, 0, 56, 0)),
        (UsageBody(Tokens(508, 86, 28)), (508, 0, 86, 28)),
        (UsageBody(None, Tokens(11, 3), 448), (0, 11, 3, 0)),
        (UsageBody(Tokens(), Tokens(11, 3)), (11, 0, 3, 0)),
        (UsageBody(Tokens(-5, 5, 9), cached_tokens=-1), (0, 0, 5, 5)),
        (UsageBody(), (0, 0, 0, 0)),
    ],
)
def test_counts(body: UsageBody, expected: tuple[int, ...]) -> None:
    assert numbers(usage(body)) == expected


def test_no_counts() -> None:
    assert counted(UsageBody(Tokens(0, 0), None)) is None


def test_an_estimate_goes_by_the_length() -> None:
    assert numbers(estimated(7, 9)) == (7, 0, 3, 0)
