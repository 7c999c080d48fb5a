"""Errors inside a 200, in the forms that servers give them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.wire.openai_chat.chunks import read
from ccproxy.translate.wire.openai_chat.refusals import check


def checked(found: Any, event: bytes = b"") -> None:
    data = json.dumps(found).encode()
    check(event, data, read(data))


@pytest.mark.parametrize(
    "found",
    [
        {"error": {"message": "it went wrong"}},
        {"error": "it went wrong"},
        {"error": {"code": "x"}, "message": "it went wrong"},
        {"choices": [{"index": 0, "error": {"message": "it went wrong"}}]},
        {"x_groq": {"error": "it went wrong"}},
        {"object": "error", "message": "it went wrong"},
        {"type": "error", "message": "it went wrong"},
        {"detail": "it went wrong"},
        {"errors": [{"message": "it went wrong"}]},
        {"base_resp": {"status_code": 1008, "status_msg": "it went wrong"}},
        {"message": "it went wrong"},
        {"error_msg": "it went wrong"},
        {"msg": "it went wrong"},
        [{"error": {"message": "it went wrong"}}],
    ],
)
def test_an_error(found: Any) -> None:
    with pytest.raises(UpstreamRefused, match="it went wrong"):
        checked(found)


def test_words_beside_an_error_without_any_are_its_words() -> None:
    with pytest.raises(UpstreamRefused, match="it went wrong"):
        checked({"choices": [{"index": 0, "error": {"message": "it went wrong"}}], "error": {}})


def test_an_event_that_is_called_an_error_is_one() -> None:
    with pytest.raises(UpstreamRefused):
        checked({"choices": []}, b"error")


@pytest.mark.parametrize(
    "found",
    [
        {"choices": [{"index": 0, "delta": {}}]},
        {"choices": [], "usage": {"prompt_tokens": 1}},
        {"x_groq": {"usage": {}}},
        {"choices": [], "prompt_filter_results": []},
        {"base_resp": {"status_code": 0}},
        {},
    ],
)
def test_no_error(found: Any) -> None:
    checked(found)
