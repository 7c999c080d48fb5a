"""The Python SDK's messages, streams, counts and models against the running proxy."""

from __future__ import annotations

import asyncio
import threading

import anthropic
import pydantic

from tests.fake_upstream import DONE, FakeUpstream, Reply, Stream, Until, chunk, finish, usage
from tests.live.sdk import HELLO, MODEL, provider_of, text_of
from tests.live.server import Server

# --- messages -----------------------------------------------------------------------------------------------------


def test_a_message_as_json(client: anthropic.Anthropic, provider: FakeUpstream, server: Server) -> None:
    provider.enqueue(Reply("Good day.", prompt_tokens=11, completion_tokens=4))
    message = client.messages.create(
        model=MODEL, max_tokens=100, system="Be short.", messages=HELLO, stop_sequences=["###"]
    )
    assert text_of(message) == "Good day."
    assert (message.type, message.role, message.model) == ("message", "assistant", MODEL)
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert (message.usage.input_tokens, message.usage.output_tokens) == (11, 4)
    asked = provider.requests[0].json
    assert asked["model"] == "model-x"
    assert asked["max_tokens"] == 100
    assert asked["stop"] == ["###"]
    assert [turn["role"] for turn in asked["messages"]] == ["system", "user"]
    row = server.row(str(message._request_id))
    assert (row["status"], row["provider"], row["upstream_model"]) == (200, "fake", "model-x")
    assert (row["input_tokens"], row["output_tokens"], row["stop_reason"]) == (11, 4, "end_turn")
    assert row["user_agent"].startswith("Anthropic/Python ")


def test_the_headers_say_who_answered(client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    raw = client.messages.with_raw_response.create(
        model=MODEL, max_tokens=100, messages=HELLO, metadata={"user_id": "u-1"}
    )
    assert raw.headers["x-provider"] == "fake"
    assert raw.headers["x-model"] == "model-x"
    assert raw.headers["x-request-id"] == raw.headers["request-id"] == raw.parse()._request_id
    assert raw.headers["x-ccproxy-dropped"] == "metadata.user_id"


def test_every_message_has_an_id_of_its_own(client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    ids = [client.messages.create(model=MODEL, max_tokens=9, messages=HELLO).id for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(id.startswith("msg_") for id in ids)


def test_a_message_as_a_stream(client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    provider.enqueue(Reply("Good day to you."))
    with client.messages.create(model=MODEL, max_tokens=100, messages=HELLO, stream=True) as stream:
        events = list(stream)
    kinds = [event.type for event in events if event.type != "ping"]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert provider.requests[0].json["stream_options"] == {"include_usage": True}


def test_the_stream_helper_gives_text_events_and_the_message(
    client: anthropic.Anthropic, provider: FakeUpstream
) -> None:
    provider.script("model-x", Reply("One two three.", reasoning="Counting.", prompt_tokens=21, completion_tokens=9))
    with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        assert "".join(stream.text_stream) == "One two three."
        message = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.stop_reason == "end_turn"
    assert (message.usage.input_tokens, message.usage.output_tokens) == (21, 9)
    with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        events = list(stream)
    assert "".join(event.text for event in events if event.type == "text") == "One two three."
    assert "".join(event.thinking for event in events if event.type == "thinking") == "Counting."
    assert events[-1].type == "message_stop"
    assert text_of(events[-1].message) == "One two three."


def test_text_arrives_while_the_provider_still_writes(client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    seen = threading.Event()
    provider.enqueue(Stream([chunk(content="first "), Until(seen), chunk(content="second"), finish(), usage(), DONE]))
    with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        texts = stream.text_stream
        assert next(texts) == "first "
        assert provider.requests[0].ending is None
        seen.set()
        assert "".join(texts) == "second"


# --- async --------------------------------------------------------------------------------------------------------


def test_the_async_client(server: Server, provider: FakeUpstream) -> None:
    provider.script("model-x", Reply("Good day.", pause=0.01))

    async def run() -> None:
        async with anthropic.AsyncAnthropic(base_url=server.url, api_key="local", max_retries=0) as client:
            whole = await client.messages.create(model=MODEL, max_tokens=100, messages=HELLO)
            assert text_of(whole) == "Good day."

            async def streamed() -> str:
                async with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
                    texts = [text async for text in stream.text_stream]
                    assert "".join(texts) == text_of(await stream.get_final_message())
                    return "".join(texts)

            assert await asyncio.gather(*(streamed() for _ in range(12))) == ["Good day."] * 12

            events = await client.messages.create(model=MODEL, max_tokens=100, messages=HELLO, stream=True)
            assert [event.type async for event in events][-1] == "message_stop"

    asyncio.run(run())
    assert len(provider.requests) == 14


# --- structured output --------------------------------------------------------------------------------------------


class City(pydantic.BaseModel):
    name: str
    inhabitants: int


def test_parse_gives_a_value_of_the_asked_type(client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    provider.script("model-x", Reply('{"name": "Ulm", "inhabitants": 129000}'))
    message = client.messages.parse(model=MODEL, max_tokens=100, messages=HELLO, output_format=City)
    assert message.parsed_output == City(name="Ulm", inhabitants=129000)
    asked = provider.requests[0].json["response_format"]
    assert asked["type"] == "json_schema"
    assert set(asked["json_schema"]["schema"]["properties"]) == {"name", "inhabitants"}
    with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO, output_format=City) as stream:
        assert stream.get_final_message().parsed_output == City(name="Ulm", inhabitants=129000)


# --- counts and models --------------------------------------------------------------------------------------------


def test_tokens_are_counted_without_the_provider(client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    few = client.messages.count_tokens(model=MODEL, messages=HELLO).input_tokens
    many = client.messages.count_tokens(
        model=MODEL,
        system="You are a helpful assistant.",
        messages=[{"role": "user", "content": "word " * 1000}],
        tools=[{"name": "get_weather", "description": "The weather", "input_schema": {"type": "object"}}],
    ).input_tokens
    assert 0 < few < 50
    assert 800 < many < 2000
    assert provider.requests == []


def test_models_are_listed_page_by_page(client: anthropic.Anthropic, provider: FakeUpstream, server: Server) -> None:
    names = [f"claude-{letter}" for letter in "abcde"]
    with provider_of(server, "many", provider.base_url, models=names):
        mine = [model for model in client.models.list(limit=2) if model.id.startswith("many/")]
        assert [model.id for model in mine] == [f"many/{name}" for name in names]
        assert {model.type for model in mine} == {"model"}
        assert [model.display_name for model in mine] == names
        first = client.models.list(limit=1)
        assert (first.has_more, len(first.data)) == (True, 1)
        assert first.first_id == first.last_id == first.data[0].id
        model = client.models.retrieve("many/claude-c")
        assert (model.id, model.type, model.lifecycle) == ("many/claude-c", "model", "active")
        assert model.created_at.tzinfo is not None
        # what the list names is what messages take
        answer = client.messages.create(model=model.id, max_tokens=9, messages=HELLO)
        assert answer.model == "many/claude-c"
        assert provider.requests[-1].json["model"] == "claude-c"
    assert "many/claude-c" not in [model.id for model in client.models.list()]
