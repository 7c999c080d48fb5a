"""Code that the provider ran."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.wire.gemini import code_runs
from ccproxy.translate.wire.gemini.chunks import CodeResult


def test_a_run_is_asked_for_with_its_code() -> None:
    block = code_runs.asked("srvtoolu_1", "print(1)")
    assert (block.id, block.name, json.loads(bytes(block.input))) == (
        "srvtoolu_1",
        "code_execution",
        {"code": "print(1)"},
    )


def ran(stdout: str, stderr: str, code: int) -> dict[str, Any]:
    return {
        "type": "code_execution_result",
        "stdout": stdout,
        "stderr": stderr,
        "return_code": code,
        "content": [],
    }


def failed(code: str) -> dict[str, Any]:
    return {"type": "code_execution_tool_result_error", "error_code": code}


@pytest.mark.parametrize(
    ("result", "content"),
    [
        (CodeResult("OUTCOME_OK", "1\n"), ran("1\n", "", 0)),
        (CodeResult("OUTCOME_OK"), ran("", "", 0)),
        (CodeResult(1, "1\n"), ran("1\n", "", 0)),
        (CodeResult("OUTCOME_FAILED", "Traceback"), ran("", "Traceback", 1)),
        (CodeResult("OUTCOME_DEADLINE_EXCEEDED", "so far"), ran("", "so far", 1)),
        (CodeResult("OUTCOME_DEADLINE_EXCEEDED"), failed("execution_time_exceeded")),
        (None, failed("unavailable")),
    ],
)
def test_what_a_run_gave(result: CodeResult | None, content: dict[str, Any]) -> None:
    block = code_runs.gave("srvtoolu_1", result)
    assert (block.tool_use_id, json.loads(bytes(block.content))) == ("srvtoolu_1", content)
