"""What the assistant said, in its order."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import InvalidRequest
from ccproxy.translate.signature import seal
from ccproxy.translate.wire.openai_responses.reasoning import Reasoning, packed
from tests.translate.wire.openai_chat.requests import assistant, request, result, text, use, user

from .requests import KEY, call, encoded, items, losses, output, said

ITEM = {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}


def thought(
    words: str = "Hm.", kind: str = "openai-responses", key: bytes = KEY, payload: bytes | None = None
) -> dict[str, Any]:
    sealed = seal(kind, words, packed([Reasoning("rs_1", "gAAA")]) if payload is None else payload, key)
    return {"type": "thinking", "thinking": words, "signature": sealed}


def spoken(*blocks: dict[str, Any], **about: Any) -> list[dict[str, Any]]:
    """The items between the user's messages."""
    return items(request([user("a"), assistant(*blocks), user("z")]), **about)[1:-1]


def test_order_is_kept() -> None:
    messages = [user("a"), assistant(thought(), text("b"), thought(""), use("t1"), text("c"), use("t2")), user("z")]
    wish = request([*messages[:2], user(result("t1"), result("t2"))])
    assert items(wish)[1:] == [
        ITEM,
        said("assistant", "b"),
        ITEM,
        call("t1"),
        said("assistant", "c"),
        call("t2"),
        output("t1"),
        output("t2"),
    ]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": "Hm.", "signature": "EqQBCgIYAhIM"},
        {"type": "thinking", "thinking": "Hm.", "signature": ""},
        thought(kind="xai"),
        thought(key=b"x" * 32),
        {**thought(), "thinking": "changed"},
        thought(payload=b""),
        thought(payload=b"{}"),
        {"type": "redacted_thinking", "data": "EmwKAhgBEgy"},
    ],
)
def test_foreign_and_broken_thinking_is_left_out_silently(block: dict[str, Any]) -> None:
    wish = request([user("a"), assistant(block, text("b")), user("c")])
    assert items(wish)[1:-1] == [said("assistant", "b")]
    assert losses(wish) == []


def test_thinking_without_text_comes_back_too() -> None:
    hidden = {"type": "redacted_thinking", "data": thought("")["signature"]}
    assert spoken(hidden, text("b")) == [ITEM, said("assistant", "b")]
    assert spoken(thought(""), text("b")) == [ITEM, said("assistant", "b")]


def test_an_old_key_still_opens() -> None:
    assert spoken(thought(), text("b")) == [ITEM, said("assistant", "b")]


def test_reasoning_needs_the_item_that_came_of_it() -> None:
    assert spoken(text("b"), thought(), thought("")) == [said("assistant", "b")]
    assert spoken(thought()) == []


def test_a_model_that_does_not_reason_is_given_none() -> None:
    assert spoken(thought(), text("b"), replay="none") == [said("assistant", "b")]


def test_texts_are_parts_of_one_message_and_cited_ones_are_joined() -> None:
    cited = text("b", citations=[{"type": "char_location"}])
    assert spoken(text("a"), text("b")) == [said("assistant", "a", "b")]
    assert spoken(text("a"), cited, text("c")) == [said("assistant", "abc")]
    assert spoken(cited, use(), text("c"))[0] == said("assistant", "b")
    wish = request([user("a"), assistant(cited, text("c", cache_control={"type": "ephemeral"})), user("z")])
    assert losses(wish) == ["messages[1].content[0].citations", "messages[1].content[1].cache_control"]


def test_searches_of_earlier_turns_are_told() -> None:
    asked = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}}
    found = {
        "type": "web_search_tool_result",
        "tool_use_id": "s1",
        "content": [{"title": "T", "url": "https://t.test"}],
    }
    marked = {**found, "cache_control": {"type": "ephemeral"}}
    assert spoken(asked, found, text("b")) == [
        said("assistant", '[web_search {"query": "q"}]', "[found:\n- T https://t.test\n]", "b")
    ]
    assert losses(request([user("a"), assistant(asked, marked), user("b")])) == ["messages[1].content[1].cache_control"]


@pytest.mark.parametrize(
    ("id", "expected"),
    [("toolu_01", "toolu_01"), ("x" * 64, "x" * 64), ("x" * 65, "call_"), ("ccpid_YTpi", "a:b")],
)
def test_ids(id: str, expected: str) -> None:
    sent = encoded(request([user("a"), assistant(use(id)), user(result(id))]), "openai", model="gpt-5.6")
    assert sent.used_ids == {id}
    out = items(request([user("a"), assistant(use(id)), user(result(id))]), "openai", model="gpt-5.6")
    assert out[1]["call_id"] == out[2]["call_id"]
    assert out[1]["call_id"].startswith(expected)
    assert len(out[1]["call_id"]) <= 64


def test_names_are_mapped_back() -> None:
    name = "mcp__server__" + "x" * 70
    sent = encoded(request([user("a"), assistant(use(name=name)), user(result())]))
    assert list(sent.names.values()) == [name]
    assert all(len(legal) <= 64 for legal in sent.names)


def test_what_a_call_cannot_carry_is_reported() -> None:
    marks = {"cache_control": {"type": "ephemeral"}, "toolset_name": "t", "caller": {"type": "code_execution"}}
    wish = request([user("a"), assistant({**use(), **marks}, {"type": "novel"}), user(result())])
    at = "messages[1].content[0]"
    assert losses(wish) == [f"{at}.cache_control", f"{at}.toolset_name", f"{at}.caller", "messages[1].content[1]"]
    direct = {**use(), "caller": {"type": "direct"}}
    assert losses(request([user("a"), assistant(direct), user(result())])) == []


def test_an_input_that_is_no_object() -> None:
    with pytest.raises(InvalidRequest, match=r"messages\.1\.content\.0\.input"):
        items(request([user("a"), assistant({**use(), "input": [1]}), user(result())]))


def test_phases() -> None:
    turn = [user("a"), assistant(text("b"), use("t1"), text("c"), use("t2")), user(result("t1"), result("t2"))]
    wish = request([*turn, assistant(text("d")), user("e")])
    said = [item for item in items(wish, "openai", model="gpt-5.6") if item.get("role") == "assistant"]
    assert [item["phase"] for item in said] == ["commentary", "commentary", "final_answer"]
    assert not [item for item in items(wish, "openai", model="gpt-5.2") if "phase" in item]
