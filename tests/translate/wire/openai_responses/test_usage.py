"""Token counts of responses."""

from __future__ import annotations

import pytest
from msgspec import Raw

from ccproxy.translate.messages import Usage
from ccproxy.translate.wire.openai_responses.usage import InputDetails, OutputDetails, UsageBody, estimated, usage


def counts(found: Usage) -> tuple[int, ...]:
    return (
        found.input_tokens,
        found.cache_read_input_tokens,
        found.cache_creation_input_tokens,
        found.output_tokens,
        found.output_tokens_details.thinking_tokens,
    )


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (UsageBody(), (0, 0, 0, 0, 0)),
        (UsageBody(10, 5), (10, 0, 0, 5, 0)),
        (UsageBody(10, 5, InputDetails(4, 3), OutputDetails(2)), (3, 4, 3, 5, 2)),
        (UsageBody(10, 5, InputDetails(40, 3), OutputDetails(20)), (0, 10, 0, 5, 5)),
        (UsageBody(10, -9, InputDetails(4, 30), OutputDetails(2)), (0, 4, 6, 0, 0)),
    ],
)
def test_the_parts_add_up_and_none_is_negative(body: UsageBody, wanted: tuple[int, ...]) -> None:
    found = usage(body)
    assert counts(found) == wanted
    assert found.cache_creation.ephemeral_5m_input_tokens == found.cache_creation_input_tokens
    assert found.server_tool_use is None


def test_searches_are_counted() -> None:
    for found in (usage(UsageBody(1, 1), 2), estimated(7, 5, 2)):
        assert isinstance(found.server_tool_use, Raw)
        assert bytes(found.server_tool_use) == b'{"web_search_requests":2,"web_fetch_requests":0}'
    assert counts(estimated(7, 5)) == (7, 0, 0, 2, 0)
