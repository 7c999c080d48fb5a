"""Two streams as one: the grammar holds, no character is lost or said twice, and what follows keeps its order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from ccproxy.errors import BadAnswer
from ccproxy.translate import render
from ccproxy.translate.continuation.request import Continued, last_words
from ccproxy.translate.continuation.seam import Seam, added
from ccproxy.translate.continuation.spoken import Spoken
from ccproxy.translate.events import Event, Verbatim
from ccproxy.translate.messages import (
    CacheCreation,
    OutputTokensDetails,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    Usage,
)
from ccproxy.translate.parse import parse
from tests.translate.continuation.streams import START, answer, broken, relayed
from tests.translate.grammar import Said, check, frames

NOTHING = parse(b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}]}')
CALL = ToolUseBlock("toolu_1", "f", Raw(b'{"n": 12345678901234567890123}'))
CITATION = Raw(b'[{"type":"char_location"}]')
BEFORE = Usage(7, 5, cache_read_input_tokens=2)
SPENT = Usage(10, 20, cache_read_input_tokens=3)


def resumed(
    first: Sequence[Event],
    second: Sequence[Event],
    *,
    lead: bool = False,
    stops: Sequence[str] = (),
    out: list[Any] | None = None,
) -> Said:
    """What the client makes of both together. `out` gets the seam."""
    spoken = Spoken()
    spoken.take(first)
    assert spoken.resumable
    continued = Continued(NOTHING, spoken.text, last_words(spoken.text) if lead else None)
    seam = Seam(continued, spoken.open, spoken.blocks, BEFORE, lambda: SPENT, stops)
    if out is not None:
        out.append(seam)
    sent = render.events(first) + b"".join(render.events(seam.take([event])) for event in second)
    return check(frames(sent))


FORMS = [
    pytest.param(list, id="typed"),
    pytest.param(lambda events: relayed(events, together=True), id="relayed"),
    pytest.param(lambda events: relayed(events, together=False), id="relayed one by one"),
]
first = pytest.mark.parametrize("one", FORMS)
second = pytest.mark.parametrize("other", FORMS)


@first
@second
def test_the_text_goes_on_in_its_block(one: Any, other: Any) -> None:
    said = resumed(one(broken("Hello", " wor")), other(answer(TextBlock("ld."))))
    assert (said.text, said.kinds, said.stop_reason) == ("Hello world.", ["text"], "end_turn")
    assert said.message["id"] == "msg_1"
    totals = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    assert [said.usage[name] for name in totals] == [17, 25, 5, 0]


@first
@second
def test_behind_a_closed_block_it_goes_on_in_a_new_one(one: Any, other: Any) -> None:
    said = resumed(one(broken("Hello", closed=True)), other(answer(TextBlock(" world"), TextBlock("!"))))
    assert (said.text, said.kinds) == ("Hello world!", ["text", "text", "text"])


@second
def test_thinking_is_left_out_and_told(other: Any) -> None:
    seams: list[Seam] = []
    thought = (ThinkingBlock("so", "sealed"), RedactedThinkingBlock("x"))
    said = resumed(broken("Hello"), other(answer(*thought, TextBlock(" world"))), out=seams)
    assert (said.text, said.kinds) == ("Hello world", ["text"])
    assert seams[0].thought


@second
@pytest.mark.parametrize("closed", [False, True])
def test_a_call_of_the_second_target_follows(other: Any, closed: bool) -> None:
    blocks = (TextBlock(" it"), CALL, TextBlock("and"))
    said = resumed(broken("Do", closed=closed), other(answer(*blocks, stop_reason="tool_use")))
    assert said.kinds == ["text", *(["text"] if closed else []), "tool_use", "text"]
    assert said.tools == [("f", {"n": 12345678901234567890123})]
    assert (said.text, said.stop_reason) == ("Do itand", "tool_use")


@second
def test_citations_stay_with_their_text(other: Any) -> None:
    said = resumed(broken("Hel"), other(answer(TextBlock("lo", CITATION), TextBlock(" there", CITATION))))
    assert (said.text, said.kinds) == ("Hello there", ["text", "text"])
    assert [len(block["citations"]) for block in said.blocks] == [1, 1]


@second
def test_what_was_held_back_is_out_before_a_citation(other: Any) -> None:
    text = "A first sentence, long enough to be held. "
    said = resumed(broken(text), other(answer(TextBlock("A first", CITATION))), lead=True)
    assert said.text == text + "A first"
    assert len(said.blocks[0]["citations"]) == 1


@second
def test_a_repeat_may_come_in_several_blocks(other: Any) -> None:
    text = "It was the best of times, it was the worst"
    pieces = (TextBlock("best of times, it"), TextBlock(" was the worst of"), TextBlock(" times"))
    said = resumed(broken(text), other(answer(*pieces)), lead=True)
    assert said.text == text + " of times"


@second
def test_an_empty_continuation_ends_the_answer(other: Any) -> None:
    said = resumed(broken("Hello"), other(answer()))
    assert (said.text, said.kinds, said.stop_reason) == ("Hello", ["text"], "end_turn")


@second
@pytest.mark.parametrize("blocks", [(), (ThinkingBlock("so", "sealed"),), (TextBlock(" \n"),)])
def test_who_was_asked_for_words_and_says_none_has_failed(other: Any, blocks: Any) -> None:
    with pytest.raises(BadAnswer, match="said nothing"):
        resumed(broken("Hello, half a sen"), other(answer(*blocks)), lead=True)


@second
@pytest.mark.parametrize(
    ("blocks", "stop_reason"),
    [
        # The words that it was asked to copy, or the first of them: it had nothing to add.
        ((TextBlock("Hello, half a sen"),), "end_turn"),
        ((TextBlock("Hello,"),), "end_turn"),
        ((CALL,), "end_turn"),
        # These say themselves why there is no more.
        ((), "max_tokens"),
        ((), "refusal"),
    ],
)
def test_an_end_without_more_words(other: Any, blocks: Any, stop_reason: str) -> None:
    said = resumed(broken("Hello, half a sen"), other(answer(*blocks, stop_reason=stop_reason)), lead=True)
    assert (said.text, said.stop_reason) == ("Hello, half a sen", stop_reason)


def frame(kind: str, **fields: Any) -> Verbatim:
    """An event as it is relayed; half a character stays an escape."""
    data = json.dumps({"type": kind, "index": 0, **fields})
    return Verbatim(f"event: {kind}\ndata: {data}\n\n".encode())


def delta(kind: str, **fields: str) -> Verbatim:
    return frame("content_block_delta", delta={"type": kind, **fields})


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("lead", [False, True])
def test_a_character_of_which_two_events_have_one_half_each_is_one(together: bool, lead: bool) -> None:
    begun = frame("content_block_start", content_block={"type": "text", "text": ""})
    texts = ["It was the best ", "of", " \ud83d", "\ude00", " of \ud83d", "\ude01\ud83d", "\ude02."]
    said = [begun, *(delta("text_delta", text=text) for text in texts[0 if lead else 2 :])]
    if together:
        said = [Verbatim(b"".join(event.data for event in said))]
    found = resumed(broken("It was the best of"), [*START, *said, *answer(TextBlock(""))[-3:]], lead=lead)
    assert found.text == "It was the best of 😀 of 😁😂."


def test_half_a_character_in_another_block_passes_as_it_came() -> None:
    seam = Seam(Continued(NOTHING, "Hello"), 0, 1, BEFORE, lambda: SPENT)
    begun = frame("content_block_start", content_block={"type": "tool_use", "id": "t", "name": "f", "input": {}})
    halves = ['{"a":"\ud83d', '\ude00"}']
    deltas = [delta("input_json_delta", partial_json=half) for half in halves]
    said = frames(render.events(seam.take([begun, *deltas])))
    assert [event.get("index") for event in said] == [0, 1, 1, 1]
    assert [event["delta"]["partial_json"] for event in said[2:]] == halves


@pytest.mark.parametrize("data", [b"[1]", b"nonsense", b"{}", b'{"type":"content_block_delta","index":"first"}'])
def test_what_is_no_event_breaks_the_answer_off_once_more(data: bytes) -> None:
    seam = Seam(Continued(NOTHING, "Hello"), 0, 1, BEFORE, lambda: SPENT)
    with pytest.raises(BadAnswer):
        seam.take([Verbatim(b"event: content_block_delta\ndata: " + data + b"\n\n")])


@second
def test_where_nothing_was_said_yet_the_answer_begins(other: Any) -> None:
    assert resumed(START, other(answer(TextBlock("Hello"), CALL))).kinds == ["text", "tool_use"]
    assert resumed(broken(), other(answer(TextBlock("Hello")))).text == "Hello"


TEXT = st.text(st.sampled_from("ab cd.\n"), max_size=40)


@given(TEXT, TEXT.filter(bool), st.booleans(), st.booleans(), st.lists(st.integers(1, 8), max_size=12))
def test_no_character_is_lost_or_said_twice(
    said: str, more: str, closed: bool, frames_too: bool, sizes: list[int]
) -> None:
    lead = last_words(said)
    pieces, rest = [], lead + said[len(said.rstrip()) :] + more if lead else said + more
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    texts = [piece for piece in (*pieces, rest) if piece]
    events: list[Event] = [*answer()[:1], *broken(*texts)[1:], *answer(TextBlock(""))[3:]]
    told = resumed(
        broken(*([said] if said else []), closed=closed and bool(said)),
        relayed(events, together=True) if frames_too else events,
        lead=bool(lead),
    )
    assert told.text == said + more


@second
@pytest.mark.parametrize(
    ("said", "more", "text", "stopped"),
    [
        ("one\n\nHum", ["an: two"], "one\n\nHum", "\n\nHuman:"),
        ("one\n\nHum", ["a", "n", ": two"], "one\n\nHum", "\n\nHuman:"),
        ("one\n\nHum", ["our"], "one\n\nHumour", None),
        ("one\n\nHum", ["a", "nity"], "one\n\nHumanity", None),
        ("one\n\nHum", ["a"], "one\n\nHuma", None),
        ("one", ["\n\nHuman"], "one\n\nHuman", None),
        ("two\n\nHu", ["m", "b"], "two\n\nHumb", None),
    ],
)
def test_a_stop_sequence_that_both_said_together_ends_the_answer(
    other: Any, said: str, more: list[str], text: str, stopped: str | None
) -> None:
    events: list[Event] = [*START, *broken(*more)[1:], *answer(TextBlock(""))[3:]]
    told = resumed(broken(said), other(events), stops=["\n\nHuman:", "|"])
    assert (told.text, told.stop_sequence) == (text, stopped)
    assert told.stop_reason == ("stop_sequence" if stopped else "end_turn")
    assert told.usage["output_tokens"] == 25


def test_a_relayed_end_keeps_what_nobody_knows() -> None:
    end = b'{"type":"message_delta","delta":{"stop_reason":"end_turn","x":1},"usage":{"output_tokens":2,"y":[3]},"z":4}'
    seam = Seam(Continued(NOTHING, "Hello"), 0, 1, BEFORE, lambda: SPENT)
    frame = Verbatim(b"event: message_delta\ndata: " + end + b"\n\n")
    [stop, told] = frames(render.events(seam.take([frame])))
    assert stop["type"] == "content_block_stop"
    assert (told["delta"]["x"], told["usage"]["y"], told["z"]) == (1, [3], 4)
    assert (told["usage"]["input_tokens"], told["usage"]["output_tokens"]) == (17, 25)


@pytest.mark.parametrize("usage", [b"", b',"usage":null'])
def test_an_end_without_usage_stays_as_it_is(usage: bytes) -> None:
    seam = Seam(Continued(NOTHING, "Hello"), None, 1, BEFORE, lambda: SPENT)
    frame = b'event: message_delta\ndata: {"type":"message_delta"' + usage + b"}\n\n"
    assert render.events(seam.take([Verbatim(frame)])) == frame


def test_events_that_nobody_knows_pass() -> None:
    seam = Seam(Continued(NOTHING, "Hello"), 0, 1, BEFORE, lambda: SPENT)
    for frame in (b'event: news\ndata: {"type":"news"}\n\n', b'event: ping\ndata: {"type": "ping"}\n\n'):
        assert frames(render.events(seam.take([Verbatim(frame)])))[0]["type"] in ("news", "ping")
    assert seam.take([Verbatim(b'event: x\ndata: {"type":"content_block_stop","index":9}\n\n')]) == []


def test_the_usage_of_both() -> None:
    one = Usage(1, 2, 3, 4, CacheCreation(5, 6), OutputTokensDetails(7))
    other = Usage(10, 20, 30, 40, CacheCreation(50, 60), OutputTokensDetails(70), service_tier="priority")
    total = Usage(11, 22, 33, 44, CacheCreation(55, 66), OutputTokensDetails(77), service_tier="priority")
    assert added(one, other) == total
