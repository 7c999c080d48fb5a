"""How messages in any order are gathered into turns."""

from __future__ import annotations

import json

import pytest

from ccproxy.errors import InvalidRequest

from .requests import assistant, encoded, losses, messages, request, result, system, text, use, user


def shape(*given: dict, **about: object) -> list[str]:
    """Roles, with ids of calls and results: `a:t1,t2`, `t:t1`."""
    out = []
    for message in messages(request(list(given)), **about):
        ids = [call["id"] for call in message.get("tool_calls", [])] or [message.get("tool_call_id")]
        out.append(message["role"][0] + (":" + ",".join(ids) if ids != [None] else ""))
    return out


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([user("a"), user("b")], ["u"]),
        ([user("a"), assistant("b"), assistant("c"), user("d")], ["u", "a", "u"]),
        ([user("a"), assistant(use("t1")), user(result("t1"))], ["u", "a:t1", "t:t1"]),
        (
            [user("a"), assistant(use("t1")), assistant(use("t2")), user(result("t1"), result("t2"))],
            ["u", "a:t1,t2", "t:t1", "t:t2"],
        ),
        (
            [user("a"), assistant(use("t1"), use("t2")), user(result("t2")), user(result("t1"))],
            ["u", "a:t1,t2", "t:t1", "t:t2"],
        ),
        ([user("a"), assistant(use("t1")), user(text("x"), result("t1"))], ["u", "a:t1", "t:t1", "u"]),
        ([user("a"), assistant(use("t1")), system("s"), user(result("t1"))], ["u", "a:t1", "t:t1", "s"]),
        (
            [user("a"), assistant(use("t1")), user(result("t1")), system("s"), assistant("b"), user("c")],
            ["u", "a:t1", "t:t1", "s", "a", "u"],
        ),
        ([user("a"), assistant(use("t1")), user("stop")], ["u", "a:t1", "t:t1", "u"]),
        ([user("a"), assistant(use("t1"))], ["u", "a:t1", "t:t1"]),
        ([user("a"), user(result("t9"))], ["u"]),
        (
            [user("a"), assistant(use("t1")), user(result("t1")), user(result("t1", "again"))],
            ["u", "a:t1", "t:t1", "u"],
        ),
        ([user("a"), assistant(""), user("b")], ["u"]),
        ([user("a"), assistant({"type": "thinking", "thinking": "x", "signature": "foreign"}), user("b")], ["u"]),
        ([user("a"), assistant({"type": "redacted_thinking", "data": "x"}, text("b")), user("c")], ["u", "a", "u"]),
        ([user("a"), assistant(use("t1")), user(""), assistant("b"), user(result("t1"))], ["u", "a:t1", "t:t1"]),
    ],
)
def test_order(given: list, expected: list[str]) -> None:
    assert shape(*given, system_anywhere=True) == expected


def test_what_missing_and_unasked_results_say() -> None:
    wish = request([user("a"), assistant(use("t1")), user(result("t9", "late"), text("go on"))])
    assert messages(wish)[2:] == [
        {"role": "tool", "tool_call_id": "t1", "content": "[no result: the call was interrupted]"},
        {"role": "user", "content": "[result of an earlier tool call t9]\n\nlate\n\ngo on"},
    ]


def test_a_call_keeps_its_input_to_the_letter() -> None:
    wish = request([user("a"), assistant(use(n=12345678901234567890123, s="ü")), user(result())])
    call = messages(wish)[1]["tool_calls"][0]
    assert call["type"] == "function"
    assert json.loads(call["function"]["arguments"]) == {"n": 12345678901234567890123, "s": "ü"}


def test_ids_are_the_providers_and_agree() -> None:
    wish = request([user("a"), assistant(use("toolu_01")), user(result("toolu_01"))])
    upstream = encoded(wish, tool_ids="nine")
    sent = json.loads(upstream.body)["messages"]
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"]
    assert len(sent[2]["tool_call_id"]) == 9
    assert upstream.used_ids == {"toolu_01"}


def test_a_second_call_of_the_same_id_is_reported() -> None:
    wish = request([user("a"), assistant(use("t1"), use("t1")), user(result("t1"))])
    assert len(messages(wish)[1]["tool_calls"]) == 1
    assert losses(wish) == ["messages[1].content[1]"]


def test_texts_of_an_answer() -> None:
    cited = [
        text("The sky ", citations=[{"a": 1}]),
        text("is blue", citations=[{"a": 1}]),
        text(", they say.", citations=None),
    ]
    assert messages(request([user("a"), assistant(*cited), user("b")]))[1]["content"] == "The sky is blue, they say."
    apart = [text("One."), use("t1"), text("Two.")]
    assert messages(request([user("a"), assistant(*apart), user(result())]))[1]["content"] == "One.\n\nTwo."


def test_losses_among_an_answers_blocks() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    wish = request(
        [
            user("a"),
            {
                **assistant(
                    text("x", **mark, citations=[]),
                    {**use("t1"), **mark, "toolset_name": "computer", "caller": {"type": "code_execution_20260120"}},
                    {**use("t2"), "caller": {"type": "direct"}},
                    {"type": "container_upload", "file_id": "f"},
                    {"type": "image", "source": {"type": "url", "url": "u"}},
                ),
                "output_config": {"effort": "low"},
                **mark,
            },
            user(result("t1"), result("t2")),
        ]
    )
    assert losses(wish) == [
        "messages[1].output_config",
        "messages[1].cache_control",
        "messages[1].content[0].citations",
        "messages[1].content[0].cache_control",
        "messages[1].content[1].cache_control",
        "messages[1].content[1].toolset_name",
        "messages[1].content[1].caller",
        "messages[1].content[3]",
        "messages[1].content[4]",
    ]


def test_an_input_must_be_an_object() -> None:
    wish = request([user("a"), assistant(use()), user(result())])
    block = wish.messages[1].content[0]
    block.input = type(block.input)(b"[]")  # the parser refuses it; other callers may not have
    with pytest.raises(InvalidRequest, match=r"messages\.1\.content\.0\.input"):
        encoded(wish)
