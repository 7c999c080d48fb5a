"""When to come again, in the many places where it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.refusals import decode_error


def refused(status: int, body: Any, headers: dict[str, str] | None = None, **options: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode_error(status, headers or {}, data, **options)


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({}, {}, None),
        ({"Retry-After": "2"}, {}, 2.0),
        ({"retry-after": "0.5", "retry-after-ms": "250"}, {}, 0.25),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, {}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:30 GMT"}, {}, 0.0),
        ({"retry-after": "1800000007"}, {}, 7.0),
        ({"retry-after": "soon"}, {}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s"}, {}, 62.5),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "1m2.5s"}, {}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6ms"}, {}, 0.006),
        ({"x-ratelimit-remaining-tokens": "0"}, {}, None),
        ({}, {"error": {"message": "Rate limit reached. Please try again in 7.66s. Visit"}}, 7.66),
        ({}, {"error": {"message": "Please try again in 1m23.5s."}}, 83.5),
        ({}, {"error": {"message": "Please retry in 34.07s."}}, 34.07),
        ({}, {"error": {"message": "try again in 20 seconds"}}, 20.0),
        ({}, {"error": {"message": "Please wait 2 minutes"}}, 120.0),
        (
            {},
            {"error": {"message": "no", "details": [{"@type": "x"}, {"@type": "RetryInfo", "retryDelay": "34s"}]}},
            34.0,
        ),
        ({}, {"error": {"message": "no", "retry_after": 3}}, 3.0),
        (
            {},
            {
                "error": {
                    "message": "no",
                    "metadata": {"headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000060000"}},
                }
            },
            60.0,
        ),
    ],
)
def test_when_to_come_again(headers: dict[str, str], body: Any, wait: float | None) -> None:
    assert refused(429, body, headers, now=NOW).retry_after == (None if wait is None else pytest.approx(wait))


def test_moments_need_a_clock() -> None:
    assert refused(429, {}, {"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}).retry_after is None
