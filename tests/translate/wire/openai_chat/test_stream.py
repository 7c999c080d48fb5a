"""Streamed chat completions: order, ends, errors, and what a client must not see."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from ccproxy.errors import BadAnswer, Truncated, UpstreamRefused
from ccproxy.translate import render
from ccproxy.translate.events import (
    ContentBlockDelta,
    ContentBlockStart,
    MessageDelta,
    MessageStart,
    MessageStop,
    TextDelta,
)
from ccproxy.translate.wire.openai_chat import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import check, frames
from tests.translate.wire.openai_chat.streams import DONE, USAGE, call, chunk, ended, event, events, said, text

ROLE = chunk({"role": "assistant", "content": ""})


def test_text() -> None:
    found = said(ROLE + text("Hel", "lo", " wörld 😀") + ended())
    assert found.kinds == ["text"]
    assert found.text == "Hello wörld 😀"
    assert found.stop_reason == "end_turn"
    assert found.usage["input_tokens"] == 20
    assert found.usage["output_tokens"] == 5
    assert found.message["usage"]["input_tokens"] == 11
    assert found.message["id"] == "msg_01test"
    assert found.message["model"] == "somewhere/some-model"


def test_every_delta_is_an_event_of_its_own() -> None:
    found = events([text("a", "b", "c") + ended()])
    assert len([event for event in found if isinstance(event, ContentBlockDelta)]) == 3


def test_reasoning_text_and_calls_become_blocks_in_their_order() -> None:
    data = (
        chunk({"reasoning_content": "hm"})
        + text("Let me see.")
        + chunk(call("", id="call_1", name="look"))
        + chunk(call('{"at":'))
        + chunk(call(' "it"}'))
        + chunk({"reasoning_content": "so"})
        + text("Done.")
    )
    found = said(data + ended("tool_calls"))
    assert found.kinds == ["thinking", "text", "tool_use", "thinking", "text"]
    assert found.tools == [("look", {"at": "it"})]
    assert found.blocks[2]["id"] == "call_1"
    assert found.stop_reason == "tool_use"


def test_empty_strings_open_and_close_nothing() -> None:
    empty = {"role": "assistant", "content": "", "reasoning_content": "", "tool_calls": [], "refusal": ""}
    data = ROLE + chunk(empty) + chunk(empty | {"reasoning_content": "a"}) + chunk(empty) + chunk({"reasoning": "b"})
    found = said(data + chunk(empty) + chunk({"content": None}) + ended())
    assert found.kinds == ["thinking"]
    assert found.thinking == "ab"


class TestEnds:
    def test_done_ends_the_answer(self) -> None:
        decoder = StreamDecoder(context())
        decoder.feed(text("a") + chunk({}, "stop"))
        assert not decoder.done
        found = decoder.feed(DONE + text("b"))
        assert isinstance(found[-1], MessageStop)
        assert (decoder.done, decoder.stop_reason) == (True, "end_turn")
        assert decoder.feed(text("c")) == []
        assert decoder.close() == []

    def test_without_done_the_bytes_end_it(self) -> None:
        assert said(text("a") + chunk({}, "stop")).stop_reason == "end_turn"

    def test_without_a_last_line_end(self) -> None:
        assert said((text("a") + chunk({}, "stop")).rstrip()).text == "a"

    def test_done_without_a_finish_reason(self) -> None:
        assert said(text("a") + DONE).stop_reason == "end_turn"
        assert said(chunk(call("{}", name="f")) + DONE).stop_reason == "tool_use"

    def test_an_empty_finish_reason_is_none(self) -> None:
        assert said(chunk({"content": "a"}, "") + text("b") + DONE).text == "ab"
        with pytest.raises(Truncated):
            events([chunk({"content": "a"}, "")])

    @pytest.mark.parametrize("data", [b"", b"\n", b": hello\n\n", ROLE, event({"choices": []})])
    def test_nothing_was_said(self, data: bytes) -> None:
        with pytest.raises(Truncated, match="before"):
            events([data])

    @pytest.mark.parametrize("data", [text("a"), chunk({"reasoning": "a"}), chunk(call('{"a":', name="f"))])
    def test_a_cut_stream_is_never_a_success(self, data: bytes) -> None:
        decoder = StreamDecoder(context())
        assert isinstance(decoder.feed(data)[0], MessageStart)
        with pytest.raises(Truncated, match="after"):
            decoder.close()
        assert not decoder.done

    @pytest.mark.parametrize("rest", [b"da", b"data: [DO", b'data: {"choices": [], "usa'])
    def test_a_cut_behind_the_finish_reason_costs_nothing_that_was_said(self, rest: bytes) -> None:
        found = said(text("a") + chunk({}, "stop") + rest)
        assert (found.text, found.stop_reason) == ("a", "end_turn")

    @pytest.mark.parametrize("rest", [b"da", b"data: [DO", b'data: {"choices": [{"delta": {"con'])
    def test_a_cut_inside_of_an_event_is_a_cut(self, rest: bytes) -> None:
        with pytest.raises(Truncated, match="after"):
            events([text("a") + rest])

    def test_finish_twice_and_content_after_it(self) -> None:
        data = chunk({"content": "a"}, "stop") + chunk({"content": "b"}, "stop") + chunk({"content": ""}, "stop")
        assert said(data + DONE).text == "ab"

    def test_the_end_is_not_written_before_its_time(self) -> None:
        found = StreamDecoder(context()).feed(text("a") + chunk({}, "stop") + event({"choices": [], "usage": USAGE}))
        assert not [event for event in found if isinstance(event, MessageDelta)]


class TestNothingBeforeTheFirstMeaning:
    @pytest.mark.parametrize(
        "data",
        [
            ROLE,
            event({"id": "", "model": "", "choices": [], "prompt_filter_results": []}),
            b": OPENROUTER PROCESSING\n\n",
            b"\r\n\r\n",
            chunk({"content": None, "tool_calls": None}),
            chunk({}, "stop"),
            event({"choices": [], "usage": USAGE}),
            chunk(None),
        ],
    )
    def test_no_event(self, data: bytes) -> None:
        assert StreamDecoder(context()).feed(data) == []

    @pytest.mark.parametrize("delta", [{"content": "a"}, {"reasoning": "a"}, call("", name="f")])
    def test_the_first_meaning_starts_the_message(self, delta: dict[str, Any]) -> None:
        found = StreamDecoder(context()).feed(ROLE + chunk(delta))
        assert isinstance(found[0], MessageStart)
        assert isinstance(found[1], ContentBlockStart)


class TestShapes:
    def test_azure(self) -> None:
        data = (
            event({"id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]})
            + text("a")
            + chunk({}, "stop")
            + event(
                {
                    "choices": [
                        {"index": 0, "finish_reason": None, "content_filter_offsets": {}, "content_filter_results": {}}
                    ]
                }
            )
            + DONE
        )
        assert said(data).text == "a"

    def test_perplexity(self) -> None:
        whole = {"role": "assistant", "content": "ab"}
        results = [{"title": "A", "url": "https://a.test", "date": None}, {"title": None, "url": "https://b.test"}, {}]
        data = (
            chunk({"content": "a"}, message={"role": "assistant", "content": "a"})
            + chunk({"content": "b"}, message=whole, top={"search_results": results, "citations": ["https://a.test"]})
            + chunk({"content": ""}, "stop", message=whole, top={"object": "chat.completion.done", "usage": USAGE})
        ).replace(b"\n", b"\r\n")
        found = said(data)
        assert found.text == "ab"
        assert [citation["url"] for citation in found.blocks[0]["citations"]] == ["https://a.test", "https://b.test"]
        assert found.blocks[0]["citations"][1]["title"] == "https://b.test"

    def test_a_whole_answer_in_one_event(self) -> None:
        choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
        assert said(event({"object": "chat.completion", "choices": [choice]}) + DONE).text == "a"

    def test_only_the_first_of_several_answers(self) -> None:
        both = event({"choices": [{"index": 1, "delta": {"content": "x"}}, {"index": 0, "delta": {"content": "b"}}]})
        data = text("a") + both + chunk({"content": "y"}, "stop", index=1) + chunk({}, "length") + DONE
        found = said(data)
        assert (found.text, found.stop_reason) == ("ab", "max_tokens")

    def test_odd_fields_do_not_cost_the_answer(self) -> None:
        odd = {
            "content": "a",
            "reasoning": {"unexpected": True},
            "tool_calls": "none",
            "annotations": [5, {"type": "url_citation", "url_citation": "x"}],
        }
        data = chunk(odd, index="0", top={"usage": [], "x_groq": 5}) + chunk({"content": 5}) + ended()
        assert said(data).text == "a"

    def test_a_lone_surrogate(self) -> None:
        data = b'data: {"choices":[{"index":0,"delta":{"content":"a\\ud83d"}}]}\n\n'
        assert said(data + text("b") + ended()).text == "a\ufffdb"
        assert said(data + ended()).text == "a", "half a character says nothing"

    @pytest.mark.parametrize("parts", [("a\ud83d", "\ude00b"), ("a", "\ud83d", "", "\ude00", "b")])
    @pytest.mark.parametrize("field", ["content", "reasoning_content"])
    def test_a_character_of_which_two_chunks_have_one_half_each(self, field: str, parts: tuple[str, ...]) -> None:
        found = said(b"".join(chunk({field: part}) for part in parts) + text("c") + ended())
        assert found.thinking + found.text == "a😀bc"

    def test_half_a_character_in_the_input_of_calls_that_take_turns(self) -> None:
        begun = [chunk(call('{"a": "', index=at, id=f"c{at}", name="f")) for at in (0, 1)]
        parts = [("\ud83d", 0), ("\ud83d", 1), ('\ude00"}', 0), ('\ude01"}', 1)]
        data = b"".join([*begun, *(chunk(call(part, index=at)) for part, at in parts)])
        assert said(data + ended("tool_calls")).tools == [("f", {"a": "😀"}), ("f", {"a": "😁"})]

    def test_half_a_character_is_not_told_where_the_stream_is_cut(self) -> None:
        decoder = StreamDecoder(context())
        found = decoder.feed(text("a", "b\ud83d"))
        with pytest.raises(Truncated):
            decoder.close()
        assert [event.delta for event in found if isinstance(event, ContentBlockDelta)] == [
            TextDelta("a"),
            TextDelta("b"),
        ]

    def test_invalid_utf8(self) -> None:
        data = b'data: {"choices":[{"index":0,"delta":{"content":"a\xff"}}]}\n\n'
        assert said(data + ended()).text == "a\ufffd"

    def test_annotations_become_citations_of_the_text(self) -> None:
        note = {
            "type": "url_citation",
            "url_citation": {"url": "https://a.test", "title": "A", "content": "so", "start_index": 0},
        }
        found = said(text("a") + chunk({"annotations": [note, {"type": "file"}]}) + ended())
        assert found.blocks[0]["citations"] == [
            {
                "type": "web_search_result_location",
                "url": "https://a.test",
                "title": "A",
                "encrypted_index": "ccp1.search",
                "cited_text": "so",
            }
        ]

    def test_citations_without_a_text_have_nothing_to_cite(self) -> None:
        note = {"type": "url_citation", "url_citation": {"url": "https://a.test"}}
        assert said(chunk({"annotations": [note]}) + ended()).kinds == ["server_tool_use", "web_search_tool_result"]

    def test_spoken_words_are_text(self) -> None:
        assert (
            said(chunk({"audio": {"id": "a", "data": "AAAA"}}) + chunk({"audio": {"transcript": "hi"}}) + ended()).text
            == "hi"
        )

    def test_empty_events_are_skipped(self) -> None:
        assert said(b"data:\n\ndata: \n\n" + text("a") + ended()).text == "a"


class TestErrors:
    @pytest.mark.parametrize(
        ("data", "status", "words"),
        [
            (event({"error": {"message": "no", "code": 502}}), 500, "no"),
            (event({"error": {"message": "slow down", "code": 429}}), 429, "slow down"),
            (event({"error": {"message": "no", "type": "invalid_request_error", "code": None}}), 400, "no"),
            (event({"error": "just words"}), 500, "just words"),
            (
                b"event: error\n"
                + event({"error": {"message": "bad", "status_code": 400, "failed_generation": "<x>"}}),
                400,
                "<x>",
            ),
            (b"event: error\n" + event({"message": "bad"}), 500, "bad"),
            (
                event({"object": "error", "message": "too busy", "type": "BadRequestError", "code": 400}),
                400,
                "too busy",
            ),
            (event({"detail": "nope"}), 500, "nope"),
            (event({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}), 529, "busy"),
            (event({"choices": [{"index": 0, "delta": {}, "error": {"code": 502, "message": "x"}}]}), 500, "x"),
            (
                event(
                    {
                        "id": "x",
                        "choices": [{"index": 0, "delta": {"content": ""}}],
                        "error": {"code": 400, "message": "y"},
                    }
                ),
                400,
                "y",
            ),
            (event({"x_groq": {"error": {"message": "z", "status_code": 400}}, "choices": []}), 400, "z"),
            (event({"x_groq": {"error": "over capacity"}, "choices": []}), 500, "over capacity"),
            (
                event({"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail"}}),
                500,
                "login fail",
            ),
            (event([{"error": {"code": 400, "message": "listed", "status": "INVALID_ARGUMENT"}}]), 400, "listed"),
        ],
    )
    def test_errors_of_all_forms(self, data: bytes, status: int, words: str) -> None:
        for before in (b"", ROLE, text("some text"), chunk({}, "stop")):
            with pytest.raises(UpstreamRefused) as caught:
                events([before + data])
            assert caught.value.status == status
            assert words in caught.value.message
            assert caught.value.upstream_status is None

    @pytest.mark.parametrize("error", [None, {}, "", False])
    def test_an_empty_error_is_none(self, error: Any) -> None:
        assert said(chunk({"content": "a"}, top={"error": error}) + ended()).text == "a"

    @pytest.mark.parametrize(
        "data", [b"data: <html>\n\n", b"data: {\n\n", b"data: 5\n\n", b'data: {"choices": 5, "x": [}\n\n']
    )
    def test_nonsense(self, data: bytes) -> None:
        with pytest.raises((BadAnswer, UpstreamRefused)):
            events([data])

    def test_objects_that_only_bring_notes_are_no_errors(self) -> None:
        notes = event({"id": "x", "latency_checkpoint": {}}) + event({"choices": [], "sla_metrics": {}}) + event({})
        assert said(notes + text("a") + ended()).text == "a"


class TestBodiesInPlaceOfStreams:
    def test_a_whole_answer(self) -> None:
        body = json.dumps(
            {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}], "usage": USAGE}, indent=1
        ).encode()
        found = said(b"\n" + body)
        assert (found.text, found.usage["input_tokens"]) == ("a", 20)

    def test_its_attributes(self) -> None:
        decoder = StreamDecoder(context())
        assert decoder.feed(b'{"choices":[{"message":{"content":"abcd"},"finish_reason":"stop"}]}') == []
        check(frames(render.events(decoder.close())))
        assert (decoder.done, decoder.stop_reason, decoder.usage_estimated) == (True, "end_turn", True)
        assert decoder.usage.output_tokens == 1
        assert decoder.usage.estimated is UNSET

    def test_an_error(self) -> None:
        with pytest.raises(UpstreamRefused, match="no"):
            events([b'{"error": {"message": "no"}}'])

    def test_an_endless_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ccproxy.translate.wire.openai_chat.stream._LIMIT", 100)
        with pytest.raises(BadAnswer, match="endless"):
            events([b"{" * 60, b"{" * 60])


PIECES = st.one_of(
    st.text(max_size=6).map(lambda said: {"content": said}),
    st.text(max_size=6).map(lambda said: {"reasoning_content": said}),
    st.builds(
        call,
        st.sampled_from(["", "{", "}", '{"a"', ":1}", "{}", '{"b": "}{"}', "null", " "]),
        index=st.sampled_from([None, 0, 1, 2]),
        id=st.sampled_from([None, "", "a", "b", "functions.x:0"]),
        name=st.sampled_from([None, "", "f", "g"]),
    ),
)


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12), finish=st.sampled_from(["stop", "length", "tool_calls"]))
def test_whatever_comes_the_grammar_holds(pieces: list[dict[str, Any]], finish: str) -> None:
    found = said(b"".join(map(chunk, pieces)) + ended(finish), context(used_ids=frozenset({"a"}), think_tags=False))
    assert found.text == "".join(piece.get("content", "") for piece in pieces)
    assert found.thinking == "".join(piece.get("reasoning_content", "") for piece in pieces)
    assert all(block["id"] != "a" for block in found.blocks if block["type"] == "tool_use")


def test_what_came_with_an_error_is_told_before_it() -> None:
    decoder = StreamDecoder(context())
    assert decoder.feed(text("a"))
    told = decoder.feed(text("b") + event({"error": {"message": "tired", "code": 503}}))
    assert told == [ContentBlockDelta(0, TextDelta("b"))]
    assert isinstance(decoder.failure, UpstreamRefused)
    assert decoder.failure.message == "tired"


def test_an_error_with_the_first_words_is_raised_at_once() -> None:
    decoder = StreamDecoder(context())
    with pytest.raises(UpstreamRefused, match="tired"):
        decoder.feed(text("a") + event({"error": {"message": "tired", "code": 503}}))
    assert decoder.failure is None
