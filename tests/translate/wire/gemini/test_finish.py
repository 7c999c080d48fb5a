"""Finish reasons."""

from __future__ import annotations

import pytest

from ccproxy.translate.wire.gemini import finish


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("STOP", "STOP"),
        ("stop", "STOP"),
        (1, "STOP"),
        (2, "MAX_TOKENS"),
        (3, "SAFETY"),
        (10, "MALFORMED_FUNCTION_CALL"),
        (99, "OTHER"),
        (-1, "OTHER"),
        (0, ""),
        ("", ""),
        (None, ""),
        ("FINISH_REASON_UNSPECIFIED", ""),
    ],
)
def test_names(reason: str | int | None, name: str) -> None:
    assert finish.name(reason) == name


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("SAFETY", "SAFETY"),
        ("other", "OTHER"),
        (4, "PROHIBITED_CONTENT"),
        (77, "OTHER"),
        (-1, "OTHER"),
        (0, ""),
        (None, ""),
        ("", ""),
        ("BLOCK_REASON_UNSPECIFIED", ""),
    ],
)
def test_names_of_what_blocks_a_prompt(reason: str | int | None, name: str) -> None:
    assert finish.block_name(reason) == name


@pytest.mark.parametrize(
    ("reason", "calls", "cut", "stop_reason"),
    [
        ("STOP", False, False, "end_turn"),
        ("STOP", True, False, "tool_use"),
        ("STOP", True, True, "max_tokens"),
        ("MAX_TOKENS", False, False, "max_tokens"),
        ("MAX_TOKENS", True, False, "max_tokens"),
        ("OTHER", False, False, "end_turn"),
        ("A_NEW_ONE", False, False, "end_turn"),
        ("UNEXPECTED_TOOL_CALL", True, False, "tool_use"),
        ("MALFORMED_FUNCTION_CALL", False, False, "end_turn"),
        ("SAFETY", True, False, "tool_use"),
        *(
            (reason, False, False, "refusal")
            for reason in (
                "SAFETY",
                "RECITATION",
                "LANGUAGE",
                "BLOCKLIST",
                "PROHIBITED_CONTENT",
                "SPII",
                "MODEL_ARMOR",
                "IMAGE_SAFETY",
                "IMAGE_PROHIBITED_CONTENT",
                "IMAGE_RECITATION",
                "IMAGE_OTHER",
            )
        ),
    ],
)
def test_stop_reasons(reason: str, calls: bool, cut: bool, stop_reason: str) -> None:
    assert finish.stop_reason(reason, calls=calls, cut=cut) == stop_reason


def test_failures_are_told_in_words() -> None:
    assert finish.failure("STOP", "all is well") == ""
    assert finish.failure("UNEXPECTED_TOOL_CALL", None) == "the model called a tool that it was not given"
    words = finish.failure("MALFORMED_FUNCTION_CALL", "print(x")
    assert words == "the model made a tool call that the provider could not read: print(x"
    error = finish.raised("MALFORMED_FUNCTION_CALL", words)
    assert (error.status, error.type, error.code, error.message) == (
        500,
        "api_error",
        "malformed_function_call",
        words,
    )


def test_what_was_blocked_is_told_in_words() -> None:
    assert finish.refused("STOP", None, prompt=False) == ""
    assert finish.refused("SPII", None, prompt=False) == "The provider blocked this answer (SPII)."
    assert finish.refused("SAFETY", "No.", prompt=False) == "The provider blocked this answer (SAFETY): No."
    assert finish.refused("OTHER", None, prompt=True) == "The provider blocked this prompt (OTHER)."
