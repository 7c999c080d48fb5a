"""A real model behind the running proxy: the one of `make demo`, on llama.cpp's server.

What a model this small says is its own affair; what is asserted is what it cannot get wrong (forms, reasons, counts)
and, without randomness, what it has been seen to say in words that a change of ours would spoil.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import anthropic
import pydantic
import pytest
from anthropic import beta_tool
from anthropic.types import MessageParam, ToolParam

from deploy.demo import model, servers
from tests.live.sdk import provider_of, text_of
from tests.live.server import ROOT, Server

MODEL = f"real/{model.NAME}"
SURE: dict[str, Any] = {"temperature": 0}  # the SDK has no parameter for it any more
CONTEXT = 8192
# Shown how, it answers in one short sentence, whatever the weights are rounded to.
CAPITAL: list[MessageParam] = [
    {"role": "user", "content": "What is the capital of Italy?"},
    {"role": "assistant", "content": "The capital of Italy is Rome."},
    {"role": "user", "content": "What is the capital of Spain?"},
    {"role": "assistant", "content": "The capital of Spain is Madrid."},
    {"role": "user", "content": "What is the capital of France?"},
]
WEATHER: ToolParam = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
MULTIPLY: ToolParam = {
    "name": "multiply",
    "description": "Multiply two numbers",
    "input_schema": {
        "type": "object",
        "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
        "required": ["x", "y"],
    },
}


@pytest.fixture(scope="module")
def real_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The model's server, started as the demo does; gives its URL."""
    cache = model.cache_folder(os.environ)
    installed = model.Installed(model.environment(cache) / "bin" / "python", cache / Path(model.WEIGHTS).name)
    if not (model.environment(cache) / "complete").exists() or not installed.weights.exists():
        pytest.skip("the demo's model has not been fetched on this machine: `make demo` or `make test` does")
    folder = tmp_path_factory.mktemp("model")
    address, demo = folder / "address", ROOT / "deploy" / "demo"
    command = [installed.python, demo / "model_server.py", installed.weights, demo / "chat_template.jinja"]
    started = servers.start(
        "The model's server",
        [*map(str, command), model.NAME, str(address)],
        folder / "log",
        {"PATH": os.environ.get("PATH", os.defpath)},
    )
    try:
        started.wait_until(address.exists, 60)
        url = address.read_text()
        started.wait_until(lambda: servers.answers(urlsplit(url).port or 0, "/health"), 30)
        yield url
    finally:
        started.end(1)


@pytest.fixture(scope="module", autouse=True)
def _real(server: Server, real_model: str) -> Iterator[None]:
    with provider_of(server, "real", real_model, type="llamacpp"):
        yield


@pytest.mark.parametrize("stream", [False, True])
def test_a_text(client: anthropic.Anthropic, server: Server, stream: bool) -> None:
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 30, "messages": CAPITAL, "extra_body": SURE}
    if stream:
        with client.messages.stream(**asked) as running:
            pieces = list(running.text_stream)
            message = running.get_final_message()
        assert len(pieces) > 3
        assert "".join(pieces) == text_of(message)
    else:
        message = client.messages.create(**asked)
    assert "Paris" in text_of(message)
    assert (message.model, message.stop_reason) == (MODEL, "end_turn")
    used = message.usage
    # its server keeps prompts: what it has read before counts as cached
    assert used.input_tokens + used.cache_read_input_tokens > 60
    assert 0 < message.usage.output_tokens < 30
    if not stream:
        row = server.row(str(message._request_id))
        assert (row["output_tokens"], row["usage_estimated"]) == (message.usage.output_tokens, 0)


def test_a_tool_there_and_back(client: anthropic.Anthropic) -> None:
    """Streamed, and the first call is one that was demanded by its name."""
    conversation: list[MessageParam] = [{"role": "user", "content": "Multiply 3 by 4. How is the weather in Paris?"}]

    def turn(**more: Any) -> Any:
        asked: dict[str, Any] = {"model": MODEL, "max_tokens": 60, "messages": conversation, **more}
        with client.messages.stream(**asked, tools=[WEATHER, MULTIPLY], extra_body=SURE) as running:
            return running.get_final_message()

    called = turn(tool_choice={"type": "tool", "name": "get_weather"})
    assert called.stop_reason == "tool_use"
    [call] = [block for block in called.content if block.type == "tool_use"]
    assert call.name == "get_weather"
    assert set(call.input) == {"city"}
    conversation += [
        {"role": "assistant", "content": called.content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "Sunny, 21 degrees"}]},
    ]
    told = turn()
    assert told.stop_reason == "end_turn"
    assert "21" in text_of(told)


def test_the_tool_runner(client: anthropic.Anthropic) -> None:
    cities: list[str] = []

    @beta_tool
    def get_weather(city: str) -> str:
        """The weather in a city."""
        cities.append(city)
        return "Sunny, 21 degrees"

    runner = client.beta.messages.tool_runner(
        model=MODEL,
        max_tokens=100,
        max_iterations=3,
        messages=[{"role": "user", "content": "What is the weather in Paris?"}],
        tools=[get_weather],
        extra_body=SURE,
    )
    assert "21" in text_of(runner.until_done())
    assert cities == ["Paris"]


class Review(pydantic.BaseModel):
    verdict: Literal["good", "bad"]
    stars: Literal[1, 2, 3, 4, 5]


def test_structured_output(client: anthropic.Anthropic) -> None:
    """The server's grammar makes even this model keep to a schema: the schema must have reached it."""
    message = client.messages.parse(
        model=MODEL,
        max_tokens=100,
        messages=[{"role": "user", "content": "Review this: I loved every minute of it."}],
        output_format=Review,
        extra_body=SURE,
    )
    assert isinstance(message.parsed_output, Review)
    assert set(json.loads(text_of(message))) == {"verdict", "stars"}


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_sequence(client: anthropic.Anthropic, stream: bool) -> None:
    """llama.cpp does not say that it met one, so it is an ordinary end; the text ends before it."""
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 30, "messages": CAPITAL, "extra_body": SURE}
    asked["stop_sequences"] = ["Paris"]
    if stream:
        with client.messages.stream(**asked) as running:
            message: Any = running.get_final_message()
    else:
        message = client.messages.create(**asked)
    assert text_of(message).rstrip() == "The capital of France is"
    assert message.stop_reason == "end_turn"


@pytest.mark.parametrize("stream", [False, True])
def test_max_tokens(client: anthropic.Anthropic, stream: bool) -> None:
    asked: dict[str, Any] = {
        "model": MODEL,
        "max_tokens": 8,
        "messages": [{"role": "user", "content": "Tell me a long story about a dragon."}],
    }
    if stream:
        with client.messages.stream(**asked) as running:
            message: Any = running.get_final_message()
    else:
        message = client.messages.create(**asked)
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 8)


def test_the_count_comes_near_the_usage(client: anthropic.Anthropic) -> None:
    """The bound is wide: one text is one sample, and this model's vocabulary is small."""
    text = (ROOT / "docs" / "index.md").read_text()[:1500]
    question: list[MessageParam] = [{"role": "user", "content": text}]
    counted = client.messages.count_tokens(model=MODEL, messages=question).input_tokens
    used = client.messages.create(model=MODEL, max_tokens=1, messages=question).usage
    real = used.input_tokens + (used.cache_read_input_tokens or 0) + (used.cache_creation_input_tokens or 0)
    assert 0.6 < counted / real < 1.67, (counted, real)


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_over_the_context(client: anthropic.Anthropic, stream: bool) -> None:
    words: list[MessageParam] = [{"role": "user", "content": "word " * (CONTEXT + 500)}]
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(model=MODEL, max_tokens=10, messages=words, stream=stream)
    assert caught.value.type == "invalid_request_error"
    said = str(caught.value.api_message)
    assert said.startswith("prompt is too long: "), said
    tokens, maximum = (int(part.split()[0]) for part in said.removeprefix("prompt is too long: ").split(" > "))
    assert tokens > maximum == CONTEXT


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["openai-responses", "llamacpp-anthropic"])
def test_its_other_apis_say_the_same(
    client: anthropic.Anthropic, server: Server, real_model: str, kind: str, stream: bool
) -> None:
    """A second opinion: the server reads Responses and Messages too, so what we made of the request is the same."""

    def answer(model: str, **asked: Any) -> Any:
        fields: dict[str, Any] = {"model": model, "max_tokens": 40, "extra_body": SURE, **asked}
        if not stream:
            return client.messages.create(**fields)
        with client.messages.stream(**fields) as running:
            return running.get_final_message()

    def said(message: Any) -> list[Any]:
        return [
            (block.name, block.input) if block.type == "tool_use" else block.text
            for block in message.content
            if block.type in ("text", "tool_use")
        ]

    called: dict[str, Any] = {
        "tools": [WEATHER, MULTIPLY],
        "tool_choice": {"type": "any"},
        "messages": [{"role": "user", "content": "How is the weather in Paris?"}],
    }
    with provider_of(server, "other", real_model, type=kind):
        for asked in ({"messages": CAPITAL}, {"messages": CAPITAL, "system": "Answer in French."}, called):
            here, there = answer(MODEL, **asked), answer(f"other/{model.NAME}", **asked)
            assert said(here) == said(there)
            assert here.stop_reason == there.stop_reason
            assert _prompt(here.usage) == _prompt(there.usage)


def _prompt(used: Any) -> int:
    found: int = used.input_tokens + (used.cache_read_input_tokens or 0) + (used.cache_creation_input_tokens or 0)
    return found


def test_the_models_own_list(client: anthropic.Anthropic) -> None:
    found = client.models.retrieve(MODEL)
    assert (found.id, found.display_name) == (MODEL, model.NAME)
