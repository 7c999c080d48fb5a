"""What blocks of a user's message become."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.translate.draft import Draft
from ccproxy.translate.wire.bedrock_converse.content import kind, pieces
from ccproxy.translate.wire.bedrock_converse.documents import Documents
from tests.translate.wire.bedrock_converse.requests import (
    CLAUDE,
    MARK,
    OTHER,
    PNG,
    request,
    target,
    text,
    user,
)

POINT = {"cachePoint": {"type": "default"}}
FOUND = {"type": "search_result", "source": "https://example.com", "title": "A page", "content": [text("words")]}
PLACE = "messages[0].content[0]"


def made(block: dict[str, Any], model: str = CLAUDE) -> tuple[list[dict[str, Any]], list[str]]:
    """The pieces, and what was lost."""
    content = request([user(block)]).messages[0].content
    assert not isinstance(content, str)
    draft = Draft(target(model))
    return pieces(content[0], draft, Documents(draft), (0, 0)), draft.losses


@pytest.mark.parametrize(
    ("block", "expected", "lost"),
    [
        (text("hi"), [{"text": "hi"}], []),
        (text("hi", cache_control=MARK), [{"text": "hi"}, POINT], []),
        (text("hi", citations=[{"type": "x"}]), [{"text": "hi"}], [f"{PLACE}.citations"]),
        (text(" \n", cache_control=MARK), [], [f"{PLACE}.cache_control"]),
        ({**PNG, "cache_control": MARK}, [{"image": {"format": "png", "source": {"bytes": "aGk="}}}, POINT], []),
        ({"type": "tool_reference", "tool_name": "look"}, [{"text": "Tool available: look"}], []),
        ({"type": "thinking", "thinking": "hm", "signature": "s"}, [], [PLACE]),
    ],
)
def test_blocks(block: dict[str, Any], expected: list[dict[str, Any]], lost: list[str]) -> None:
    assert made(block) == (expected, lost)


def test_search_results_are_claudes() -> None:
    result = {"source": "https://example.com", "title": "A page", "content": [{"text": "words"}]}
    assert made(FOUND) == ([{"searchResult": result}], [])
    cited = {**FOUND, "citations": {"enabled": True}, "cache_control": MARK}
    assert made(cited) == ([{"searchResult": {**result, "citations": {"enabled": True}}}, POINT], [])


def test_search_results_are_words_elsewhere() -> None:
    found, lost = made({**FOUND, "citations": {"enabled": True}}, OTHER)
    assert [kind(piece) for piece in found] == ["text"]
    for words in ("https://example.com", "A page", "words"):
        assert words in found[0]["text"]
    assert lost == [f"{PLACE}.citations"]
