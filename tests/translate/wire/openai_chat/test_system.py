from __future__ import annotations

from typing import Any

import pytest

from .requests import losses, messages, request, system, text, user

BILLING = "x-anthropic-billing-header: cc_version=2; cc_entrypoint=cli;"
CACHE = {"cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(
    ("given", "expected", "lost"),
    [
        (None, None, []),
        ("", None, []),
        ([], None, []),
        ("be brief", "be brief", []),
        ([text("a"), text("b")], "a\n\nb", []),
        ([text(BILLING), text("a", **CACHE), text("")], "a", ["system[0]", "system[1].cache_control"]),
        ([text("", **CACHE)], None, ["system[0].cache_control"]),
        (BILLING + "\nbe brief", "be brief", ["system"]),
        (BILLING, None, ["system"]),
        ([{"type": "image", "x": 1}, text("a", citations=[1])], "a", ["system[0]", "system[1].citations"]),
    ],
)
def test_the_system_prompt(given: Any, expected: str | None, lost: list[str]) -> None:
    wish = request(system=given)
    out = messages(wish)
    assert out[-1] == {"role": "user", "content": "hello"}
    assert [message["content"] for message in out[:-1]] == ([expected] if expected else [])
    assert losses(wish) == lost


def test_cache_marks_where_they_are_taken() -> None:
    assert messages(request(system=[text("a"), text("b", **CACHE)]), cache_control=True)[0] == {
        "role": "system",
        "content": [text("a"), text("b", **CACHE)],
    }


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"system_anywhere": True}, [("system", "s"), ("user", "a"), ("system", "b\n\nc"), ("user", "d")]),
        (
            {"system_anywhere": True, "system_role": "developer"},
            [("developer", "s"), ("user", "a"), ("developer", "b\n\nc"), ("user", "d")],
        ),
        (
            {"system_anywhere": False},
            [("system", "s"), ("user", "a\n\n<system-reminder>\nb\n\nc\n</system-reminder>\n\nd")],
        ),
        ({"system_role": "user"}, [("user", "s\n\na\n\n<system-reminder>\nb\n\nc\n</system-reminder>\n\nd")]),
    ],
)
def test_system_messages_among_the_others(flags: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    wish = request([user("a"), system("b"), system(text("c"), text("")), user("d"), system(" ")], system="s")
    assert [(message["role"], message["content"]) for message in messages(wish, **flags)] == expected


def test_a_folded_system_message_keeps_its_cache_mark() -> None:
    wish = request([user("a"), system(text("b", **CACHE))])
    assert messages(wish, cache_control=True)[-1]["content"] == [
        text("a"),
        text("<system-reminder>\nb\n</system-reminder>", **CACHE),
    ]
