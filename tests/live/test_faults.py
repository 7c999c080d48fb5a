"""Faults as somebody else imagines them: LLMock breaks each API on demand, the Python SDK is told the truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.live.server import Server
from tests.live.third_parties import LLMock, llmock

# Provider type, where LLMock imitates it, and a model of it.
APIS = [
    ("openai-chat", "/v1", "gpt-4o"),
    ("mistral", "/mistral/v1", "mistral-small-latest"),
    ("groq", "/groq/openai/v1", "openai/gpt-oss-20b"),
    ("together", "/together/v1", "some/model"),
    ("openai-responses", "/v1", "gpt-5"),
    ("anthropic", "/anthropic", "claude-sonnet-4-5"),
    ("gemini", "/gemini/v1beta", "gemini-2.5-flash"),
    ("cohere", "/cohere", "command-a-03-2025"),
]
TOOLS: list[Any] = [
    {
        "name": "get_weather",
        "description": "The weather in a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]
COUNTED = "One two three four five six seven eight nine ten."

pytestmark = pytest.mark.parametrize("model", [f"llmock-{kind}/{model}" for kind, _, model in APIS])


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[LLMock]:
    with llmock(tmp_path_factory.mktemp("llmock")) as running:
        for kind, path, _ in APIS:
            server.add_provider(f"llmock-{kind}", running.url + path, type=kind, api_key="any-key-will-do")
        yield running
        for kind, _, _ in APIS:
            server.request("DELETE", f"/providers/llmock-{kind}")


@pytest.fixture
def mock(_running: LLMock) -> LLMock:
    _running.forget()
    return _running


def ask(model: str, **fields: Any) -> dict[str, Any]:
    return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "Is it warm?"}]} | fields


def streamed(client: anthropic.Anthropic, model: str, **fields: Any) -> anthropic.types.Message:
    with client.messages.stream(**ask(model, **fields)) as stream:
        return stream.get_final_message()


def test_text(client: anthropic.Anthropic, mock: LLMock, model: str) -> None:
    mock.play(type="reply", text="It is warm indeed.")
    whole = client.messages.create(**ask(model))
    mock.play(type="reply", text="It is warm indeed.")
    stream = streamed(client, model)
    for message in (whole, stream):
        assert [block.text for block in message.content if block.type == "text"] == ["It is warm indeed."]
        assert message.stop_reason == "end_turn"
        assert message.usage.output_tokens > 0
        assert message.model == model


@pytest.mark.parametrize("streaming", [False, True])
def test_a_tool_and_its_result(client: anthropic.Anthropic, mock: LLMock, model: str, streaming: bool) -> None:
    mock.play(type="reply", tool_calls=[{"name": "get_weather", "arguments": {"city": "Paris"}}])
    asked = streamed(client, model, tools=TOOLS) if streaming else client.messages.create(**ask(model, tools=TOOLS))
    [call] = [block for block in asked.content if block.type == "tool_use"]
    assert (call.name, call.input, asked.stop_reason) == ("get_weather", {"city": "Paris"}, "tool_use")
    turns = [
        {"role": "user", "content": "Is it warm?"},
        {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in asked.content]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "30 degrees"}]},
    ]
    answer = client.messages.create(**ask(model, tools=TOOLS, messages=turns))
    assert [block.type for block in answer.content] == ["text"]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("status", "error", "retry"),
    [
        (400, anthropic.BadRequestError, None),
        (401, anthropic.AuthenticationError, "false"),
        (403, anthropic.PermissionDeniedError, None),
        (404, anthropic.NotFoundError, None),
        (429, anthropic.RateLimitError, None),
        (500, anthropic.InternalServerError, None),
        (503, anthropic.InternalServerError, None),
    ],
)
def test_an_error_keeps_its_status(
    client: anthropic.Anthropic,
    mock: LLMock,
    model: str,
    streaming: bool,
    status: int,
    error: type[anthropic.APIStatusError],
    retry: str | None,
) -> None:
    mock.play(type="fail", status=status, retry_after=7)
    with pytest.raises(error) as caught:
        streamed(client, model) if streaming else client.messages.create(**ask(model))
    assert caught.value.response.headers.get("x-should-retry") == retry
    assert caught.value.response.headers.get("retry-after") == ("7" if status >= 429 else None)
    assert caught.value.request_id


@pytest.mark.parametrize("kind", ["disconnect", "truncate", "malformed"])
def test_a_broken_stream_is_no_answer(client: anthropic.Anthropic, mock: LLMock, model: str, kind: str) -> None:
    mock.play(type="reply", text=COUNTED)
    mock.play(type="stream_fault", kind=kind, after_chunks=3)
    if kind == "malformed" and "responses" in model:
        # That API says everything twice, so the end of the stream makes up for an event that cannot be read.
        assert [block.text for block in streamed(client, model).content if block.type == "text"] == [COUNTED]
        return
    # Where the Messages API is relayed the fault comes behind an empty block, so nothing was said before it either.
    with pytest.raises(anthropic.APIStatusError):
        streamed(client, model)
