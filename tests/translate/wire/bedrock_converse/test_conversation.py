"""The order of messages, and what may stand beside results."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest
from tests.translate.wire.bedrock_converse.requests import (
    CLAUDE,
    LLAMA,
    NOVA,
    OPUS,
    PDF,
    PNG,
    TITAN,
    assistant,
    body,
    losses,
    messages,
    request,
    result,
    system,
    text,
    tool,
    use,
    user,
)


def told(wish: Any, model: str = CLAUDE) -> list[tuple[str, list[str]]]:
    """Each message's role, and its pieces in short."""
    return [(message["role"], [_short(piece) for piece in message["content"]]) for message in messages(wish, model)]


def _short(piece: dict[str, Any]) -> str:
    kind = next(iter(piece))
    match kind:
        case "text":
            return str(piece["text"])
        case "toolUse":
            return f"call {piece['toolUse']['toolUseId']}"
        case "toolResult":
            return f"result {piece['toolResult']['toolUseId']}"
    return kind


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        ([user("a")], [("user", ["a"])]),
        ([user("a"), user("b")], [("user", ["a", "b"])]),
        ([user("a"), assistant("b"), user("c")], [("user", ["a"]), ("assistant", ["b"]), ("user", ["c"])]),
        ([assistant("b"), user("c")], [("user", ["Continue."]), ("assistant", ["b"]), ("user", ["c"])]),
        ([user("a"), assistant("b")], [("user", ["a"]), ("assistant", ["b"])]),
        ([user("a"), assistant(" "), user("c")], [("user", ["a", "c"])]),
        (
            [user("a"), system("be kind"), user("b")],
            [("user", ["a", "<system-reminder>\nbe kind\n</system-reminder>", "b"])],
        ),
        ([user(PDF)], [("user", ["document", "(see the attached document)"])]),
        (
            [user("a"), assistant(use("t1"), use("t2")), user(result("t2"), text("b"), result("t1"))],
            [("user", ["a"]), ("assistant", ["call t1", "call t2"]), ("user", ["result t1", "result t2", "b"])],
        ),
        (
            [user("a"), assistant(use("t1")), user("never mind")],
            [("user", ["a"]), ("assistant", ["call t1"]), ("user", ["result t1", "never mind"])],
        ),
        (
            [user("a"), assistant("b"), user(result("t9", [PNG, text("late")]))],
            [("user", ["a"]), ("assistant", ["b"]), ("user", ["[result of an earlier tool call t9]", "image", "late"])],
        ),
    ],
)
def test_order(talk: list[dict[str, Any]], expected: list[tuple[str, list[str]]]) -> None:
    assert told(request(talk, tools=[tool()])) == expected


@pytest.mark.parametrize(
    ("model", "blocks", "expected"),
    [
        (CLAUDE, [text("a"), PNG], [("user", ["result t1", "a", "image"])]),
        (
            CLAUDE,
            [text("a"), PDF, text("b")],
            [("user", ["result t1", "a"]), ("assistant", ["OK."]), ("user", ["document", "b"])],
        ),
        (NOVA, [text("a"), PDF], [("user", ["result t1", "a", "document"])]),
        (LLAMA, [text("a")], [("user", ["result t1"]), ("assistant", ["OK."]), ("user", ["a"])]),
    ],
)
def test_what_stands_beside_results(
    model: str, blocks: list[dict[str, Any]], expected: list[tuple[str, list[str]]]
) -> None:
    talk = [user("look"), assistant(use("t1")), user(result("t1"), *blocks)]
    assert told(request(talk, tools=[tool()]), model)[2:] == expected


def test_search_results_stand_beside_results_as_texts_do() -> None:
    found = {"type": "search_result", "source": "s", "title": "t", "content": [text("words")]}
    talk = [user("look"), assistant(use("t1")), user(result("t1"), found)]
    assert told(request(talk, tools=[tool()]))[2:] == [("user", ["result t1", "searchResult"])]


def test_a_last_word_of_the_assistants_that_is_refused() -> None:
    wish = request([user("a"), assistant("b")])
    assert told(wish, OPUS) == [("user", ["a"]), ("assistant", ["b"]), ("user", ["Continue."])]
    assert losses(wish, OPUS) == ["messages[1]"]


def test_media_among_system_messages_stay() -> None:
    assert told(request([user("a"), system(text("look"), PNG)])) == [
        ("user", ["a", "<system-reminder>\nlook\n</system-reminder>", "image"])
    ]


def test_a_model_without_a_system_prompt_hears_it_from_the_user() -> None:
    wish = request([user("a")], system="Be kind.")
    assert told(wish, TITAN) == [("user", ["Be kind.", "a"])]
    assert "system" not in body(wish, TITAN)
    assert body(wish)["system"] == [{"text": "Be kind."}]


@pytest.mark.parametrize("model", [CLAUDE, TITAN])
@pytest.mark.parametrize("talk", [[user(" ")], [user({"type": "something_new"})]])
def test_nothing_to_answer(talk: list[dict[str, Any]], model: str) -> None:
    with pytest.raises(InvalidRequest, match="no user message"):
        messages(request(talk, system="Be kind."), model)
