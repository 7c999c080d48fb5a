"""What the two sides of a replay hold; how one is made is tested in tests/web/test_captures.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ccproxy.web.replay import answered, side


@pytest.mark.parametrize(
    ("body", "message", "error"),
    [
        (b'{"type":"message","id":"m"}', {"type": "message", "id": "m"}, None),
        (b'{"type":"error","error":{"type":"api_error"}}', None, {"type": "api_error"}),
        (b'{"type":"error","error":"odd"}', {"type": "error", "error": "odd"}, None),
        (b"[1]", None, None),
        (b'{"type":"mess', None, None),
        (b"", None, None),
    ],
)
def test_an_answer_is_a_message_or_an_error(body: bytes, message: Any, error: Any) -> None:
    assert answered(body) == (message, error)


def test_a_side_is_whole_without_a_row() -> None:
    row = {
        "request_id": "r",
        "started_at": datetime(2026, 11, 28, 6, 30, tzinfo=UTC),
        "upstream_model": "m",
        "provider": "p",
        "input_tokens": 4,
        "usage_estimated": True,
        "cost_usd": 0.5,
    }
    full, bare = side(row, {"id": "m"}, None), side({"request_id": "r"}, None, {"type": "x"})
    assert full.keys() == bare.keys()
    assert full["usage"].keys() == bare["usage"].keys()
    assert (full["started_at"], full["model"], full["cost_usd"]) == ("2026-11-28T06:30:00.000Z", "m", 0.5)
    assert (full["usage"]["input_tokens"], full["usage"]["estimated"]) == (4, True)
    assert (bare["request_id"], bare["status"], bare["started_at"], bare["error"]) == ("r", None, None, {"type": "x"})
