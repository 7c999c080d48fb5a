"""What tools answered: texts and media, inside the result or beside it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.bedrock_converse.requests import (
    CLAUDE,
    GPT,
    GPT_OSS,
    LLAMA,
    MARK,
    MISTRAL,
    NOVA,
    PDF,
    PNG,
    TITAN,
    assistant,
    losses,
    messages,
    request,
    result,
    text,
    tool,
    use,
    user,
)

IMAGE = {"image": {"format": "png", "source": {"bytes": "aGk="}}}
DOCUMENT = {"document": {"format": "pdf", "name": "document", "source": {"bytes": "JVBERg=="}}}
BELOW = {"text": "(see the attachment below)"}
LABEL = {"text": "[attachment of the result of look t1]"}
POINT = {"cachePoint": {"type": "default"}}


def wish(*results: dict[str, Any], said: tuple[Any, ...] = ()) -> Any:
    calls = [use(block["tool_use_id"]) for block in results]
    return request([user("look"), assistant(*calls), user(*results, *said)], tools=[tool()])


def answered(*results: dict[str, Any], model: str = CLAUDE) -> list[dict[str, Any]]:
    """The message with the results."""
    content: list[dict[str, Any]] = messages(wish(*results), model)[2]["content"]
    return content


def the(content: Any, **more: Any) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": "t1", "content": content, **more}}


@pytest.mark.parametrize(
    ("model", "block", "expected"),
    [
        (CLAUDE, result(), [the([{"text": "found"}])]),
        (CLAUDE, result(content=None), [the([{"text": "(no output)"}])]),
        (CLAUDE, result(content=" "), [the([{"text": "(no output)"}])]),
        (CLAUDE, result(content=[]), [the([{"text": "(no output)"}])]),
        (CLAUDE, result(content=[text("a"), text("b")]), [the([{"text": "a"}, {"text": "b"}])]),
        (CLAUDE, result(is_error=True), [the([{"text": "found"}], status="error")]),
        (LLAMA, result(is_error=True), [the([{"text": "Error: found"}])]),
        (LLAMA, result(content="an Error: no", is_error=True), [the([{"text": "an Error: no"}])]),
        (LLAMA, result(content=[PNG], is_error=True), [the([{"text": "Error:"}, IMAGE])]),
        (CLAUDE, result(content=[PNG, PDF]), [the([IMAGE, DOCUMENT])]),
        (NOVA, result(content=[PNG, PDF]), [the([IMAGE, BELOW]), LABEL, DOCUMENT]),
        (GPT, result(content=[PNG]), [the([BELOW]), LABEL, IMAGE]),
        (CLAUDE, result(cache_control=MARK), [the([{"text": "found"}]), POINT]),
        (CLAUDE, result(content=[text("a", cache_control=MARK)]), [the([{"text": "a"}]), POINT]),
        (CLAUDE, result(content=[text("a", cache_control=MARK)], cache_control=MARK), [the([{"text": "a"}]), POINT]),
        (MISTRAL, result(), [the([{"json": {"result": "found"}}])]),
        (MISTRAL, result(content=' {"a": 1} '), [the([{"json": {"a": 1}}])]),
        (MISTRAL, result(content='{"a": 1'), [the([{"json": {"result": '{"a": 1'}}])]),
        (MISTRAL, result(content=[PDF]), [the([DOCUMENT])]),
    ],
)
def test_results(model: str, block: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert answered(block, model=model) == expected


def test_what_the_model_cannot_be_given_is_told_and_lost() -> None:
    blocks = wish(result(content=[PNG, PDF]))
    sent = messages(blocks, GPT_OSS)[2]["content"]
    words = "not shown, because this model cannot be given it]"
    assert sent == [the([{"text": f"[an image: {words}"}, {"text": f"[a document: {words}"}])]
    assert losses(blocks, GPT_OSS) == ["messages[2].content[0].content[0]", "messages[2].content[0].content[1]"]


def test_a_mark_that_another_follows_is_one() -> None:
    sent = answered(result("t1", cache_control=MARK), result("t2", content="x", cache_control=MARK))
    assert [next(iter(piece)) for piece in sent] == ["toolResult", "cachePoint", "toolResult", "cachePoint"]


def test_without_tools_calls_and_results_are_words() -> None:
    sent = messages(wish(result(content=[text("a"), text("b")])), TITAN)
    assert sent[1]["content"] == [{"text": "[called look with {}]"}]
    assert sent[2]["content"] == [{"text": "[result of look]\na\n\nb"}]


def test_a_toolset_is_lost() -> None:
    assert losses(wish(result(toolset_name="all"))) == ["messages[2].content[0].toolset_name"]
