"""Why answers end."""

from __future__ import annotations

import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.wire.openai_chat.finish import Calls, stop_reason
from tests.translate.wire.openai_chat.streams import ended, events, said, text


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "end_turn"),
        ("eos", "end_turn"),
        ("STOP", "end_turn"),
        ("something new", "end_turn"),
        ("length", "max_tokens"),
        ("MAX_TOKENS", "max_tokens"),
        ("model_length", "model_context_window_exceeded"),
        ("content_filter", "refusal"),
        ("tool_calls", "end_turn"),
    ],
)
def test_finish_reasons(finish: str, reason: str) -> None:
    assert said(text("a") + ended(finish)).stop_reason == reason


@pytest.mark.parametrize("finish", ["error", "abort", "insufficient_system_resource"])
def test_finish_reasons_that_are_failures(finish: str) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        events([text("a") + ended(finish)])
    assert caught.value.status in (500, 529)


@pytest.mark.parametrize(
    ("finish", "calls", "reason"),
    [
        (None, "none", "end_turn"),
        ("", "complete", "tool_use"),
        ("stop", "complete", "tool_use"),
        ("tool_call", "complete", "tool_use"),
        ("content_filter", "complete", "tool_use"),
        ("length", "complete", "max_tokens"),
        ("tool_calls", "cut", "max_tokens"),
        ("stop", "cut", "max_tokens"),
        ("content_filter", "cut", "refusal"),
        ("tool_calls", "none", "end_turn"),
    ],
)
def test_the_calls_decide(finish: str | None, calls: Calls, reason: str) -> None:
    assert stop_reason(finish, calls) == reason
