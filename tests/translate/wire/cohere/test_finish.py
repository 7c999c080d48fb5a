"""Finish reasons as stop reasons."""

from __future__ import annotations

import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.wire.cohere.finish import stop_reason


@pytest.mark.parametrize(
    ("finish", "calls", "stop", "expected"),
    [
        ("COMPLETE", False, None, "end_turn"),
        ("complete", False, None, "end_turn"),
        ("COMPLETE", True, None, "tool_use"),
        ("TOOL_CALL", True, None, "tool_use"),
        ("TOOL_CALL", False, None, "end_turn"),
        ("MAX_TOKENS", True, None, "max_tokens"),
        ("ERROR_LIMIT", False, None, "model_context_window_exceeded"),
        ("ERROR_TOXIC", False, None, "refusal"),
        ("STOP_SEQUENCE", False, "x", "stop_sequence"),
        ("STOP_SEQUENCE", False, None, "end_turn"),
        ("NEW", False, None, "end_turn"),
        (None, False, None, "end_turn"),
    ],
)
def test_reasons(finish: str | None, calls: bool, stop: str | None, expected: str) -> None:
    assert stop_reason(finish, calls, stop) == expected


@pytest.mark.parametrize(("finish", "status"), [("ERROR", 500), ("TIMEOUT", 504)])
def test_failures(finish: str, status: int) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        stop_reason(finish, False, None)
    assert (caught.value.status, caught.value.code) == (status, finish)
