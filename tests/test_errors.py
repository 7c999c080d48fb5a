"""The error tree: what its docstring draws is what there is, and each error becomes the envelope that clients know."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ccproxy import errors
from ccproxy.errors import (
    BadAnswer,
    CCProxyError,
    ClientError,
    InvalidRequest,
    NoCredentials,
    UpstreamError,
    UpstreamRefused,
)

# The SDKs make their exception from the status, and Anthropic's documented types go with it.
TYPES = {
    400: {"invalid_request_error"},
    401: {"authentication_error"},
    402: {"billing_error"},
    403: {"permission_error"},
    404: {"not_found_error"},
    405: {"invalid_request_error"},
    408: {"timeout_error"},
    409: {"conflict_error"},
    413: {"request_too_large"},
    415: {"invalid_request_error"},
    429: {"rate_limit_error"},
    500: {"api_error"},
    502: {"api_error"},
    503: {"overloaded_error", "api_error"},
    504: {"timeout_error"},
}


def tree(kind: type[CCProxyError]) -> list[type[CCProxyError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]


ALL = [kind for kind in tree(CCProxyError) if kind.__module__ == errors.__name__]


def test_the_docstring_draws_the_whole_tree() -> None:
    drawn = re.findall(r"^    [│├└─ ]*([A-Z]\w+)\s", errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == sorted(kind.__name__ for kind in ALL)


def test_the_docstring_draws_every_status() -> None:
    drawn = {
        name: int(status) for name, status in re.findall(r"[│├└─ ]+([A-Z]\w+) +([45]\d\d)\b", errors.__doc__ or "")
    }
    assert drawn
    assert {name: getattr(errors, name).status for name in drawn} == drawn


@pytest.mark.parametrize("kind", ALL)
def test_status_and_type_go_together(kind: type[CCProxyError]) -> None:
    assert kind.type in TYPES[kind.status]


@pytest.mark.parametrize("kind", ALL)
def test_the_clients_faults_are_4xx_and_nobody_elses(kind: type[CCProxyError]) -> None:
    # A provider that cannot be given credentials is like one that refuses its key, which is a 401 too.
    assert (400 <= kind.status < 500) == issubclass(kind, ClientError | NoCredentials)


def test_the_envelope() -> None:
    assert InvalidRequest("messages.0: no").body("one") == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "messages.0: no"},
        "request_id": "one",
    }


def test_details_come_along_where_there_are_any() -> None:
    body = errors.ThreadUnsupported().body("one")
    assert body["error"]["details"] == {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}


def test_what_an_error_says_besides() -> None:
    plain, told = CCProxyError("x"), CCProxyError("x", retry_after=2.5, should_retry=True, headers={"Allow": "GET"})
    assert (plain.retry_after, plain.should_retry, plain.headers) == (None, None, {})
    assert (told.retry_after, told.should_retry, told.headers) == (2.5, True, {"Allow": "GET"})


def test_a_wrong_key_is_never_worth_a_retry() -> None:
    assert errors.Unauthenticated("no").should_retry is False


def test_a_refusal_has_the_status_that_the_provider_meant() -> None:
    refused = UpstreamRefused("slow down", status=429, type="rate_limit_error", upstream_status=200, code="busy")
    assert isinstance(refused, UpstreamError)
    assert (refused.status, refused.type, refused.upstream_status, refused.code) == (
        429,
        "rate_limit_error",
        200,
        "busy",
    )
    assert UpstreamError.status == 502, "the class is as it was"


def refusal(**more: Any) -> UpstreamRefused:
    return UpstreamRefused("your prompt (the model wrote: an answer)", status=400, type="invalid_request_error", **more)


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (InvalidRequest("model: Field required"), "model: Field required"),
        (BadAnswer("the provider's answer has no choices"), "the provider's answer has no choices"),
        (
            BadAnswer("the provider's answer is not JSON", shown='{"content": "an answer'),
            "the provider's answer is not JSON",
        ),
        (refusal(upstream_status=400, code="tool_use_failed"), "the provider answered with HTTP 400 (tool_use_failed)"),
        (refusal(upstream_status=400, code="an answer: yes"), "the provider answered with HTTP 400"),
        (refusal(code="x" * 100), "the provider answered with an error"),
    ],
)
def test_the_log_gets_no_words_of_a_provider(error: CCProxyError, logged: str) -> None:
    assert error.logged == logged
