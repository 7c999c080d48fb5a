"""The Python SDK's tools, tool runner and thinking, over several turns, against the running proxy."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import anthropic
import pytest
from anthropic import beta_async_tool, beta_tool
from anthropic.types import MessageParam, ToolParam

from tests.fake_upstream import FakeUpstream, Reply
from tests.live.sdk import HELLO, MODEL, provider_of, text_of
from tests.live.server import Server, until

WEATHER: ToolParam = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
TIME: ToolParam = {"name": "get_time", "description": "The time", "input_schema": {"type": "object"}}
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccfc0f01f0005"
        "0001ff5c8b2d3b0000000049454e44ae426082"
    )
).decode()


def ask(client: anthropic.Anthropic, stream: bool, **fields: Any) -> Any:
    """One turn, whole or streamed: both must give the same message."""
    fields = {"model": MODEL, "max_tokens": 1000, **fields}
    if not stream:
        return client.messages.create(**fields)
    with client.messages.stream(**fields) as running:
        return running.get_final_message()


@pytest.mark.parametrize("stream", [False, True])
def test_tools_over_several_turns(client: anthropic.Anthropic, provider: FakeUpstream, stream: bool) -> None:
    provider.enqueue(
        Reply(
            "Let me look.",
            calls=(
                ("call_a1", "get_weather", {"city": "Ulm"}),
                ("call_b2", "get_weather", {"city": "Köln"}),
                ("call_c3", "get_time", {}),
            ),
        ),
        Reply("", calls=(("call_d4", "get_weather", {"city": "Bonn"}),)),
        Reply("Sunny in Ulm."),
    )
    conversation: list[MessageParam] = [{"role": "user", "content": "What is the weather?"}]
    called = ask(client, stream, messages=conversation, tools=[WEATHER, TIME])
    assert called.stop_reason == "tool_use"
    assert [block.type for block in called.content] == ["text", "tool_use", "tool_use", "tool_use"]
    first, second, third = called.content[1:]
    assert (first.id, first.name, first.input) == ("call_a1", "get_weather", {"city": "Ulm"})
    assert (second.input, third.input) == ({"city": "Köln"}, {})

    # out of order, one failed, one with a picture, and text behind them
    conversation += [
        {"role": "assistant", "content": called.content},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": third.id, "content": "12:00"},
                {"type": "tool_result", "tool_use_id": second.id, "content": "no such city", "is_error": True},
                {
                    "type": "tool_result",
                    "tool_use_id": first.id,
                    "content": [
                        {"type": "text", "text": "sunny"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    ],
                },
                {"type": "text", "text": "Go on."},
            ],
        },
    ]
    again = ask(client, stream, messages=conversation, tools=[WEATHER, TIME])
    assert again.stop_reason == "tool_use"
    assert [block.type for block in again.content] == ["tool_use"]
    conversation += [
        {"role": "assistant", "content": again.content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": again.content[0].id}]},
    ]
    told = ask(client, stream, messages=conversation, tools=[WEATHER, TIME])
    assert (told.stop_reason, text_of(told)) == ("end_turn", "Sunny in Ulm.")

    sent = provider.requests[2].json["messages"]
    assert [turn["role"] for turn in sent] == ["user", "assistant", "tool", "tool", "tool", "user", "assistant", "tool"]
    calls = sent[1]["tool_calls"]
    assert [call["id"] for call in calls] == ["call_a1", "call_b2", "call_c3"]
    results = {turn["tool_call_id"]: turn["content"] for turn in sent if turn["role"] == "tool"}
    assert set(results) == {"call_a1", "call_b2", "call_c3", "call_d4"}
    assert "sunny" in str(results["call_a1"])
    assert "Error: no such city" in str(results["call_b2"])
    assert results["call_d4"], "a result must not be empty"
    pictures = [part for part in sent[5]["content"] if part["type"] == "image_url"]
    assert [part["image_url"]["url"] for part in pictures] == [f"data:image/png;base64,{PIXEL}"]
    assert "Go on." in str(sent[5]["content"])


def test_tool_input_arrives_piece_by_piece(client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    provider.enqueue(Reply("", calls=(("call_1", "get_weather", {"city": "Ulm"}),)))
    with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO, tools=[WEATHER]) as stream:
        pieces = [event for event in stream if event.type == "input_json"]
    assert len(pieces) > 1
    assert "".join(event.partial_json for event in pieces) == '{"city": "Ulm"}'
    assert pieces[-1].snapshot == {"city": "Ulm"}


# --- the tool runner ----------------------------------------------------------------------------------------------


@beta_tool
def add(a: int, b: int) -> str:
    """Add two numbers.

    Args:
        a: The first.
        b: The second.
    """
    return str(a + b)


@beta_async_tool
async def multiply(a: int, b: int) -> str:
    """Multiply two numbers.

    Args:
        a: The first.
        b: The second.
    """
    await asyncio.sleep(0)
    return str(a * b)


def script_sums(provider: FakeUpstream, name: str) -> None:
    provider.enqueue(
        Reply("", calls=(("call_1", name, {"a": 2, "b": 3}), ("call_2", name, {"a": 4, "b": 5}))),
        Reply("", calls=(("call_3", name, {"a": 6, "b": 7}),)),
        Reply("Done."),
    )


def results_sent(provider: FakeUpstream) -> list[str]:
    last = provider.requests[-1].json["messages"]
    return [str(turn["content"]) for turn in last if turn["role"] == "tool"]


@pytest.mark.parametrize("stream", [False, True])
def test_the_tool_runner_goes_on_without_threads(
    client: anthropic.Anthropic, provider: FakeUpstream, server: Server, stream: bool
) -> None:
    """It opens a thread first; told that there are none, it sends the whole history each time."""
    script_sums(provider, "add")
    agent = f"runner-{stream}"
    client = client.with_options(default_headers={"User-Agent": agent})
    runner: Any = client.beta.messages.tool_runner(
        model=MODEL, max_tokens=1000, messages=[{"role": "user", "content": "Add."}], tools=[add], stream=stream
    )
    messages = [turn.get_final_message() if stream else turn for turn in runner]
    assert [message.stop_reason for message in messages] == ["tool_use", "tool_use", "end_turn"]
    assert text_of(messages[-1]) == "Done."
    assert len(provider.requests) == 3
    assert not any("thread" in received.json for received in provider.requests)
    assert results_sent(provider) == ["5", "9", "13"]

    def statuses() -> list[int]:
        return sorted(row["status"] for row in server.rows(user_agent=agent))

    until(lambda: len(statuses()) == 4, "four rows")
    assert statuses() == [200, 200, 200, 400]


def test_the_async_tool_runner(server: Server, provider: FakeUpstream) -> None:
    script_sums(provider, "multiply")

    async def run() -> str:
        async with anthropic.AsyncAnthropic(base_url=server.url, api_key="local", max_retries=0) as client:
            runner = client.beta.messages.tool_runner(
                model=MODEL, max_tokens=1000, messages=[{"role": "user", "content": "Multiply."}], tools=[multiply]
            )
            return text_of(await runner.until_done())

    assert asyncio.run(run()) == "Done."
    assert results_sent(provider) == ["6", "20", "42"]


def test_a_thread_is_refused_in_the_words_that_sdks_know(client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(model=MODEL, max_tokens=9, messages=HELLO, extra_body={"thread": {"type": "create"}})
    assert (caught.value.type, caught.value.error_code) == ("invalid_request_error", "thread_unsupported_request")
    assert provider.requests == []


# --- thinking -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_goes_there_and_back(
    client: anthropic.Anthropic, provider: FakeUpstream, server: Server, stream: bool
) -> None:
    """DeepSeek wants the reasoning of a turn with calls back as it was; a client returns blocks with a signature."""
    provider.enqueue(
        Reply("Looking.", reasoning="The user wants the weather.", calls=(("call_1", "get_weather", {"city": "Ulm"}),)),
        Reply("Sunny.", reasoning="Now I know."),
    )
    with provider_of(server, "deep", provider.base_url, type="deepseek", api_key="sk-deep-0123456789"):
        fields: dict[str, Any] = {
            "model": "deep/deepseek-v4",
            "tools": [WEATHER],
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "max_tokens": 2000,
        }
        conversation: list[MessageParam] = [{"role": "user", "content": "Weather in Ulm?"}]
        called = ask(client, stream, messages=conversation, **fields)
        assert [block.type for block in called.content] == ["thinking", "text", "tool_use"]
        thought = called.content[0]
        assert thought.thinking == "The user wants the weather."
        assert thought.signature
        conversation += [
            {"role": "assistant", "content": called.content},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "sunny"}]},
        ]
        told = ask(client, stream, messages=conversation, **fields)
        assert text_of(told) == "Sunny."
        answered = provider.requests[1].json["messages"][1]
        assert answered["reasoning_content"] == "The user wants the weather."
        assert answered["tool_calls"][0]["id"] == "call_1"
        assert provider.requests[0].json["thinking"] == {"type": "enabled"}

        # towards another kind of provider it stays behind, and that is no error
        ask(client, stream, messages=conversation, model=MODEL, tools=[WEATHER])
        assert "The user wants" not in str(provider.requests[2].json["messages"])
