"""What is told of a refused request, and that no key is in it."""

from __future__ import annotations

import pytest

from ccproxy.errors import Forbidden, Unauthenticated
from ccproxy.gateway.refused import describe, keys_sent

OURS = "ccp_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
WRONG = Unauthenticated("the API key is wrong")


def test_who_why_and_where() -> None:
    told = describe({"PATH_INFO": "/providers", "HTTP_X_API_KEY": OURS}, WRONG, "10.0.0.9", "anna")
    assert told is not None
    assert (told.address, told.reason, told.path, told.name) == (
        "10.0.0.9",
        "the API key is wrong",
        "/providers",
        "anna",
    )


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        ({"HTTP_X_API_KEY": OURS}, "ccp_AbCd"),
        ({"HTTP_AUTHORIZATION": f"Bearer {OURS}"}, "ccp_AbCd"),
        ({"HTTP_AUTHORIZATION": "Bearer other", "HTTP_X_API_KEY": OURS}, "ccp_AbCd"),
        ({"HTTP_X_API_KEY": "sk-ant-0123456789012345678901234567890"}, ""),
        ({"HTTP_X_API_KEY": "ccp_short"}, ""),
        ({"HTTP_X_API_KEY": "ccp_\x1b[2J" + "x" * 40}, "ccp_?[2J"),
        ({}, ""),
    ],
)
def test_of_a_key_only_the_beginning_of_one_of_ours(headers: dict[str, str], hint: str) -> None:
    told = describe(headers, Forbidden("not from there"), "10.0.0.9")
    assert told is not None
    assert told.hint == hint
    assert OURS not in repr(told)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HTTP_X_API_KEY": " "},
        {"HTTP_AUTHORIZATION": "Bearer "},
        {"HTTP_AUTHORIZATION": "Basic YTpi"},
    ],
)
def test_who_sent_no_key_has_tried_nothing(headers: dict[str, str]) -> None:
    assert keys_sent(headers) == []
    assert describe(headers, WRONG, "10.0.0.9") is None


def test_a_path_steers_nothing_and_is_not_long() -> None:
    told = describe({"PATH_INFO": "/\x00\x1b]0;" + "x" * 900}, Forbidden("no"), "10.0.0.9")
    assert told is not None
    assert told.path.startswith("/??]0;xxx")
    assert len(told.path) == 200
