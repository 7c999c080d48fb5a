"""Code of earlier turns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.gemini.requests import contents, losses
from tests.translate.wire.openai_chat.requests import assistant, request, text, user

RUN = {"type": "server_tool_use", "id": "s1", "name": "code_execution", "input": {"code": "print(1)"}}


def gave(**content: Any) -> dict[str, Any]:
    return {"type": "code_execution_tool_result", "tool_use_id": "s1", "content": content}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"stdout": "1\n", "stderr": "", "return_code": 0}, {"outcome": "OUTCOME_OK", "output": "1\n"}),
        ({"stdout": "a", "stderr": "b", "return_code": 2}, {"outcome": "OUTCOME_FAILED", "output": "a\nb"}),
        (
            {"type": "code_execution_tool_result_error", "error_code": "unavailable"},
            {"outcome": "OUTCOME_FAILED", "output": "unavailable"},
        ),
    ],
)
def test_code_and_what_it_gave_go_back_as_such(content: dict[str, Any], expected: dict[str, Any]) -> None:
    found = contents(request([user("hi"), assistant(RUN, gave(**content), text("so")), user("and")]))
    assert found[1]["parts"] == [
        {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
        {"codeExecutionResult": expected},
        {"text": "so"},
    ]


def test_code_in_another_form_is_told_in_words() -> None:
    other = {**RUN, "input": {"command": "ls"}}
    found = contents(request([user("hi"), assistant(other), user("and")]))
    assert found[1]["parts"] == [{"text": '[code_execution {"command": "ls"}]'}]


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({**gave(), "content": "words"}, '[result: "words"]'),
        ({"type": "bash_code_execution_tool_result", "tool_use_id": "s1", "content": {}}, "[result: {}]"),
    ],
)
def test_results_in_another_form_are_told_in_words(block: dict[str, Any], words: str) -> None:
    wish = request([user("hi"), assistant(RUN, block, text("so")), user("and")])
    assert contents(wish)[1]["parts"][1:] == [{"text": words}, {"text": "so"}]
    assert losses(wish) == []


def test_a_model_without_code_execution_is_told_in_words() -> None:
    wish = request([user("hi"), assistant(RUN, gave(stdout="1")), user("and")])
    asked, result = contents(wish, "gemma-3-27b-it")[1]["parts"]
    assert asked == {"text": '[code_execution {"code":"print(1)"}]'}
    assert '"stdout":"1"' in result["text"].replace(" ", "")
    assert losses(wish, "gemma-3-27b-it") == []
