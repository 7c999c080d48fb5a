"""Searches in the blocks of the Messages API, in the words of history, and where a provider has none."""

from __future__ import annotations

import json
from typing import Any

import anthropic.types as types
import pytest
from msgspec import Raw
from pydantic import TypeAdapter

from ccproxy.translate import render, searches
from ccproxy.translate.messages import (
    Message,
    ServerToolUseBlock,
    TextBlock,
    Tool,
    Usage,
    WebFetchToolResultBlock,
    WebSearchToolResultBlock,
)
from ccproxy.translate.parse import parse
from ccproxy.translate.replay import events_of
from ccproxy.translate.searches import Page
from tests.translate.contexts import context
from tests.translate.grammar import check, frames

SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
FETCH = {"type": "web_fetch_20250910", "name": "fetch"}
LOOK = {"name": "look", "input_schema": {"type": "object"}}


def answer(tools: Any, choice: Any = None, **flags: Any) -> Message | None:
    """What is answered to a request with these tools without asking a provider whose dialect has these flags."""
    fields = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "q"}]}
    request = parse(json.dumps({**fields, "tools": tools, "tool_choice": choice}).encode()).request
    return searches.unanswered(request, context(**flags))


def as_sdk(message: Message) -> types.Message:
    """The message as Anthropic's own SDK reads it."""
    return types.Message.model_validate_json(render.message(message))


class TestBlocks:
    """What was found, in the forms that the SDK knows."""

    def test_a_search_and_its_pages(self) -> None:
        pages = [
            Page("https://a.test", "A", "May"),
            Page("https://b.test"),
            Page("https://a.test", "A", "May"),
            Page(""),
        ]
        blocks: list[Any] = [searches.asked("srvtoolu_1", "q"), searches.found("srvtoolu_1", pages)]
        text = TextBlock("x", citations=Raw(b"[" + bytes(searches.citation(pages[1], "so")) + b"]"))
        message = Message(id="msg_1", model="m", content=[*blocks, text], usage=Usage())
        asked, found, said = as_sdk(message).content
        assert isinstance(asked, types.ServerToolUseBlock)
        assert (asked.name, asked.input) == ("web_search", {"query": "q"})
        assert isinstance(found, types.WebSearchToolResultBlock)
        assert isinstance(found.content, list)
        assert [(page.url, page.title, page.page_age) for page in found.content] == [
            ("https://a.test", "A", "May"),
            ("https://b.test", "https://b.test", None),
        ]
        assert isinstance(said, types.TextBlock)
        assert said.citations is not None
        assert isinstance(said.citations[0], types.CitationsWebSearchResultLocation)
        assert (said.citations[0].url, said.citations[0].cited_text) == ("https://b.test", "so")

    def test_what_the_client_sends_back_is_what_the_sdk_lets_it_send(self) -> None:
        block = searches.found("srvtoolu_1", [Page("https://a.test", "A")])
        sent = {
            "type": "web_search_tool_result",
            "tool_use_id": "srvtoolu_1",
            "content": json.loads(bytes(block.content)),
        }
        TypeAdapter(types.WebSearchToolResultBlockParam).validate_python(sent, extra="forbid")

    @pytest.mark.parametrize(("number", "counted"), [(0, None), (2, 2)])
    def test_counts(self, number: int, counted: int | None) -> None:
        raw = searches.counted(number)
        assert (raw and json.loads(bytes(raw))["web_search_requests"]) == counted


class TestTold:
    """History in words, for whoever did not search itself."""

    @pytest.mark.parametrize(
        ("block", "words"),
        [
            (ServerToolUseBlock("s", "web_search", Raw(b'{"query":"q"}')), '[web_search {"query":"q"}]'),
            (
                searches.found("s", [Page("https://a.test", "A", "May"), Page("https://b.test")]),
                "[found:\n- A https://a.test May\n- https://b.test https://b.test\n]",
            ),
            (WebSearchToolResultBlock("s", Raw(b"[]")), "[found:\n]"),
            (WebSearchToolResultBlock("s", Raw(b"[7]")), "[found:\n- 7\n]"),
            (
                WebSearchToolResultBlock(
                    "s", Raw(b'{"type":"web_search_tool_result_error","error_code":"unavailable"}')
                ),
                "[the web search failed: unavailable]",
            ),
            (
                WebFetchToolResultBlock("s", Raw(b'{"type":"web_fetch_tool_result_error","error_code":"too_long"}')),
                "[the web fetch failed: too_long]",
            ),
            (WebSearchToolResultBlock("s", Raw(b'{"more":"x"}')), '[result of s: {"more":"x"}]'),
        ],
    )
    def test_words(self, block: Any, words: str) -> None:
        assert searches.told(block) == words
        assert not searches.untold(block)

    @pytest.mark.parametrize(
        ("source", "shown", "untold"),
        [
            ({"type": "text", "media_type": "text/plain", "data": "the page"}, "the page", False),
            (
                {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
                "(a file, which is not shown)",
                True,
            ),
        ],
    )
    def test_a_fetched_page(self, source: dict[str, str], shown: str, untold: bool) -> None:
        content = {
            "type": "web_fetch_result",
            "url": "https://a.test",
            "content": {"type": "document", "source": source, "title": "A", "citations": {"enabled": True}},
            "retrieved_at": "2026-01-02",
        }
        block = WebFetchToolResultBlock("s", Raw(json.dumps(content).encode()))
        assert searches.told(block) == (
            f"[fetched https://a.test at 2026-01-02]\n<document>\n<title>A</title>\n{shown}\n</document>"
        )
        assert searches.untold(block) is untold

    def test_a_fetch_without_its_time(self) -> None:
        content = b'{"type":"web_fetch_result","url":"u","content":{"source":{"type":"text","data":"d"}}}'
        assert searches.told(WebFetchToolResultBlock("s", Raw(content))) == "[fetched u]\n<document>\nd\n</document>"

    def test_a_text_that_is_missing(self) -> None:
        content = b'{"type":"web_fetch_result","url":"u","content":{"source":{"type":"text"}}}'
        told = searches.told(WebFetchToolResultBlock("s", Raw(content)))
        assert told == f"[result of s: {content.decode()}]"


class TestUnanswered:
    """A request for nothing but what the provider has not."""

    @pytest.mark.parametrize(
        ("tool", "kind", "error", "words"),
        [
            (SEARCH, types.WebSearchToolResultBlock, types.WebSearchToolResultError, "Web search is unavailable"),
            (FETCH, types.WebFetchToolResultBlock, types.WebFetchToolResultErrorBlock, "Web fetch is unavailable"),
        ],
    )
    def test_the_documented_error(self, tool: Any, kind: type[Any], error: type[Any], words: str) -> None:
        message = answer([tool])
        assert message is not None
        asked, result, said = as_sdk(message).content
        assert isinstance(asked, types.ServerToolUseBlock)
        assert asked.name == tool["type"].rpartition("_")[0], "the name of the API's own, whatever the client calls it"
        assert isinstance(result, kind)
        assert result.tool_use_id == asked.id
        assert isinstance(result.content, error)
        assert result.content.error_code == "unavailable"
        assert isinstance(said, types.TextBlock)
        assert said.text == f"{words}: somewhere/some-model has no {words.split(' is')[0].lower()} of its own."
        assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("end_turn", 0, 0)

    def test_the_same_as_a_stream(self) -> None:
        message = answer([SEARCH])
        assert message is not None
        told = check(frames(render.events(events_of(message))))
        assert told.kinds == ["server_tool_use", "web_search_tool_result", "text"]
        assert told.blocks[1]["content"] == {"type": "web_search_tool_result_error", "error_code": "unavailable"}
        assert told.stop_reason == "end_turn"

    @pytest.mark.parametrize(
        ("tools", "choice", "kind"),
        [
            ([SEARCH, FETCH], None, "web_search_tool_result"),
            ([SEARCH, FETCH], {"type": "tool", "name": "fetch"}, "web_fetch_tool_result"),
            ([SEARCH], {"type": "tool", "name": "web_search"}, "web_search_tool_result"),
            ([SEARCH], {"type": "any"}, "web_search_tool_result"),
            ([SEARCH], {"type": "auto"}, "web_search_tool_result"),
        ],
    )
    def test_which_of_them(self, tools: Any, choice: Any, kind: str) -> None:
        message = answer(tools, choice)
        assert message is not None
        assert as_sdk(message).content[1].type == kind

    @pytest.mark.parametrize(
        ("tools", "choice", "flags"),
        [
            (None, None, {}),
            ([], None, {}),
            ([LOOK], None, {}),
            ([SEARCH, LOOK], None, {}),
            ([SEARCH], {"type": "none"}, {}),
            ([SEARCH], None, {"web_search": "browser_search"}),
            ([SEARCH, FETCH], None, {"web_search": "browser_search"}),
            ([FETCH], None, {"web_fetch": "openrouter:web_fetch"}),
        ],
    )
    def test_what_the_provider_is_asked_all_the_same(self, tools: Any, choice: Any, flags: dict[str, str]) -> None:
        assert answer(tools, choice, **flags) is None


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        (None, False),
        ([], False),
        ([SEARCH, FETCH], True),
        ([SEARCH, LOOK], False),
        ([{"type": "bash_20250124"}], False),
    ],
)
def test_only_web(tools: Any, expected: bool) -> None:
    kinds = None if tools is None else [Tool(name="n", type=tool.get("type")) for tool in tools]
    assert searches.only_web(kinds) is expected
