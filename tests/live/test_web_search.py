"""Web search of several providers behind the running proxy, asked for as Claude Code does, read by the Python SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic.types import (
    CitationsWebSearchResultLocation,
    Message,
    ServerToolUseBlock,
    TextBlock,
    WebSearchToolResultBlock,
)

from tests.fake_upstream import FakeUpstream, Json, Stream
from tests.live.sdk import HELLO, provider_of
from tests.live.server import Server

PAGE = {"url": "https://weather.example/ulm", "title": "Ulm"}
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8, "allowed_domains": ["weather.example"]}


def chunk(delta: dict[str, Any], finish: str | None = None, **top: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice], **top}


NOTE = {"annotations": [{"type": "url_citation", "url_citation": PAGE}]}
RAN = {
    "executed_tools": [
        {
            "index": 0,
            "type": "search",
            "arguments": '{"query": "Ulm"}',
            "output": "…",
            "search_results": {"results": [PAGE]},
        }
    ]
}
# type, model, what the provider says, the first tool or the fields that it must have been asked with
CASES: list[tuple[str, str, list[dict[str, Any]], dict[str, Any]]] = [
    (
        "openrouter",
        "openai/gpt-5.2",
        [chunk({"content": "Sunny."}), chunk(NOTE, "stop"), {"choices": [], "usage": USAGE}],
        {
            "tools": [
                {
                    "type": "openrouter:web_search",
                    "parameters": {"allowed_domains": ["weather.example"], "max_uses": 8},
                }
            ]
        },
    ),
    (
        "groq",
        "groq/compound",
        [chunk({"reasoning": "I search."}), chunk(RAN), chunk({"content": "Sunny."}), chunk({}, "stop")],
        {"search_settings": {"include_domains": ["weather.example"]}},
    ),
    (
        "perplexity",
        "sonar",
        [chunk({"content": "Sunny."}, "stop", search_results=[PAGE], usage=USAGE)],
        {"search_domain_filter": ["weather.example"]},
    ),
]


def asked(server: Server, stream: bool, **fields: Any) -> Message:
    fields = {"max_tokens": 1000, "messages": HELLO, "tools": [SEARCH], **fields}
    with anthropic.Anthropic(base_url=server.url, api_key="local", max_retries=0) as client:
        if not stream:
            return client.messages.create(**fields)
        with client.messages.stream(**fields) as running:
            return running.get_final_message()


def as_body(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The same answer in one body."""
    message: dict[str, Any] = {"role": "assistant"}
    top: dict[str, Any] = {}
    for one in chunks:
        top |= {name: value for name, value in one.items() if name not in ("choices", "object")}
        for choice in one["choices"]:
            message |= choice["delta"]
    return {**top, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("type", "model", "said", "sent"), CASES)
def test_a_search_comes_back_with_its_sources(
    server: Server,
    provider: FakeUpstream,
    type: str,
    model: str,
    said: list[dict[str, Any]],
    sent: dict[str, Any],
    stream: bool,
) -> None:
    provider.enqueue(Stream([*said, b"data: [DONE]\n\n"]) if stream else Json(as_body(said)))
    with provider_of(server, "searching", provider.base_url, type=type, api_key="sk-other-0123456789"):
        message = asked(server, stream, model=f"searching/{model}")
    got = provider.requests[0].json
    assert {name: got[name] for name in sent} == sent
    assert message.stop_reason == "end_turn"
    assert message.usage.server_tool_use is not None
    assert message.usage.server_tool_use.web_search_requests == 1
    [search] = [block for block in message.content if isinstance(block, ServerToolUseBlock)]
    [found] = [block for block in message.content if isinstance(block, WebSearchToolResultBlock)]
    assert (search.name, found.tool_use_id) == ("web_search", search.id)
    assert isinstance(found.content, list)
    assert [(page.url, page.title) for page in found.content] == [(PAGE["url"], PAGE["title"])]
    [text] = [block for block in message.content if isinstance(block, TextBlock)]
    assert text.text == "Sunny."
    cited = [one.url for one in text.citations or [] if isinstance(one, CitationsWebSearchResultLocation)]
    assert cited == ([] if type == "groq" else [PAGE["url"]]), "Groq does not tell which pages it used"


def test_what_was_found_can_be_sent_back(server: Server, provider: FakeUpstream) -> None:
    _, model, said, _ = CASES[0]
    provider.enqueue(Json(as_body(said)), Json(as_body(said)))
    with provider_of(server, "searching", provider.base_url, type="openrouter", api_key="sk-other-0123456789"):
        first = asked(server, False, model=f"searching/{model}")
        history = [*HELLO, {"role": "assistant", "content": first.content}, {"role": "user", "content": "And Bonn?"}]
        asked(server, False, model=f"searching/{model}", messages=history)
    told = provider.requests[1].json["messages"][1]["content"]
    assert told.startswith("Sunny.")
    assert PAGE["url"] in told
    assert "ccp1" not in json.dumps(provider.requests[1].json)


@pytest.mark.parametrize("stream", [False, True])
def test_without_a_search_the_sdk_reads_the_error(server: Server, provider: FakeUpstream, stream: bool) -> None:
    message = asked(server, stream, model="fake/model-x")
    assert [block.type for block in message.content] == ["server_tool_use", "web_search_tool_result", "text"]
    found = message.content[1]
    assert isinstance(found, WebSearchToolResultBlock)
    assert not isinstance(found.content, list)
    assert found.content.error_code == "unavailable"
    assert provider.requests == []


def test_cohere_through_the_proxy(server: Server, provider: FakeUpstream) -> None:
    """A recorded stream, and a document that it cites under the id that it was given."""
    recordings = Path(__file__).parents[1] / "recordings" / "cohere"
    record = json.loads((recordings / "cohere-stream-200-reasoning-text-901a7cf3.json").read_text())
    stream = record["response_stream"].replace('"doc:0"', '"document.0.0"')
    provider.enqueue(Stream([stream.encode()]))
    facts = record["request"]["documents"][0]["data"]
    document = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": facts["text"]},
        "title": facts["title"],
        "citations": {"enabled": True},
    }
    messages = [{"role": "user", "content": [document, {"type": "text", "text": "Who created Ruby?"}]}]
    with provider_of(server, "co", provider.base_url.removesuffix("/v1"), type="cohere", api_key="co-0123456789"):
        message = asked(server, True, model="co/command-a-plus-05-2026", messages=messages, tools=[])
    assert provider.requests[0].path == "/v2/chat"
    assert provider.requests[0].headers["authorization"] == "Bearer co-0123456789"
    assert provider.requests[0].json["documents"] == [{"id": "document.0.0", "data": facts}]
    thinking, text = message.content
    assert thinking.type == "thinking"
    assert isinstance(text, TextBlock)
    assert text.citations is not None
    [citation] = text.citations
    assert citation.type == "char_location"
    assert (citation.document_index, citation.document_title) == (0, facts["title"])
    assert citation.cited_text == facts["text"]
    assert (message.usage.output_tokens, message.stop_reason) == (86, "end_turn")
