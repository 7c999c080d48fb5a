"""Conversations as contents."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest
from tests.translate.wire.gemini.requests import NEW, OLD, body, contents, losses
from tests.translate.wire.openai_chat.requests import assistant, request, result, system, text, use, user


@pytest.mark.parametrize(
    ("talk", "roles"),
    [
        ([user("a")], "u"),
        ([user("a"), user("b")], "u"),
        ([user("a"), assistant("b"), user("c")], "umu"),
        ([assistant("a"), user("b")], "umu"),
        ([user("a"), assistant(use()), user(result()), user("more"), assistant("b"), user("c")], "umumu"),
        ([user("a"), assistant("   "), user("b")], "u"),
        ([user("a"), assistant(use()), assistant("b"), user(result())], "umu"),
    ],
)
def test_user_and_model_take_turns_and_the_user_begins(talk: list[dict[str, Any]], roles: str) -> None:
    found = contents(request(talk))
    assert "".join(content["role"][0] for content in found) == roles
    assert all(content["parts"] for content in found)


def test_results_stand_before_what_the_user_says() -> None:
    talk = [user("a"), assistant(use("t1"), use("t2")), user(text("so"), result("t2"), result("t1"))]
    found = contents(request(talk))[2]["parts"]
    assert [part.get("functionResponse", {}).get("id") for part in found] == ["t1", "t2", None]
    assert found[2] == {"text": "so"}


def test_the_system_prompt_is_no_content() -> None:
    wish = request(system=[text("be", cache_control={"type": "ephemeral"}), text("short")])
    assert body(wish)["systemInstruction"] == {"parts": [{"text": "be"}, {"text": "short"}]}
    assert losses(wish) == ["system[0].cache_control"]


def test_later_system_messages_are_reminders() -> None:
    found = contents(request([user("a"), assistant("b"), system("mind"), user("c")]))
    assert found[2]["parts"] == [{"text": "<system-reminder>\nmind\n</system-reminder>"}, {"text": "c"}]


@pytest.mark.parametrize(
    "model",
    [OLD, NEW, "gemini-3.1-pro-preview", "gemini-3.5-flash", "models/gemini-2.0-flash", "gemini-3-flash-preview"],
)
def test_a_prefilled_answer_is_gone_on_with(model: str) -> None:
    wish = request([user("a"), assistant("I think")])
    assert contents(wish, model)[-1] == {"role": "model", "parts": [{"text": "I think"}]}
    assert losses(wish, model) == []


@pytest.mark.parametrize(
    "model", ["gemini-3.5-flash-lite", "gemini-3.6-flash", "gemini-4-hydrogen", "gemini-flash-latest"]
)
def test_newer_models_are_asked_to_go_on_instead(model: str) -> None:
    wish = request([user("a"), assistant("I think")])
    assert contents(wish, model)[-1] == {"role": "user", "parts": [{"text": "Continue."}]}
    assert losses(wish, model) == ["messages[1]"]


def test_nothing_said_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"^messages: there is no user message with any content"):
        contents(request([user("  ")]))
