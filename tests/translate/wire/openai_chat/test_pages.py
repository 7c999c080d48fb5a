"""What providers found in the web, as blocks and citations of the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate import render
from ccproxy.translate.wire.openai_chat import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames

from .streams import DONE, chunk, ended, text

A = {"url": "https://a.test", "title": "A", "date": "2026-01-02"}
B = {"url": "https://b.test", "title": None}


def frame(**fields: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": "x"}}], **fields}).encode() + b"\n\n"


def said(data: bytes) -> Said:
    decoder = StreamDecoder(context())
    events = decoder.feed(data)
    if not decoder.done:
        events += decoder.close()
    return check(frames(render.events(events)))


def pages(answer: Said) -> list[list[str]]:
    found = [block["content"] for block in answer.blocks if block["type"] == "web_search_tool_result"]
    return [[page["url"] for page in content] for content in found]


def cited(answer: Said) -> list[str]:
    return [citation["url"] for block in answer.blocks for citation in block["citations"]]


def test_pages_that_are_known_first_stand_before_the_text() -> None:
    answer = said(frame(search_results=[A, B]) + frame(search_results=[A, B]) + ended() + DONE)
    assert answer.kinds == ["server_tool_use", "web_search_tool_result", "text"]
    assert answer.blocks[1]["content"] == [
        {
            "type": "web_search_result",
            "url": "https://a.test",
            "title": "A",
            "encrypted_content": "ccp1.search",
            "page_age": "2026-01-02",
        },
        {
            "type": "web_search_result",
            "url": "https://b.test",
            "title": "https://b.test",
            "encrypted_content": "ccp1.search",
            "page_age": None,
        },
    ]
    assert cited(answer) == ["https://a.test", "https://b.test"]
    assert answer.usage["server_tool_use"] == {"web_search_requests": 1, "web_fetch_requests": 0}


def test_pages_that_are_known_last_stand_behind_the_text() -> None:
    answer = said(text("a") + frame(search_results=[A]) + ended() + DONE)
    assert answer.kinds == ["text", "server_tool_use", "web_search_tool_result"]
    assert cited(answer) == ["https://a.test"]


def test_pages_that_are_added_later() -> None:
    answer = said(frame(search_results=[A]) + frame(search_results=[A, B]) + ended() + DONE)
    assert answer.kinds == ["server_tool_use", "web_search_tool_result", "text", *answer.kinds[:2]]
    assert pages(answer) == [["https://a.test"], ["https://b.test"]]
    assert answer.blocks[0]["id"] != answer.blocks[3]["id"]


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"citations": ["https://a.test"]}, "https://a.test"),
        ({"citations": ["https://b.test"], "search_results": [A]}, "https://a.test"),
        ({"web_search": [{"link": "https://a.test", "title": "A", "publish_date": "x", "refer": "ref_1"}]}, A["url"]),
    ],
)
def test_all_forms_of_a_list(fields: dict[str, Any], url: str) -> None:
    assert pages(said(frame(**fields) + ended() + DONE)) == [[url]]


def test_a_page_without_an_address_is_none() -> None:
    answer = said(frame(search_results=[{"url": "", "title": "notes.docx"}], citations=[""]) + ended() + DONE)
    assert (answer.kinds, answer.usage["server_tool_use"]) == (["text"], None)


def test_a_search_ends_where_a_stop_sequence_does() -> None:
    decoder = StreamDecoder(context(local_stops=("x",)))
    answer = check(frames(render.events(decoder.feed(text("a") + frame(search_results=[A])))))
    assert answer.kinds == ["text", "server_tool_use", "web_search_tool_result"]
    assert (answer.text, answer.stop_sequence) == ("a", "x")


def test_notes_on_the_text_are_citations_and_pages() -> None:
    notes = [{"type": "url_citation", "url_citation": {**A, "content": "said there"}}, {"type": "file", "file": {}}]
    answer = said(text("a") + chunk({"annotations": notes}) + ended() + DONE)
    assert answer.kinds == ["text", "server_tool_use", "web_search_tool_result"]
    assert answer.blocks[0]["citations"] == [
        {
            "type": "web_search_result_location",
            "url": "https://a.test",
            "title": "A",
            "encrypted_index": "ccp1.search",
            "cited_text": "said there",
        }
    ]


@pytest.mark.parametrize(
    "usage",
    [{"server_tool_use_details": {"web_search_requests": 3}}, {"num_search_queries": 3}],
)
def test_the_providers_own_count(usage: dict[str, Any]) -> None:
    counts = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, **usage}
    answer = said(frame(search_results=[A], usage=counts) + ended() + DONE)
    assert answer.usage["server_tool_use"]["web_search_requests"] == 3


class TestExecutedTools:
    """Groq's models search on their own."""

    @staticmethod
    def ran(index: int, kind: str = "search", **more: Any) -> bytes:
        return chunk({"executed_tools": [{"index": index, "type": kind, "arguments": '{"query": "q"}', **more}]})

    def test_a_search_is_told_when_its_results_are_there(self) -> None:
        results = {"search_results": {"results": [A, B, {"url": ""}]}, "output": "…"}
        answer = said(
            self.ran(0, search_results={"results": []})
            + self.ran(0, **results)
            + self.ran(0, **results)
            + self.ran(1, search_results={"results": []}, output="nothing")
            + text("so")
            + ended()
            + DONE
        )
        assert answer.kinds == ["server_tool_use", "web_search_tool_result"] * 2 + ["text"]
        assert json.loads(answer.blocks[0]["partial_json"]) == {"query": "q"}
        assert pages(answer) == [["https://a.test", "https://b.test"], []]
        assert answer.usage["server_tool_use"]["web_search_requests"] == 2

    @pytest.mark.parametrize("kind", ["visit", "python", ""])
    def test_other_tools_are_no_searches(self, kind: str) -> None:
        assert said(self.ran(0, kind, output="x") + text("so") + ended() + DONE).kinds == ["text"]

    @pytest.mark.parametrize("arguments", [None, "", "{", "[]", '{"query": 5}'])
    def test_a_search_for_nobody_knows_what(self, arguments: str | None) -> None:
        answer = said(self.ran(0, output="x", arguments=arguments) + text("so") + ended() + DONE)
        assert json.loads(answer.blocks[0]["partial_json"] or "{}") == {}
