"""Amazon Bedrock behind the running proxy: its binary streams, its exceptions, and requests that are signed."""

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
from tests.translate.wire.bedrock_converse import streams

MODEL = "aws/us.amazon.nova-2-lite-v1:0"
PATH = "/model/us.amazon.nova-2-lite-v1%3A0"
KIND = {"Content-Type": "application/vnd.amazon.eventstream"}
PAIR = "EXAMPLEACCESSKEY0000:not-a-secret-not-a-secret-not-a-secret"
WEATHER: dict[str, Any] = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PAGE = "https://weather.example/ulm"


def streamed(*pieces: Any, **more: Any) -> Stream:
    """Frames of an event stream, each in a piece of its own."""
    return Stream([*pieces], headers=KIND, **more)


def answered(*blocks: dict[str, Any], reason: str = "end_turn") -> Json:
    """A whole answer."""
    message = {"role": "assistant", "content": list(blocks)}
    return Json({"output": {"message": message}, "stopReason": reason, "usage": streams.USAGE})


@pytest.fixture(scope="module")
def _bedrock(server: Server) -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        url = upstream.base_url.removesuffix("/v1")
        with (
            provider_of(server, "aws", url, type="bedrock", api_key="bedrock-api-key-x"),
            provider_of(server, "signed", url, type="bedrock", api_key=PAIR, options={"region": "eu-west-1"}),
            provider_of(server, "claude", url, type="bedrock", api_key="x", options={"api": "converse"}),
        ):
            yield upstream


@pytest.fixture
def upstream(_bedrock: FakeUpstream) -> FakeUpstream:
    """Amazon, with nothing scripted and nothing remembered."""
    _bedrock.forget()
    return _bedrock


@pytest.mark.parametrize("drip", [None, 1, 7])
def test_a_stream(client: anthropic.Anthropic, upstream: FakeUpstream, drip: int | None) -> None:
    pieces = [streams.text("Hel"), streams.text("lo"), streams.stop(), streams.ended(), streams.told()]
    upstream.enqueue(streamed(*pieces, drip=drip))
    with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as running:
        found = running.get_final_message()
    assert (text_of(found), found.stop_reason, found.usage.output_tokens) == ("Hello", "end_turn", 5)
    (received,) = upstream.requests
    assert (received.method, received.path) == ("POST", PATH + "/converse-stream")
    assert received.headers["authorization"] == "Bearer bedrock-api-key-x"


def test_a_call_over_two_turns(client: anthropic.Anthropic, upstream: FakeUpstream) -> None:
    thought = {"reasoningContent": {"reasoningText": {"text": "Ulm, then.", "signature": "c2ln"}}}
    call = {"toolUse": {"toolUseId": "tooluse_1", "name": "get_weather", "input": {"city": "Ulm"}}}
    upstream.enqueue(answered(thought, call, reason="tool_use"), answered({"text": "Sunny."}))
    talk: list[Any] = [{"role": "user", "content": "What is the weather in Ulm?"}]
    called = client.messages.create(model=MODEL, max_tokens=100, messages=talk, tools=[WEATHER])  # type: ignore[list-item]
    assert [block.type for block in called.content] == ["thinking", "tool_use"]
    result = {"type": "tool_result", "tool_use_id": "tooluse_1", "content": "sunny"}
    talk += [{"role": "assistant", "content": called.content}, {"role": "user", "content": [result]}]
    told = client.messages.create(model=MODEL, max_tokens=100, messages=talk)
    assert text_of(told) == "Sunny."
    second = upstream.requests[1].json
    assert second["messages"][1]["content"] == [thought, call]
    assert [tool["toolSpec"]["name"] for tool in second["toolConfig"]["tools"]] == ["get_weather"]


def test_requests_are_signed_for_their_region(client: anthropic.Anthropic, upstream: FakeUpstream) -> None:
    upstream.enqueue(answered({"text": "Hi"}))
    client.messages.create(model=MODEL.replace("aws", "signed"), max_tokens=100, messages=HELLO)
    headers = upstream.requests[0].headers
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=EXAMPLEACCESSKEY0000/")
    assert "/eu-west-1/bedrock/aws4_request" in headers["authorization"]
    assert "x-amz-date" in headers


def test_an_exception_before_the_answer_keeps_its_status(client: anthropic.Anthropic, upstream: FakeUpstream) -> None:
    upstream.enqueue(streamed(streams.exception("throttlingException", "Too many tokens, please wait.")))
    with (
        pytest.raises(anthropic.RateLimitError, match="Too many tokens"),
        client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as running,
    ):
        running.get_final_message()


@pytest.mark.parametrize("last", [streams.exception("modelStreamErrorException"), b"nonsense" * 9])
def test_a_failure_in_the_answer_is_told(client: anthropic.Anthropic, upstream: FakeUpstream, last: bytes) -> None:
    heard = threading.Event()
    upstream.enqueue(streamed(streams.text("Hel"), Until(heard), last))
    with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as running:
        words = running.text_stream
        assert next(words) == "Hel"
        heard.set()
        with pytest.raises(anthropic.APIStatusError, match="api_error"):
            next(words)


@pytest.mark.parametrize(
    ("status", "name", "message", "kind", "words"),
    [
        (400, "ValidationException", "Input is too long for requested model.", anthropic.BadRequestError, "prompt is"),
        (403, "InvalidSignatureException", "Signature expired", anthropic.AuthenticationError, "refused its API key"),
        (404, "ResourceNotFoundException", "end of its life", anthropic.NotFoundError, "end of its life"),
        (503, "ServiceUnavailableException", "Try again", anthropic.APIStatusError, "Try again"),
    ],
)
def test_refusals(
    client: anthropic.Anthropic,
    upstream: FakeUpstream,
    status: int,
    name: str,
    message: str,
    kind: type[Exception],
    words: str,
) -> None:
    headers = {"x-amzn-ErrorType": f"{name}:http://internal.amazon.com/coral/com.amazon.bedrock/"}
    upstream.enqueue(Json({"message": message}, status=status, headers=headers))
    with pytest.raises(kind, match=words) as caught:
        client.messages.create(model=MODEL, max_tokens=100, messages=HELLO)
    assert isinstance(caught.value, anthropic.APIStatusError)
    assert caught.value.status_code == {403: 401, 503: 529}.get(status, status)


def test_claude_codes_search_shows_its_sources(server: Server, upstream: FakeUpstream, shared: Path) -> None:
    search = streams.call(0, '{"query":"weather"}', name="nova_grounding", type="server_tool_use")
    source = {"title": "Ulm", "location": {"web": {"url": PAGE, "domain": "weather.example"}}}
    pieces = [search, streams.text("Sunny.", 1), streams.delta(2, citation=source), streams.stop(2)]
    upstream.enqueue(streamed(streams.whole(*pieces)))
    body = json.loads((shared / "clients" / "cc_websearch_request.json").read_text()) | {"model": MODEL}
    status, data, _ = server.request("POST", "/v1/messages?beta=true", body)
    assert status == 200, data
    said = grammar.check(grammar.frames(data.encode()))
    assert said.kinds == ["server_tool_use", "text", "web_search_tool_result"]
    assert said.blocks[1]["citations"][0]["url"] == PAGE
    assert said.blocks[2]["content"][0]["url"] == PAGE
    assert upstream.requests[0].json["toolConfig"]["tools"] == [{"systemTool": {"name": "nova_grounding"}}]


def test_claudes_tokens_are_counted(client: anthropic.Anthropic, upstream: FakeUpstream) -> None:
    upstream.enqueue(Json({"inputTokens": 11}))
    model = "claude/us.anthropic.claude-sonnet-4-20250514-v1:0"
    assert client.messages.count_tokens(model=model, messages=HELLO).input_tokens == 11
    assert upstream.requests[0].path == "/model/anthropic.claude-sonnet-4-20250514-v1%3A0/count-tokens"
