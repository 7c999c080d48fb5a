"""Providers' errors, and what they mean to a client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.refusals import decode_error


def refused(status: int, body: Any, headers: dict[str, str] | None = None, **options: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode_error(status, headers or {}, data, **options)


def test_long_texts_are_cut() -> None:
    assert len(refused(400, {"error": {"message": "x" * 10000}}).message) == 2048


@pytest.mark.parametrize(
    ("upstream", "body", "status", "type"),
    [
        (301, {}, 502, "api_error"),
        (308, b"<html>moved</html>", 502, "api_error"),
        (400, {}, 400, "invalid_request_error"),
        (404, {"error": {"code": "model_not_found"}}, 404, "not_found_error"),
        (405, {}, 400, "invalid_request_error"),
        (409, {}, 409, "conflict_error"),
        (410, {}, 404, "not_found_error"),
        (415, {}, 400, "invalid_request_error"),
        (422, {}, 400, "invalid_request_error"),
        (401, {}, 401, "authentication_error"),
        (402, {}, 402, "billing_error"),
        (403, {}, 403, "permission_error"),
        (451, {}, 403, "permission_error"),
        (408, {}, 504, "timeout_error"),
        (413, {}, 413, "request_too_large"),
        (424, {}, 500, "api_error"),
        (429, {}, 429, "rate_limit_error"),
        (498, {}, 529, "overloaded_error"),
        (499, {}, 529, "overloaded_error"),
        (500, {}, 500, "api_error"),
        (501, {}, 500, "api_error"),
        (502, {}, 500, "api_error"),
        (503, {}, 503, "api_error"),
        (503, {"error": {"code": 503, "message": "no", "status": "UNAVAILABLE"}}, 529, "overloaded_error"),
        (400, {"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}}, 401, "authentication_error"),
        (503, {"error": {"message": "The engine is currently overloaded"}}, 529, "overloaded_error"),
        (503, {"error": {"message": "no", "status": "UNAVAILABLE", "code": "unavailable"}}, 529, "overloaded_error"),
        (500, {"error": {"type": "overloaded_error", "message": "no"}}, 529, "overloaded_error"),
        (504, {}, 504, "timeout_error"),
        (524, {}, 504, "timeout_error"),
        (529, {}, 529, "overloaded_error"),
        # responses that failed tell no status
        (200, {"error": {"code": "image_parse_error", "message": "no"}}, 400, "invalid_request_error"),
        (200, {"error": {"code": "vector_store_timeout", "message": "no"}}, 504, "timeout_error"),
        # statuses that are not what is meant
        (400, {"error": {"code": "model_not_found", "message": "no"}}, 404, "not_found_error"),
        (400, {"code": "invalid-argument", "error": "Model not found: x"}, 404, "not_found_error"),
        (400, {"error": {"code": "insufficient_quota", "message": "no"}}, 429, "rate_limit_error"),
        (
            400,
            {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***x."},
            401,
            "authentication_error",
        ),
        (
            400,
            [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}],
            401,
            "authentication_error",
        ),
        (403, {"error": {"message": "Invalid API key"}}, 401, "authentication_error"),
        (400, {"code": "Arrearage", "message": "Access denied"}, 402, "billing_error"),
    ],
)
def test_statuses(upstream: int, body: Any, status: int, type: str) -> None:
    error = refused(upstream, body)
    assert (error.status, error.type, error.upstream_status) == (status, type, upstream)


@pytest.mark.parametrize(
    ("status", "body", "should_retry"),
    [
        (401, {}, False),
        (402, {}, False),
        (429, {}, None),
        (
            429,
            {"error": {"code": "insufficient_quota", "type": "insufficient_quota", "message": "You exceeded"}},
            False,
        ),
        (429, {"error": {"type": "exceeded_current_quota_error", "message": "no"}}, False),
        (429, {"error": {"code": "1113", "message": "no balance"}}, False),
        (500, {}, None),
    ],
)
def test_whether_a_retry_can_help(status: int, body: Any, should_retry: bool | None) -> None:
    assert refused(status, body).should_retry is should_retry


@pytest.mark.parametrize(
    ("status", "hint", "should_retry"),
    [(429, "false", False), (500, "True", True), (400, "true", True), (401, "true", False), (500, "maybe", None)],
)
def test_the_providers_hint_on_retries(status: int, hint: str, should_retry: bool | None) -> None:
    assert refused(status, {}, {"X-Should-Retry": hint}).should_retry is should_retry


@pytest.mark.parametrize(("status", "wait"), [(400, None), (404, None), (429, 5.0), (503, 5.0)])
def test_only_what_may_pass_is_worth_a_wait(status: int, wait: float | None) -> None:
    assert refused(status, {}, {"retry-after": "5"}).retry_after == wait


@pytest.mark.parametrize(
    ("upstream", "name", "status"),
    [
        (400, "ValidationException", 400),
        (400, "ServiceQuotaExceededException", 429),
        (400, "ExpiredTokenException", 401),
        (403, "AccessDeniedException", 403),
        (403, "UnrecognizedClientException", 401),
        (403, "InvalidSignatureException", 401),
        (403, "MissingAuthenticationTokenException", 401),
        (404, "ResourceNotFoundException", 404),
        (408, "ModelTimeoutException", 504),
        (424, "ModelErrorException", 500),
        (429, "ThrottlingException", 429),
        (429, "ModelNotReadyException", 429),
        (500, "InternalServerException", 500),
        (503, "ServiceUnavailableException", 529),
    ],
)
def test_aws_names_its_exceptions_in_a_header_or_in_the_body(upstream: int, name: str, status: int) -> None:
    body = {"message": "no"}
    headers = {"X-Amzn-ErrorType": f"{name}:http://internal.amazon.com/coral/com.amazon.bedrock/"}
    for error in (
        refused(upstream, body, headers),
        refused(upstream, body, {"x-amzn-errortype": name}),
        refused(upstream, {"__type": f"com.amazon.coral.service#{name}", "Message": "no"}),
    ):
        assert (error.status, error.code, error.message) == (status, name, "no")


def test_a_bedrock_key_that_is_wrong() -> None:
    error = refused(403, {"Message": "Authentication failed: Please make sure your API Key is valid."})
    assert (error.status, error.should_retry) == (401, False)
