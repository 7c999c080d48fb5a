"""What error bodies of all forms say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.refusals import decode_error
from ccproxy.translate.refusals.bodies import words


def refused(status: int, body: Any, headers: dict[str, str] | None = None, **options: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode_error(status, headers or {}, data, **options)


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"error": {"message": "no", "type": "t", "param": None, "code": "c"}}, "no", "c"),
        ({"error": {"message": "no", "type": "t", "code": None}}, "no", "t"),
        ({"error": {"code": 400, "message": "no", "metadata": {}}}, "no", "400"),
        ({"error": "no", "code": "c"}, "no", "c"),
        ({"message": "no", "type": "t", "code": "3051", "object": "error", "raw_status_code": 400}, "no", "3051"),
        ({"detail": "no"}, "no", None),
        (
            {"detail": [{"loc": ["body", "tools", 0], "msg": "field required", "type": "x"}]},
            "body.tools.0: field required",
            None,
        ),
        ({"detail": {"message": "no"}}, "no", None),
        ({"error": {"code": "401", "message": "no"}}, "no", "401"),
        ({"error": {"message": "no", "type": "t"}, "status": 400}, "no", "t"),
        ({"message": "no"}, "no", None),
        ({"type": "urn:inference:bad", "title": "Bad", "status": 400, "detail": "no"}, "no", "urn:inference:bad"),
        ({"type": "urn:x", "title": "Bad", "status": 400}, "Bad", "urn:x"),
        ([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], "no", "400"),
        ({"error": {"message": "no", "status": "DEADLINE_EXCEEDED"}}, "no", "DEADLINE_EXCEEDED"),
        (
            {"error": {"code": 400, "message": "no", "details": [7, {"reason": "FIELD_INVALID"}, {"reason": 5}]}},
            "no",
            "FIELD_INVALID",
        ),
        ([{"error": {"message": "a"}}, {"error": {"message": "b"}}], "a; b", None),
        ({"errors": [{"code": 7, "message": "no"}], "success": False}, "no", "7"),
        ({"base_resp": {"status_code": 1004, "status_msg": "no"}}, "no", "1004"),
        ({"error_code": 17, "error_msg": "no"}, "no", "17"),
        (
            {"error": {"code": "Invalid input", "message": "bad", "details": [{"loc": ["body", "x"], "msg": "worse"}]}},
            "bad: body.x: worse",
            "Invalid input",
        ),
        ({"error": {"code": "c", "message": "bad", "details": "bad"}}, "bad", "c"),
        ({"error": {"code": "c", "details": "worse"}}, "worse", "c"),
        (
            {
                "error": {
                    "code": 400,
                    "message": "Provider returned error",
                    "metadata": {"raw": '{"error":{"message":"too warm"}}'},
                }
            },
            "Provider returned error: too warm",
            "400",
        ),
        ({"error": {"code": 400, "metadata": {"raw": "plain words"}}}, "plain words", "400"),
        (
            {"error": {"message": "failed", "code": "tool_use_failed", "failed_generation": "<function=f>{}"}},
            "failed (the model wrote: <function=f>{})",
            "tool_use_failed",
        ),
        ("no", "no", None),
        (b"upstream connect error", "upstream connect error", None),
        (b"<html><head><title>400 Bad\n Request</title></head><body>x</body></html>", "400 Bad Request", None),
        (b"<html><style>a{}</style><body><h1>No</h1> way</body></html>", "No way", None),
        (b"", "the provider answered with HTTP 400", None),
        ({}, "the provider answered with HTTP 400", None),
        ([], "the provider answered with HTTP 400", None),
        ({"error": {"code": True, "message": 5}}, "the provider answered with HTTP 400", None),
        (b"\xff\xfe", "\ufffd\ufffd", None),
    ],
)
def test_the_providers_words_and_code_survive(body: Any, message: str, code: str | None) -> None:
    error = refused(400, body)
    assert (error.message, error.code) == (message, code)
    assert (error.status, error.type, error.upstream_status) == (400, "invalid_request_error", 400)


def test_nesting_has_an_end() -> None:
    deep: Any = {"message": "deep"}
    for _ in range(50):
        deep = {"error": deep}
    assert words(deep).message == ""


@pytest.mark.timeout(10)
@pytest.mark.parametrize("tag", ["<title>", "<script ", "<"])
def test_a_page_of_tags_that_never_end_is_read_in_no_time(tag: str) -> None:
    assert refused(500, tag.encode() * (250_000 // len(tag))).status == 500


def test_a_long_page_keeps_its_title() -> None:
    page = "<html><title>Bad gateway</title>" + "<p>x</p>" * 50_000
    assert refused(502, page.encode()).message == "Bad gateway"
