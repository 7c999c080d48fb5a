"""Streams: their forms, cuts and errors."""

from __future__ import annotations

import json

import pytest

from ccproxy.errors import BadAnswer, Truncated, UpstreamRefused
from ccproxy.translate.wire.gemini import StreamDecoder
from tests.translate.grammar import check
from tests.translate.wire.gemini.answers import array, chunk, ended, events, here, said, sse, text

ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    "data",
    [
        sse(*text("a", "b"), ended()),
        sse(*text("a", "b"), ended()).replace(b"\r\n", b"\n"),
        b": hello\r\n\r\n" + sse(*text("a", "b"), ended()),
        sse(*text("a", "b"), ended()).removesuffix(b"\r\n\r\n"),
        sse(*text("a", "b"), ended()) + b"data: [DONE]\n\n",
        array(*text("a", "b"), ended()),
        b"\xef\xbb\xbf \r\n" + array(*text("a", "b"), ended()),
        b"\n".join(json.dumps(one).encode() for one in (*text("a", "b"), ended())),
        json.dumps(chunk({"text": "ab"}, finish="STOP")).encode(),
    ],
    ids=["sse", "lf", "comment", "no blank line", "done", "array", "bom", "lines", "object"],
)
def test_all_forms_say_the_same(data: bytes) -> None:
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))]):
        found = check(events(pieces))
        assert (found.text, found.stop_reason) == ("ab", "end_turn")


def test_nothing_is_told_before_something_was_said() -> None:
    decoder = StreamDecoder(here())
    assert decoder.feed(b"") == []
    assert decoder.feed(sse(chunk({"text": ""}))) == []
    assert [type(event).__name__ for event in decoder.feed(sse(*text("a")))] == [
        "MessageStart",
        "ContentBlockStart",
        "ContentBlockDelta",
    ]
    assert (decoder.done, decoder.stop_reason, decoder.usage_estimated) == (False, None, True)
    decoder.feed(sse(ended()))
    assert (decoder.done, decoder.usage_estimated) == (False, False)
    decoder.close()
    assert (decoder.done, decoder.stop_reason, decoder.usage.output_tokens) == (True, "end_turn", 8)


def test_done_ends_the_answer_at_once() -> None:
    decoder = StreamDecoder(here())
    decoder.feed(sse(*text("a"), ended()) + b"data: [DONE]\n\n" + sse(*text("b")))
    assert decoder.done
    assert decoder.close() == []


@pytest.mark.parametrize("form", [sse, array])
@pytest.mark.parametrize(("chunks", "words"), [([], "before"), ([chunk({"text": ""})], "before"), (text("a"), "after")])
def test_an_end_without_a_finish_reason_is_a_cut(form: object, chunks: list[object], words: str) -> None:
    data = form(*chunks)  # type: ignore[operator]
    with pytest.raises(Truncated, match=words):
        events([data])


def test_a_cut_inside_of_the_last_object_is_a_cut() -> None:
    with pytest.raises(Truncated):
        events([array(*text("a"), ended())[:-40]])


def test_what_is_no_stream_at_all_is_a_cut() -> None:
    with pytest.raises(Truncated):
        events([b"<html>hello</html>"])


@pytest.mark.parametrize("form", [sse, array])
def test_an_error_before_the_answer_is_raised(form: object) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        StreamDecoder(here()).feed(form(ERROR))  # type: ignore[operator]
    assert caught.value.status == 529


def test_an_error_event_is_raised_whatever_it_says() -> None:
    with pytest.raises(UpstreamRefused):
        StreamDecoder(here()).feed(b'event: error\ndata: {"oops":1}\n\n')


@pytest.mark.parametrize("form", [sse, array])
def test_an_error_in_the_answer_waits_for_what_came_with_it(form: object) -> None:
    decoder = StreamDecoder(here())
    data = form(*text("a", "b"), ERROR)  # type: ignore[operator]
    cut = data.index(b'"b"') - 60
    assert decoder.feed(data[:cut])
    assert [type(event).__name__ for event in decoder.feed(data[cut:])] == ["ContentBlockDelta"]
    assert isinstance(decoder.failure, UpstreamRefused)
    alone = StreamDecoder(here())
    alone.feed(sse(*text("a")))
    with pytest.raises(UpstreamRefused):
        alone.feed(sse(ERROR))


def test_what_follows_the_end_hurts_nobody() -> None:
    decoder = StreamDecoder(here(local_stops=("END",)))
    assert decoder.feed(sse(*text("a END"), ERROR) + b"data: oops\n\n")
    assert (decoder.done, decoder.failure, decoder.stop_reason) == (True, None, "stop_sequence")
    assert decoder.feed(sse(ERROR)) == []


def test_nonsense_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer):
        StreamDecoder(here()).feed(b"data: oops\n\n")


def test_chunks_without_anything_are_passed_over() -> None:
    assert (
        said({"responseId": "x"}, {}, *text("a"), {"usageMetadata": {"trafficType": "ON_DEMAND"}}, ended()).text == "a"
    )
    assert check(events([b"data:\n\n" + sse(*text("a"), ended())])).text == "a"


@pytest.mark.parametrize("parts", [("a\ud83d", "\ude00b"), ("a", "\ud83d", "\ude00", "b")])
def test_a_character_of_which_two_events_have_one_half_each(parts: tuple[str, ...]) -> None:
    assert said(*text(*parts), ended()).text == "a😀b"
    assert check(events([array(*text(*parts), ended())])).text == "a😀b"
