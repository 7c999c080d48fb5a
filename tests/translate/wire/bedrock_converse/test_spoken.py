"""What the assistant said: texts, calls and thoughts, in their order."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.translate import signature
from ccproxy.translate.wire.bedrock_converse.reasoning import packed
from tests.translate.wire.bedrock_converse.requests import (
    CLAUDE,
    GPT_OSS,
    KEY,
    MARK,
    NOVA,
    assistant,
    encoded,
    losses,
    messages,
    request,
    result,
    text,
    tool,
    use,
    user,
)


def said(*blocks: dict[str, Any], model: str = CLAUDE) -> list[dict[str, Any]]:
    """The assistant's message; empty where there is none."""
    sent = messages(request([user("hi"), assistant(*blocks), user("go on")], tools=[tool()]), model)
    return sent[1]["content"] if len(sent) == 3 else []


def thought(
    words: str = "hm", sign: str = "sig", *, made_by: str = "anthropic", kind: str = "bedrock"
) -> dict[str, Any]:
    sealed = signature.seal(kind, words, packed(made_by, (sign,)), KEY)
    return {"type": "thinking", "thinking": words, "signature": sealed}


def redacted(content: str = "b3BhcXVl", *, made_by: str = "anthropic") -> dict[str, Any]:
    return {
        "type": "redacted_thinking",
        "data": signature.seal("bedrock", "", packed(made_by, (content,)), KEY),
    }


def reasoning(words: str = "hm", **more: str) -> dict[str, Any]:
    return {"reasoningContent": {"reasoningText": {"text": words, **more}}}


def test_the_order_stays() -> None:
    sent = said(thought(), text("a"), redacted(), use(n=1), text("b", cache_control=MARK))
    assert sent == [
        reasoning(signature="sig"),
        {"text": "a"},
        {"reasoningContent": {"redactedContent": "b3BhcXVl"}},
        {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"n": 1}}},
        {"text": "b"},
        {"cachePoint": {"type": "default"}},
    ]


@pytest.mark.parametrize(
    ("model", "block", "expected"),
    [
        (CLAUDE, thought(), [reasoning(signature="sig")]),
        (CLAUDE, thought(""), [reasoning("", signature="sig")]),
        (NOVA, thought(sign="", made_by="amazon"), [reasoning()]),
        (NOVA, thought("", sign="", made_by="amazon"), []),
        (NOVA, thought(), []),
        (NOVA, redacted(), []),
        (CLAUDE, thought(kind="anthropic"), []),
        (CLAUDE, {"type": "thinking", "thinking": "hm", "signature": "theirs"}, []),
        (CLAUDE, {**thought(), "thinking": "changed"}, []),
        (CLAUDE, redacted(""), []),
        (GPT_OSS, thought(made_by="openai"), []),
    ],
)
def test_reasoning_goes_back_to_whom_it_came_from(
    model: str, block: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    assert said(block, text("so"), model=model) == [*expected, {"text": "so"}]


def test_reasoning_alone_is_left_out() -> None:
    assert said(thought(), redacted()) == []


def test_searches_and_runs_of_code_are_told() -> None:
    query = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    page = {"type": "web_search_result", "url": "https://example.com", "title": "A", "encrypted_content": "e"}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [page]}
    ran = {"type": "code_execution_tool_result", "tool_use_id": "srvtoolu_2", "content": {"stdout": "42"}}
    assert said(query, found, ran) == [
        {"text": '[web_search {"query":"x"}]'},
        {"text": "[found:\n- A https://example.com\n]"},
        {"text": '[result: {"stdout":"42"}]'},
    ]


def test_losses() -> None:
    fetched = {
        "type": "web_fetch_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": {
            "type": "web_fetch_result",
            "url": "https://example.com",
            "content": {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JV"},
            },
        },
    }
    blocks = [
        text("a", citations=[{"type": "char_location"}]),
        {**use(), "toolset_name": "all", "caller": {"type": "code_execution_20260120"}},
        {**use("t2"), "caller": {"type": "direct"}},
        fetched,
        {"type": "something_new", "words": "x"},
    ]
    place = "messages[1].content"
    assert losses(request([user("hi"), assistant(*blocks), user(result("t1"), result("t2"))], tools=[tool()])) == [
        f"{place}[0].citations",
        f"{place}[1].toolset_name",
        f"{place}[1].caller",
        f"{place}[3].content",
        f"{place}[4]",
    ]


@pytest.mark.parametrize(
    ("id", "expected"),
    [("toolu_01-x", "toolu_01-x"), ("x" * 64, "x" * 64), ("x" * 65, None), ("ccpid_ZnVuY3Rpb25zLmE6MA", None)],
)
def test_ids_are_what_aws_takes(id: str, expected: str | None) -> None:
    wish = request([user("hi"), assistant(use(id)), user(result(id))], tools=[tool()])
    sent = messages(wish)
    call = sent[1]["content"][0]["toolUse"]["toolUseId"]
    assert sent[2]["content"][0]["toolResult"]["toolUseId"] == call
    assert len(call) <= 64
    assert expected is None or call == expected
    assert encoded(wish).used_ids == {id}


def test_names_are_what_aws_takes() -> None:
    sent = encoded(request([user("hi"), assistant(use(name="a.b")), user(result())], tools=[tool("a.b")]))
    (legal,) = sent.names
    assert sent.names == {legal: "a.b"}
    assert f'"name":"{legal}"'.encode() in sent.body
