from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.wire.anthropic.failures import check, decode_error


def body(type: str, message: str, **more: Any) -> bytes:
    return json.dumps({"type": "error", "error": {"type": type, "message": message}, **more}, indent=1).encode()


OVERFLOW = "prompt is too long: 208310 tokens > 200000 maximum"
SHARED = (
    "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, "
    "decrease input length or `max_tokens` and try again"
)
OUTPUT = "max_tokens: 128000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-haiku"


@pytest.mark.parametrize(
    ("status", "type", "message"),
    [
        (400, "invalid_request_error", "temperature: range: 0..1"),
        (400, "invalid_request_error", OVERFLOW),
        (400, "invalid_request_error", SHARED),
        (400, "invalid_request_error", OUTPUT),
        (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
        (400, "invalid_request_error", "messages.1.content.0: Invalid `signature` in `thinking` block"),
        (403, "permission_error", "no"),
        (404, "not_found_error", "model: claude-x"),
        (409, "conflict_error", "busy"),
        (412, "memory_precondition_failed_error", "stale"),
        (413, "request_too_large", "Request exceeds the maximum size"),
        (500, "api_error", "Internal server error"),
        (504, "timeout_error", "late"),
        (529, "overloaded_error", "Overloaded"),
    ],
)
def test_the_apis_own_errors_pass_byte_for_byte(status: int, type: str, message: str) -> None:
    data = body(type, message, request_id="req_1")
    error = decode_error(status, {}, data, model="claude-x", max_tokens=9, now=0.0)
    assert (error.status, error.type, error.payload) == (status, type, data)
    assert error.upstream_status == status


def test_a_wrong_key_is_not_tried_again() -> None:
    error = decode_error(401, {}, body("authentication_error", "invalid x-api-key"))
    assert (error.status, error.should_retry, error.payload is not None) == (401, False, True)


def test_how_long_to_wait() -> None:
    error = decode_error(429, {"retry-after": "17", "x-should-retry": "true"}, body("rate_limit_error", "slow down"))
    assert (error.retry_after, error.should_retry, error.payload is not None) == (17, True, True)


@pytest.mark.parametrize(
    ("status", "data", "meant", "message"),
    [
        (502, b"<html><title>502 Bad Gateway</title></html>", 500, "502 Bad Gateway"),
        (503, b"upstream overloaded", 529, "upstream overloaded"),
        (400, b'{"error":{"message":"bad","type":"invalid_request_error","code":null}}', 400, "bad"),
        (400, body("BadRequestError", "no such field"), 400, "no such field"),
        (400, b'{"type":"error","error":"odd"}', 400, "odd"),
        (302, body("api_error", "moved"), 502, "moved"),
        # Look-alikes that tell of an overflow in words of their own.
        (400, body("invalid_request_error", "This model's maximum context length is 8192 tokens. "
                   "However, your messages resulted in 9000 tokens."), 400,
         "prompt is too long: 9000 tokens > 8192 maximum"),
        (400, body("invalid_request_error", "request (9000 tokens) exceeds the available context size (8192 tokens)"),
         400, "prompt is too long: 9000 tokens > 8192 maximum"),
    ],
)  # fmt: skip
def test_all_others_are_told_in_our_form(status: int, data: bytes, meant: int, message: str) -> None:
    error = decode_error(status, {}, data)
    assert (error.status, error.message, error.payload) == (meant, message, None)


@pytest.mark.parametrize(
    ("type", "status"),
    [
        ("overloaded_error", 529),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("timeout_error", 504),
        ("invalid_request_error", 400),
        ("authentication_error", 401),
    ],
)
def test_an_error_inside_a_200(type: str, status: int) -> None:
    data = body(type, "so it is")
    with pytest.raises(UpstreamRefused) as raised:
        check(data)
    assert (raised.value.status, raised.value.type, raised.value.payload) == (status, type, data)
    assert raised.value.upstream_status is None


def test_an_error_of_another_form_inside_a_200() -> None:
    with pytest.raises(UpstreamRefused) as raised:
        check(b'{"error":{"message":"slow down","code":429}}')
    assert (raised.value.status, raised.value.type, raised.value.payload) == (429, "rate_limit_error", None)


@pytest.mark.parametrize("data", [b'{"type":"message"}', b"[]", b"", b'{"error":null}'])
def test_what_is_no_error(data: bytes) -> None:
    check(data)
