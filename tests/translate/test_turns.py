"""How messages in any order are gathered into turns, with every block in its place."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import InputMessage, TextBlock, ToolResultBlock, ToolUseBlock
from ccproxy.translate.turns import Turn, turns
from tests.translate.contexts import target


def use(id: str) -> ToolUseBlock:
    return ToolUseBlock(id, "f", Raw(b"{}"))


def result(id: str) -> ToolResultBlock:
    return ToolResultBlock(id, "done")


def gathered(*messages: tuple[Any, Any]) -> list[Turn]:
    return turns([InputMessage(role, content) for role, content in messages], Draft(target()))


def places(blocks: list[Any]) -> list[tuple[int, ...]]:
    return [where for where, _ in blocks]


def test_a_conversation() -> None:
    first, second, third = gathered(
        ("user", "hello"),
        ("assistant", [TextBlock("so"), use("t1"), use("t2")]),
        ("system", "be brief"),
        ("user", [result("t2"), TextBlock("and"), result("t1")]),
        ("user", "more"),
        ("assistant", "yes"),
    )
    assert (first.assistant, [speaker for speaker, _ in first.after]) == ([], ["user"])
    assert places(second.assistant) == [(1, 0), (1, 1), (1, 2)]
    assert list(second.calls) == ["t1", "t2"]
    assert {id: where for id, (where, _) in second.results.items()} == {"t2": (3, 0), "t1": (3, 2)}
    assert [(speaker, places(blocks)) for speaker, blocks in second.after] == [
        ("system", [(2, 0)]),
        ("user", [(3, 1), (4, 0)]),
    ]
    assert (places(third.assistant), third.after) == ([(5, 0)], [])


def test_consecutive_answers_are_one() -> None:
    found = gathered(("user", "a"), ("assistant", "b"), ("assistant", [use("t1")]), ("user", [result("t1")]))
    assert len(found) == 2
    assert places(found[1].assistant) == [(1, 0), (2, 0)]


@pytest.mark.parametrize("unasked", ["t9", "t1"])
def test_a_result_that_nobody_waits_for_is_said(unasked: str) -> None:
    found = gathered(("user", "a"), ("assistant", [use("t1")]), ("user", [result("t1"), result(unasked)]))
    assert places(found[1].after[0][1]) == [(2, 1)]


@pytest.mark.parametrize("blank", ["", " \n", [TextBlock("")], [TextBlock(" ")]])
def test_blank_text_is_nobodys(blank: Any) -> None:
    found = gathered(("user", "a"), ("assistant", [use("t1")]), ("user", blank), ("assistant", "b"))
    assert len(found) == 2
    assert places(found[1].assistant) == [(1, 0), (3, 0)]


def test_what_stands_beside_the_content_is_reported() -> None:
    draft = Draft(target())
    mark = Raw(b'{"type":"ephemeral"}')
    turns(
        [
            InputMessage("user", [TextBlock(" ", cache_control=mark)], output_config=Raw(b'{"effort":"low"}')),
            InputMessage("assistant", [use("t1"), use("t1")], cache_control=mark),
        ],
        draft,
    )
    assert draft.losses == [
        "messages[0].output_config",
        "messages[0].content[0].cache_control",
        "messages[1].cache_control",
        "messages[1].content[1]",
    ]
