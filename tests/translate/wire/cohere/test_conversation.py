"""The conversation as Cohere's messages."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest, Uncarriable
from ccproxy.translate.signature import seal
from tests.translate.contexts import SEAL_KEY
from tests.translate.wire.openai_chat.requests import (
    PDF,
    PNG,
    assistant,
    request,
    result,
    system,
    text,
    tool,
    use,
    user,
)

from .requests import REASONING, body, losses

VISION = "command-a-vision-07-2025"
CITED = {"citations": {"enabled": True}}
PAGE = {
    "type": "search_result",
    "source": "https://a.test",
    "title": "A",
    "content": [{"type": "text", "text": "it is so"}],
    **CITED,
}


def messages(*given: Any, **about: Any) -> list[dict[str, Any]]:
    model = about.pop("model", "command-a-03-2025")
    found: list[dict[str, Any]] = body(request(list(given), **about), model=model)["messages"]
    return found


def thought(words: str, kind: str = "cohere") -> dict[str, str]:
    return {"type": "thinking", "thinking": words, "signature": seal(kind, words, b"", SEAL_KEY)}


def test_roles() -> None:
    assert messages(user("a"), assistant("b"), user(text("c"), text("d")), system="s") == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c\n\nd"},
    ]


def test_a_later_system_message_is_the_users() -> None:
    found = messages(user("a"), system("s"))
    assert found == [{"role": "user", "content": "a\n\n<system-reminder>\ns\n</system-reminder>"}]


def test_calls_their_plan_and_their_results() -> None:
    found = messages(
        user("a"),
        assistant(text("I will look."), use("t1", "look", x=1), use("t2", "look")),
        user(result("t2", "two"), text("and?")),
        tools=[tool("look")],
    )
    assert found[1:] == [
        {
            "role": "assistant",
            "tool_plan": "I will look.",
            "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"x": 1}'}},
                {"id": "t2", "type": "function", "function": {"name": "look", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "[no result: the call was interrupted]"},
        {"role": "tool", "tool_call_id": "t2", "content": "two"},
        {"role": "user", "content": "and?"},
    ]


def test_thinking_goes_back_where_it_came_from() -> None:
    found = messages(
        user("a"),
        assistant(thought("so"), text("b")),
        user("c"),
        assistant(thought("hm"), use()),
        user(result()),
        assistant(thought("foreign", "openai"), text("d")),
        user("e"),
        model=REASONING,
    )
    said = [message for message in found if message["role"] == "assistant"]
    assert said[0]["content"] == [{"type": "thinking", "thinking": "so"}, {"type": "text", "text": "b"}]
    assert said[1]["content"] == [{"type": "thinking", "thinking": "hm"}]
    assert "tool_plan" not in said[1]
    assert said[2]["content"] == "d"


def test_an_assistant_that_only_thought_said_nothing() -> None:
    assert [message["role"] for message in messages(user("a"), assistant(thought("so")), user("b"))] == ["user"]


def test_the_last_word_is_the_users() -> None:
    wish = request([user("a"), assistant("The answer is")])
    assert body(wish)["messages"][-1] == {"role": "user", "content": "Continue."}
    assert losses(wish) == ["messages[1]"]


def test_nobody_but_the_system() -> None:
    with pytest.raises(InvalidRequest, match=r"^messages: "):
        messages(user(" "), system="s")


def test_images() -> None:
    url = {"type": "image", "source": {"type": "url", "url": "https://a.test/x.png"}}
    found = messages(user(text("see"), PNG, url), model=VISION)
    assert found[0]["content"] == [
        {"type": "text", "text": "see"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        {"type": "image_url", "image_url": {"url": "https://a.test/x.png"}},
    ]
    with pytest.raises(Uncarriable, match=r"^messages\.0\.content\.0: "):
        messages(user(PNG))


def test_an_image_in_a_result_is_shown_behind_it() -> None:
    found = messages(user("a"), assistant(use()), user(result(content=[text("seen"), PNG])), model=VISION)
    assert found[2]["content"] == "seen\n\n(see the attachment in the user message below)"
    assert found[3]["content"][1]["type"] == "image_url"
    wish = request([user("a"), assistant(use()), user(result(content=[PNG]))])
    assert "not shown" in body(wish)["messages"][2]["content"]
    assert losses(wish) == ["messages[2].content[0].content[0]"]


def test_a_pdf() -> None:
    with pytest.raises(Uncarriable, match=r"^messages\.0\.content\.0: "):
        messages(user(PDF))


def test_a_result_that_answers_nothing_is_text() -> None:
    found = messages(user(result("t9", "late")))
    assert found == [{"role": "user", "content": "[result of an earlier tool call t9]\n\nlate"}]


class TestCited:
    """Documents that are to be cited."""

    def test_beside_the_conversation(self) -> None:
        found = body(request([user(PAGE, text("is it so?"))]))
        assert found["messages"] == [{"role": "user", "content": "is it so?"}]
        about = {"text": "it is so", "title": "A", "url": "https://a.test"}
        assert found["documents"] == [{"id": "result.0.b0", "data": about}]

    def test_a_message_of_nothing_else(self) -> None:
        assert messages(user(PAGE)) == [{"role": "user", "content": "(see the documents)"}]

    @pytest.mark.parametrize(
        "about",
        [
            {"tools": [tool("look")]},
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        ],
    )
    def test_not_beside_tools_or_a_schema(self, about: dict[str, Any]) -> None:
        wish = request([user(PAGE, text("is it so?"))], **about)
        assert "documents" not in body(wish)
        assert "it is so" in body(wish)["messages"][0]["content"]
        assert losses(wish) == ["messages[0].content[0].citations"]

    def test_in_a_result(self) -> None:
        given = [user(PAGE), assistant(use()), user(result(content=[text("found"), PAGE]))]
        wish = request(given, tools=[tool("look")])
        about = {"text": "it is so", "title": "A", "url": "https://a.test"}
        assert body(wish)["messages"][2] == {
            "role": "tool",
            "tool_call_id": "t1",
            "content": [
                {"type": "text", "text": "found"},
                {"type": "document", "document": {"id": "result.1.b0", "data": about}},
            ],
        }
        assert losses(wish) == ["messages[0].content[0].citations"]

    @pytest.mark.parametrize(
        ("content", "more", "kinds"),
        [
            ([PAGE], {}, ["document"]),
            ([PAGE, PAGE], {}, ["document", "document"]),
            ([PAGE], {"is_error": True}, ["text", "document"]),
            ([PAGE, PNG], {}, ["text", "document"]),
        ],
    )
    def test_what_stands_in_a_result(self, content: Any, more: Any, kinds: list[str]) -> None:
        found = messages(user("a"), assistant(use()), user(result(content=content, **more)), model=VISION)
        assert [item["type"] for item in found[2]["content"]] == kinds

    def test_in_a_result_that_answers_nothing(self) -> None:
        wish = request([user(result("t9", [PAGE]))])
        assert "it is so" in body(wish)["messages"][0]["content"]
        assert losses(wish) == ["messages[0].content[0].content[0].citations"]
