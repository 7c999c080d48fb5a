"""Whole conversations as input items, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest
from tests.translate.wire.openai_chat.requests import PNG, assistant, request, result, system, text, tool, use, user

from .requests import body, call, items, losses, output, said

REMINDER = "<system-reminder>\ns\n</system-reminder>"
NO_RESULT = "[no result: the call was interrupted]"
IMAGE = {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,aGk="}


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([user("a"), user("b")], [said("user", "a", "b")]),
        ([user("a"), assistant("b"), user("c")], [said("user", "a"), said("assistant", "b"), said("user", "c")]),
        (
            [user("a"), assistant(text("b"), use()), user(result(), text("c"))],
            [said("user", "a"), said("assistant", "b"), call(), output(), said("user", "c")],
        ),
        (
            [user("a"), assistant(use("t1"), use("t2")), user(result("t2", "two"), result("t1", "one"))],
            [said("user", "a"), call("t1"), call("t2"), output("t1", "one"), output("t2", "two")],
        ),
        # An interrupted call has an output all the same, and an output without a call is text.
        (
            [user("a"), assistant(use()), user("b")],
            [said("user", "a"), call(), output(content=NO_RESULT), said("user", "b")],
        ),
        (
            [user(text("a"), result("t9"))],
            [said("user", "a", "[result of an earlier tool call t9]", "found")],
        ),
        (
            [user("a"), assistant(use()), user(result(content=[text("x"), PNG]))],
            [said("user", "a"), call(), output(content=[{"type": "input_text", "text": "x"}, IMAGE])],
        ),
        ([user("a"), user(" "), assistant("")], [said("user", "a")]),
    ],
)
def test_conversations(messages: list[Any], expected: list[Any]) -> None:
    assert items(request(messages)) == expected
    assert losses(request(messages)) == []


def test_attachments_follow_where_outputs_are_text() -> None:
    messages = [user("a"), assistant(use()), user(result(content=[text("x"), PNG]), text("b"))]
    out = items(request(messages), result_media=False)
    assert out[2] == output(content="x\n\n(see the attachment in the user message below)")
    assert out[3]["content"] == [
        {"type": "input_text", "text": "[attachment of the result of look t1]"},
        IMAGE,
        {"type": "input_text", "text": "b"},
    ]


def test_the_system_prompt_is_the_instructions() -> None:
    prompt = [text("x-anthropic-billing-header: 1"), text("One."), text("Two.", cache_control={"type": "ephemeral"})]
    wish = request(system=prompt)
    assert body(wish)["instructions"] == "One.\n\nTwo."
    assert losses(wish) == ["system[0]", "system[2].cache_control"]
    assert "instructions" not in body(request(system=" "))


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (
            {"system_anywhere": True, "system_role": "developer"},
            [said("user", "a"), said("developer", "s"), said("user", "b")],
        ),
        ({"system_anywhere": True}, [said("user", "a"), said("system", "s"), said("user", "b")]),
        ({"top_k": True}, [said("user", "a", REMINDER, "b")]),
        ({"system_anywhere": True, "system_role": "user"}, [said("user", "a", REMINDER, "b")]),
    ],
)
def test_later_system_messages(flags: dict[str, Any], expected: list[Any]) -> None:
    assert items(request([user("a"), system("s"), user("b")]), **flags) == expected


@pytest.mark.parametrize(
    ("prefill", "last", "lost"),
    [
        ("continued", said("assistant", "b"), []),
        ("ignored", said("assistant", "b"), ["messages[1]"]),
        ("refused", said("user", "Continue."), ["messages[1]"]),
    ],
)
def test_a_last_assistant_message(prefill: str, last: dict[str, Any], lost: list[str]) -> None:
    wish = request([user("a"), assistant("b")])
    assert items(wish, prefill=prefill)[-1] == last
    assert losses(wish, prefill=prefill) == lost


def test_a_server_without_tools_is_told_of_calls() -> None:
    wish = request([user("a"), assistant(use(path="x")), user(result())], tools=[tool()])
    assert items(wish, tools=False) == [
        said("user", "a"),
        said("assistant", '[called look with {"path": "x"}]'),
        said("user", "[result of look]", "found"),
    ]
    assert losses(wish, tools=False) == ["tools"]


def test_nothing_to_answer() -> None:
    with pytest.raises(InvalidRequest, match="no message with any content"):
        items(request([user(" ")]))


def test_what_a_system_message_cannot_hold_is_reported() -> None:
    wish = request([user("a"), system({"type": "novel", "x": 1})])
    assert items(wish) == [said("user", "a")]
    assert losses(wish) == ["messages[1].content[0]"]
