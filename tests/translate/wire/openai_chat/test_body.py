"""Bodies that are no answers, and those that hide an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import BadAnswer, UpstreamRefused
from ccproxy.translate.wire.openai_chat import decode
from ccproxy.translate.wire.openai_chat.body import taken
from tests.translate.contexts import context


def test_a_body_is_a_complete_answer() -> None:
    answer = taken(b'{"choices": [{"message": {"content": "a"}, "finish_reason": "length"}]}', context())
    assert (answer.done, answer.stop_reason, answer.finished) == (True, "max_tokens", "length")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>no</html>",
        b"5",
        b'"words"',
        b"{}",
        b'{"id": "x", "choices": []}',
        b'{"id": "x", "choices": null, "usage": {}}',
        b'{"choices": [{"index": 1, "message": {"content": "a"}}]}',
        b"\xff\xfe",
    ],
)
def test_nonsense(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        decode(data, context())


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"error": {"message": "no", "code": 502}}, 500),
        ({"error": {"message": "filtered", "code": "content_filter", "status": 400}}, 400),
        ({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, 429),
        ({"error": {"message": "bad key"}, "status": 401}, 401),
        ({"error": "Incorrect API key provided"}, 401),
        ({"error": {"code": 1234}}, 500),
        ({"message": "no", "object": "error"}, 500),
        ({"detail": [{"loc": ["body", "x"], "msg": "no"}]}, 500),
        ({"success": False, "errors": [{"code": 7, "message": "no"}]}, 500),
        ({"error_code": 336, "error_msg": "no"}, 500),
        ([{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}], 529),
        ({"choices": [{"error": {"code": 402, "message": "no credits"}, "message": {"content": ""}}]}, 402),
    ],
)
def test_errors_inside_a_200(value: Any, status: int) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        decode(json.dumps(value).encode(), context())
    assert caught.value.status == status
    assert caught.value.upstream_status is None
    assert caught.value.message
