"""Errors inside a 200."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.wire.gemini.chunks import read
from ccproxy.translate.wire.gemini.refusals import check

OVERLOADED = {"code": 503, "message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}


@pytest.mark.parametrize(
    ("value", "status", "type", "words"),
    [
        ({"error": OVERLOADED}, 529, "overloaded_error", "The model is overloaded"),
        ([{"error": OVERLOADED}], 529, "overloaded_error", "The model is overloaded"),
        ({"error": {"code": 429, "message": "Slow", "status": "RESOURCE_EXHAUSTED"}}, 429, "rate_limit_error", "Slow"),
        ({"error": {"code": 500, "message": "An internal error", "status": "INTERNAL"}}, 500, "api_error", "internal"),
        ({"error": {"status": "DEADLINE_EXCEEDED", "message": "Late"}}, 504, "timeout_error", "Late"),
        ({"error": "no"}, 500, "api_error", "no"),
        ({"error": {}, "message": "gone"}, 500, "api_error", "gone"),
        ({"message": "Not here", "code": 404}, 404, "not_found_error", "Not here"),
        ({"candidates": [], "error": OVERLOADED}, 529, "overloaded_error", "The model is overloaded"),
    ],
)
def test_errors_of_any_form(value: Any, status: int, type: str, words: str) -> None:
    data = json.dumps(value).encode()
    with pytest.raises(UpstreamRefused) as caught:
        check(data, read(data))
    assert (caught.value.status, caught.value.type) == (status, type)
    assert words in caught.value.message


def test_an_event_of_that_name_is_an_error_whatever_it_says() -> None:
    with pytest.raises(UpstreamRefused):
        check(b"{}", read(b"{}"), b"error")


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"error": None, "responseId": "x"},
        {"usageMetadata": {"promptTokenCount": 1}, "message": "no error"},
        {"promptFeedback": {}, "message": "no error"},
        {"candidates": [], "message": "no error"},
        [],
    ],
)
def test_what_is_no_error(value: Any) -> None:
    data = json.dumps(value).encode()
    check(data, read(data))
