"""The rules about the whole conversation."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest

from .requests import assistant, losses, messages, request, result, system, text, use, user


@pytest.mark.parametrize(("form", "expected"), [("null", {"content": None}), ("empty", {"content": ""}), ("omit", {})])
def test_calls_without_text(form: str, expected: dict[str, Any]) -> None:
    message = messages(request([user("a"), assistant(use()), user(result())]), empty_content=form)[1]
    assert {key: value for key, value in message.items() if key == "content"} == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([user("a"), assistant(use()), user(result(), text("b"))], ["user", "assistant", "tool", "assistant", "user"]),
        ([user("a"), assistant(use()), user(result())], ["user", "assistant", "tool"]),
        (
            [user("a"), assistant(use()), user(result()), system("s")],
            ["user", "assistant", "tool", "assistant", "user"],
        ),
    ],
)
def test_an_assistant_message_between_tool_and_user(given: list[Any], expected: list[str]) -> None:
    assert [message["role"] for message in messages(request(given), assistant_after_tool=True)] == expected


@pytest.mark.parametrize(
    ("form", "last", "lost"),
    [
        ("continued", {"role": "assistant", "content": "b"}, []),
        ("prefix", {"role": "assistant", "content": "b", "prefix": True}, []),
        ("partial", {"role": "assistant", "content": "b", "partial": True}, []),
        ("ignored", {"role": "assistant", "content": "b"}, ["messages[1]"]),
        ("refused", {"role": "user", "content": "Continue."}, ["messages[1]"]),
    ],
)
def test_a_last_assistant_message(form: str, last: dict[str, Any], lost: list[str]) -> None:
    wish = request([user("a"), assistant("b")])
    assert messages(wish, prefill=form)[-1] == last
    assert losses(wish, prefill=form) == lost


def test_the_user_goes_first_where_that_is_a_rule() -> None:
    wish = request([assistant("a"), user("b")], system="s")
    assert [message["role"] for message in messages(wish, user_first=True)] == ["system", "user", "assistant", "user"]
    assert [message["role"] for message in messages(wish)] == ["system", "assistant", "user"]
    wish = request([user("b")], system="s")
    assert len(messages(wish, user_first=True)) == 2


def test_without_tools_calls_and_results_are_told() -> None:
    marked = result("t2", cache_control={"type": "ephemeral"})
    wish = request(
        [
            user("a"),
            assistant(text("b"), use("t1", x=1), use("t2")),
            user(result("t1"), marked),
            assistant("c"),
            user("d"),
        ]
    )
    out = messages(wish, tools=False, cache_control=True)
    assert out[1] == {"role": "assistant", "content": 'b\n\n[called look with {"x": 1}]\n\n[called look with {}]'}
    assert out[2]["content"][:3] == [text("[result of look]"), text("found"), text("[result of look]")]
    assert out[2]["content"][3]["text"] == "found"
    assert messages(wish, tools=False)[2]["content"] == "[result of look]\n\nfound\n\n[result of look]\n\nfound"


@pytest.mark.parametrize(
    "given",
    [[user("")], [user(text(" "))], [system("s")], [user({"type": "brand_new"})], [assistant(""), user()]],
)
def test_nothing_left_to_answer(given: list[Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"^messages: there is no user message"):
        messages(request(given, system="s"), system_anywhere=True)


def test_the_user_goes_first_where_there_is_no_role_for_the_system() -> None:
    wish = request([user("b")], system="s")
    assert messages(wish, user_first=True, system_role="user") == [{"role": "user", "content": "s\n\nb"}]
    wish = request([assistant("a"), user("b")], system="s")
    roles = [message["role"] for message in messages(wish, user_first=True, system_role="user")]
    assert roles == ["user", "assistant", "user"]
