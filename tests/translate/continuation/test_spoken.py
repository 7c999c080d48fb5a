"""What was said so far: what of it is text, and whether anybody can go on with it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import Raw

from ccproxy.translate.continuation.spoken import Spoken
from ccproxy.translate.events import (
    CitationsDelta,
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Event,
    Ping,
    TextDelta,
    ThinkingDelta,
    Verbatim,
)
from ccproxy.translate.messages import (
    RedactedThinkingBlock,
    ServerToolUseBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    WebSearchToolResultBlock,
)
from tests.translate.continuation.streams import START, answer, broken, relayed

CALL = ToolUseBlock("toolu_1", "f", Raw(b"{}"))
SEARCH = ServerToolUseBlock("srvtoolu_1", "web_search", Raw(b"{}"))
FOUND = WebSearchToolResultBlock("srvtoolu_1", Raw(b"[]"))
CITED = ContentBlockDelta(0, CitationsDelta(Raw(b'{"type":"char_location"}')))
THOUGHT: list[Event] = [
    ContentBlockStart(0, ThinkingBlock("")),
    ContentBlockDelta(0, ThinkingDelta("hm")),
    ContentBlockStop(0),
]


def forms(events: Sequence[Event]) -> list[list[Event]]:
    return [list(events), relayed(events, together=True), relayed(events, together=False)]


def of(events: Sequence[Event]) -> Spoken:
    spoken = Spoken()
    spoken.take(events)
    return spoken


@pytest.mark.parametrize("form", [0, 1, 2])
@pytest.mark.parametrize(
    ("events", "text", "open", "blocks"),
    [
        (broken("one", " two"), "one two", 0, 1),
        (broken("one", closed=True), "one", None, 1),
        (broken(), "", 0, 1),
        ([*broken("one"), CITED, Ping()], "one", 0, 1),
        (broken("one", before=THOUGHT), "one", 1, 2),
        (broken("two", before=answer(TextBlock("one"))[1:4]), "onetwo", 1, 2),
        (START, "", None, 0),
    ],
)
def test_plain_text_can_be_continued(form: int, events: list[Event], text: str, open: int | None, blocks: int) -> None:
    spoken = of(forms(events)[form])
    assert spoken.resumable
    assert (spoken.text, spoken.open, spoken.blocks) == (text, open, blocks)


@pytest.mark.parametrize("form", [0, 1, 2])
@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([*broken("one", closed=True), ContentBlockStart(1, CALL)], "a block of type tool_use"),
        (answer(CALL)[:2], "a block of type tool_use"),
        (answer(CALL)[:3], "a block of type tool_use"),
        (answer(CALL)[:4], "a block of type tool_use"),
        (broken("one", before=answer(FOUND)[1:3]), "a block of type web_search_tool_result"),
        (answer(SEARCH)[:3], "a block of type server_tool_use"),
        (answer(TextBlock("one"))[:-1], "the answer was over"),
        (answer(TextBlock("one")), "the answer was over"),
        # Thinking alone is no text, and half of one could not be closed.
        ([*START, *THOUGHT], None),
        ([*START, *THOUGHT[:2]], None),
        ([*START, ContentBlockStart(0, RedactedThinkingBlock("x")), ContentBlockStop(0)], None),
        ([*broken("one", closed=True), ContentBlockStart(1, ThinkingBlock(""))], None),
    ],
)
def test_what_is_more_than_text_cannot(form: int, events: list[Event], why: str | None) -> None:
    spoken = of(forms(events)[form])
    assert not spoken.resumable
    assert spoken.barred == why


@pytest.mark.parametrize(
    "frame", [b'event: block_patch\ndata: {"type":"block_patch","index":0}\n\n', b"event: ping\ndata: {broken\n\n"]
)
def test_what_nobody_knows_cannot_either(frame: bytes) -> None:
    assert not of([*broken("one"), Verbatim(frame)]).resumable


def halves(*texts: str) -> Verbatim:
    """Deltas as they come from providers that cut their texts in UTF-16, with each half of a character in its own."""
    frame = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}'
    return Verbatim("".join(f"event: content_block_delta\ndata: {frame % text}\n\n" for text in texts).encode())


def test_a_character_of_which_two_events_have_one_half_each_is_one() -> None:
    spoken = of([*broken("one "), halves("\\ud83d", "\\ude00"), halves(" two")])
    assert spoken.resumable
    assert spoken.text == "one 😀 two"


def test_of_half_a_character_nobody_can_give_the_other_half() -> None:
    spoken = of([*broken("one "), halves("\\ud83d")])
    assert not spoken.resumable
    spoken.take([halves("\\ude00")])
    assert spoken.resumable


def test_nothing_is_followed_any_more_once_it_is_of_no_use() -> None:
    spoken = of(answer(CALL)[:2])
    spoken.take([ContentBlockDelta(0, TextDelta("more"))])
    assert spoken.text == ""
