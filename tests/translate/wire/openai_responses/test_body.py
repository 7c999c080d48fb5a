"""Bodies that are no answer."""

from __future__ import annotations

import pytest

from ccproxy.errors import BadAnswer, UpstreamRefused
from ccproxy.translate.wire.openai_responses.body import taken
from tests.translate.contexts import context


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow"},"output":[]}', 429),
        (b'{"error":{"type":"invalid_request_error","message":"no"}}', 400),
        (b'{"error":"no","code":"invalid_api_key"}', 500),
        (b'{"detail":"no"}', 500),
        (b'{"message":"no","code":"rate_limit_exceeded"}', 429),
        (b'{"status":"cancelled"}', 500),
    ],
)
def test_errors_inside_a_200(body: bytes, status: int) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        taken(body, context())
    assert caught.value.status == status


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"oops",
        pytest.param(b'{"output":[{"content":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}", id="deep"),
        b'{"object":"response.input_tokens","input_tokens":3}',
        b'{"object":"response.compaction","output":[]}',
        b'{"status":"queued","output":[]}',
        b'{"object":"response","status":"completed"}',
    ],
)
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        taken(body, context())
