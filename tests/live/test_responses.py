"""A provider that speaks the Responses API, behind the running proxy, with the Python SDK and as Claude Code asks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest

from tests.fake_upstream import FakeUpstream, Json, Stream, Until
from tests.live.sdk import HELLO, provider_of, text_of
from tests.live.server import Server
from tests.translate import grammar
from tests.translate.wire.openai_responses import streams

WEATHER: dict[str, Any] = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "The weather, then."}],
    "encrypted_content": "gAAA-sealed",
}
CALL = streams.call('{"city":"Ulm"}')
PAGE = "https://weather.example/ulm"
SEARCHED = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "weather Ulm", "sources": [{"type": "url", "url": PAGE}]},
}
NOTE = {"type": "url_citation", "url": PAGE, "title": "Ulm", "start_index": 0, "end_index": 5}
TOLD = streams.message("Sunny.", annotations=[NOTE])


def whole(*output: dict[str, Any]) -> Json:
    """A body with these items."""
    return Json({"object": "response", "status": "completed", "output": list(output), "usage": streams.USAGE})


def streamed(*output: dict[str, Any]) -> Stream:
    """A stream of these items, told whole."""
    items = [streams.done(item, at) for at, item in enumerate(output)]
    return Stream([streams.CREATED, *items, streams.ended(*output)])


def answered(stream: bool, *output: dict[str, Any]) -> Json | Stream:
    """These items, whole or streamed."""
    return streamed(*output) if stream else whole(*output)


@pytest.fixture(scope="module")
def _responses(server: Server) -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream, provider_of(server, "resp", upstream.base_url, type="openai", api_key="sk-x"):
        yield upstream


@pytest.fixture
def upstream(_responses: FakeUpstream) -> FakeUpstream:
    """OpenAI, with nothing scripted and nothing remembered."""
    _responses.forget()
    return _responses


def ask(client: anthropic.Anthropic, stream: bool, **fields: Any) -> Any:
    """One turn, whole or streamed: both must give the same message."""
    fields = {"model": "resp/gpt-5.5", "max_tokens": 1000, **fields}
    if not stream:
        return client.messages.create(**fields)
    with client.messages.stream(**fields) as running:
        return running.get_final_message()


@pytest.mark.parametrize("stream", [False, True])
def test_reasoning_and_calls_over_two_turns(client: anthropic.Anthropic, upstream: FakeUpstream, stream: bool) -> None:
    upstream.enqueue(answered(stream, THOUGHT, CALL), answered(stream, TOLD))
    conversation: list[Any] = [{"role": "user", "content": "What is the weather in Ulm?"}]
    called = ask(client, stream, messages=conversation, tools=[WEATHER])
    assert called.stop_reason == "tool_use"
    assert [block.type for block in called.content] == ["thinking", "tool_use"]
    assert called.content[0].thinking == "The weather, then."
    assert called.content[1].input == {"city": "Ulm"}
    assert (called.usage.input_tokens, called.usage.cache_read_input_tokens) == (16, 4)
    result = {"type": "tool_result", "tool_use_id": called.content[1].id, "content": "sunny"}
    conversation += [{"role": "assistant", "content": called.content}, {"role": "user", "content": [result]}]
    assert text_of(ask(client, stream, messages=conversation, tools=[WEATHER])) == "Sunny."
    first, second = upstream.requests
    assert first.path == "/v1/responses"
    assert "reasoning.encrypted_content" in first.json["include"]
    assert first.json["store"] is False
    sent = second.json["input"][-3:]
    assert [item["type"] for item in sent] == ["reasoning", "function_call", "function_call_output"]
    assert sent[0]["encrypted_content"] == "gAAA-sealed"
    assert (sent[1]["call_id"], sent[2]["call_id"]) == ("call_1", "call_1")


@pytest.mark.parametrize("stream", [False, True])
def test_a_web_search_shows_its_sources(client: anthropic.Anthropic, upstream: FakeUpstream, stream: bool) -> None:
    upstream.enqueue(answered(stream, SEARCHED, TOLD))
    tool = {"type": "web_search_20250305", "name": "web_search"}
    found = ask(client, stream, messages=HELLO, tools=[tool])
    assert [block.type for block in found.content] == ["server_tool_use", "web_search_tool_result", "text"]
    assert found.content[0].input == {"query": "weather Ulm"}
    assert [page.url for page in found.content[1].content] == [PAGE]
    assert [cited.url for cited in found.content[2].citations] == [PAGE]
    assert found.usage.server_tool_use.web_search_requests == 1
    assert upstream.requests[0].json["tools"][0]["type"] == "web_search"


def test_claude_codes_search_shows_its_sources(server: Server, upstream: FakeUpstream, shared: Path) -> None:
    upstream.enqueue(streamed(SEARCHED, TOLD))
    body = json.loads((shared / "clients" / "cc_websearch_request.json").read_text()) | {"model": "resp/gpt-5.5"}
    status, data, _ = server.request("POST", "/v1/messages?beta=true", body)
    assert status == 200, data
    said = grammar.check(grammar.frames(data.encode()))
    assert said.kinds == ["server_tool_use", "web_search_tool_result", "text"]
    assert said.blocks[1]["content"][0]["url"] == PAGE


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_keeps_its_status(client: anthropic.Anthropic, upstream: FakeUpstream, stream: bool) -> None:
    failed = {"status": "failed", "output": [], "error": {"code": "rate_limit_exceeded", "message": "slow down"}}
    upstream.enqueue(Stream([streams.CREATED, streams.event("failed", response=failed)]) if stream else Json(failed))
    with pytest.raises(anthropic.RateLimitError, match="slow down"):
        ask(client, stream, messages=HELLO)


def test_a_failure_after_text_ends_the_stream(client: anthropic.Anthropic, upstream: FakeUpstream) -> None:
    failed = streams.event("failed", response={"error": {"code": "server_error", "message": "broken"}})
    heard = threading.Event()
    upstream.enqueue(Stream([streams.CREATED, streams.text("one"), Until(heard), failed]))
    with client.messages.stream(model="resp/gpt-5.5", max_tokens=10, messages=HELLO) as running:
        assert next(running.text_stream) == "one"
        heard.set()
        with pytest.raises(anthropic.APIStatusError, match="broken"):
            running.until_done()
