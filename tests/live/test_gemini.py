"""A provider that speaks Gemini's API, behind the running proxy, with the Python SDK and as Claude Code asks."""

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
from tests.translate.wire.gemini import answers

MODEL = "gem/gemini-3-pro-preview"
WEATHER: dict[str, Any] = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
THOUGHT = {"text": "The weather, then.", "thought": True}
CALL = answers.call("get_weather", "c2lnbmVk", city="Ulm")
PAGE = "https://weather.example/ulm"
TOLD = {"text": "Sunny."}
SOURCES = {
    "webSearchQueries": ["weather Ulm"],
    "groundingChunks": [{"web": {"uri": PAGE, "title": "Ulm"}}],
    "groundingSupports": [{"segment": {"endIndex": 6, "text": "Sunny."}, "groundingChunkIndices": [0]}],
}
OVERLOADED = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


def answered(form: str, *parts: dict[str, Any], **beside: Any) -> Json | Stream:
    """These parts as a body, as an array of chunks, or as a stream."""
    end = answers.chunk(finish="STOP", **beside) | {"usageMetadata": answers.USAGE}
    match form:
        case "body":
            return Json(answers.chunk(*parts, finish="STOP", **beside) | {"usageMetadata": answers.USAGE})
        case "array":
            return Json([*(answers.chunk(part) for part in parts), end])
        case _:
            return Stream([*(answers.chunk(part) for part in parts), end])


@pytest.fixture(scope="module")
def _gemini(server: Server) -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream, provider_of(server, "gem", upstream.base_url, type="gemini", api_key="AIza-x"):
        yield upstream


@pytest.fixture
def upstream(_gemini: FakeUpstream) -> FakeUpstream:
    """Google, with nothing scripted and nothing remembered."""
    _gemini.forget()
    return _gemini


def ask(client: anthropic.Anthropic, form: str, **fields: Any) -> Any:
    """One turn, whole or streamed."""
    fields = {"model": MODEL, "max_tokens": 1000, **fields}
    if form == "body":
        return client.messages.create(**fields)
    with client.messages.stream(**fields) as running:
        return running.get_final_message()


FORMS = pytest.mark.parametrize("form", ["body", "stream", "array"])


@FORMS
@pytest.mark.parametrize("thinking", [True, False])
@pytest.mark.parametrize("sent_back", ["all", "without thinking"])
def test_signed_calls_over_two_turns(
    client: anthropic.Anthropic, upstream: FakeUpstream, form: str, thinking: bool, sent_back: str
) -> None:
    parts = [THOUGHT, CALL] if thinking else [CALL]
    upstream.enqueue(answered(form, *parts), answered(form, TOLD))
    conversation: list[Any] = [{"role": "user", "content": "What is the weather in Ulm?"}]
    called = ask(client, form, messages=conversation, tools=[WEATHER])
    assert called.stop_reason == "tool_use"
    assert [block.type for block in called.content] == ["thinking", "tool_use"]
    assert called.content[0].thinking == (THOUGHT["text"] if thinking else "")
    assert called.content[1].input == {"city": "Ulm"}
    assert (called.usage.input_tokens, called.usage.output_tokens) == (20, 8)
    content = called.content if sent_back == "all" else called.content[1:]
    result = {"type": "tool_result", "tool_use_id": called.content[1].id, "content": "sunny"}
    conversation += [{"role": "assistant", "content": content}, {"role": "user", "content": [result]}]
    assert text_of(ask(client, form, messages=conversation, tools=[WEATHER])) == "Sunny."
    [said] = [one["parts"] for one in upstream.requests[1].json["contents"] if one["role"] == "model"]
    assert said[-1]["functionCall"]["name"] == "get_weather"
    assert said[-1]["thoughtSignature"] == "c2lnbmVk"
    assert b"ccp1" not in upstream.requests[1].body


@FORMS
def test_a_web_search_shows_its_sources(client: anthropic.Anthropic, upstream: FakeUpstream, form: str) -> None:
    upstream.enqueue(answered(form, TOLD, groundingMetadata=SOURCES))
    found = ask(client, form, messages=HELLO, tools=[{"type": "web_search_20250305", "name": "web_search"}])
    blocks = {block.type: block for block in found.content}
    assert set(blocks) == {"server_tool_use", "web_search_tool_result", "text"}
    assert blocks["server_tool_use"].input == {"query": "weather Ulm"}
    assert [page.url for page in blocks["web_search_tool_result"].content] == [PAGE]
    assert [cited.url for cited in blocks["text"].citations] == [PAGE]
    assert found.usage.server_tool_use.web_search_requests == 1
    assert upstream.requests[0].json["tools"] == [{"googleSearch": {}}]


def test_claude_codes_search_shows_its_sources(server: Server, upstream: FakeUpstream, shared: Path) -> None:
    upstream.enqueue(answered("stream", TOLD, groundingMetadata=SOURCES))
    body = json.loads((shared / "clients" / "cc_websearch_request.json").read_text()) | {"model": MODEL}
    status, data, _ = server.request("POST", "/v1/messages?beta=true", body)
    assert status == 200, data
    said = grammar.check(grammar.frames(data.encode()))
    assert said.kinds == ["text", "server_tool_use", "web_search_tool_result"]
    assert said.blocks[2]["content"][0]["url"] == PAGE


@FORMS
def test_a_blocked_prompt_is_a_refusal(client: anthropic.Anthropic, upstream: FakeUpstream, form: str) -> None:
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": answers.USAGE}
    upstream.enqueue({"body": Json(blocked), "array": Json([blocked])}.get(form, Stream([blocked])))
    found = ask(client, form, messages=HELLO)
    assert (found.stop_reason, text_of(found)) == (
        "refusal",
        "The provider blocked this prompt (PROHIBITED_CONTENT).",
    )


@pytest.mark.parametrize("answer", [Stream([OVERLOADED]), Json([OVERLOADED]), Json(OVERLOADED, status=503)])
def test_an_early_failure_keeps_its_status(client: anthropic.Anthropic, upstream: FakeUpstream, answer: Any) -> None:
    upstream.enqueue(answer)
    with pytest.raises(anthropic.APIStatusError, match="overloaded") as caught:
        ask(client.with_options(max_retries=0), "stream", messages=HELLO)
    assert caught.value.status_code == 529


def test_a_failure_after_text_ends_the_stream(client: anthropic.Anthropic, upstream: FakeUpstream) -> None:
    heard = threading.Event()
    upstream.enqueue(Stream([*answers.text("one"), Until(heard), OVERLOADED]))
    with client.messages.stream(model=MODEL, max_tokens=10, messages=HELLO) as running:
        assert next(running.text_stream) == "one"
        heard.set()
        with pytest.raises(anthropic.APIStatusError, match="overloaded"):
            running.until_done()
