"""Whole conversations with aimock, which imitates each provider's API and was written by others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.live.server import Server
from tests.live.third_parties import aimock

# Provider type, its address below aimock's, a model of it, and what else it needs.
APIS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("openai-chat", "/v1", "gpt-4o", {}),
    ("openrouter", "/api/v1", "openai/gpt-4o", {}),
    ("openai-responses", "/v1", "gpt-5", {}),
    ("azure", "", "gpt-4o", {"options": {"api_version": "2024-10-21"}}),
    ("anthropic", "", "claude-sonnet-4-5", {}),
    ("gemini", "/v1beta", "gemini-2.5-flash", {}),
    ("vertex", "/v1/projects/p/locations/l", "gemini-2.5-flash", {"options": {"project": "p", "location": "l"}}),
    ("bedrock", "", "amazon.nova-pro-v1:0", {}),
    ("bedrock", "", "anthropic.claude-sonnet-4-5-20250929-v1:0", {}),
    ("cohere", "", "command-a-03-2025", {}),
]
TOOLS: list[Any] = [
    {
        "name": "get_weather",
        "description": "The weather in a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]
NAMES = [f"imitated-{place}" for place in range(len(APIS))]

pytestmark = pytest.mark.parametrize(
    "model",
    [f"{name}/{model}" for name, (_, _, model, _) in zip(NAMES, APIS, strict=True)],
    ids=[f"{kind}-{model}" for kind, _, model, _ in APIS],
)


@pytest.fixture(scope="module", autouse=True)
def _running(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[None]:
    with aimock(tmp_path_factory.mktemp("aimock")) as url:
        for name, (kind, path, _, more) in zip(NAMES, APIS, strict=True):
            server.add_provider(name, url + path, **({"type": kind, "api_key": "any-key-will-do"} | more))
        yield
        for name in NAMES:
            server.request("DELETE", f"/providers/{name}")


def said(client: anthropic.Anthropic, streaming: bool, model: str, *messages: Any, **more: Any) -> Any:
    """The answer to these messages."""
    fields: dict[str, Any] = {"model": model, "max_tokens": 4000, "messages": list(messages), **more}
    if not streaming:
        return client.messages.create(**fields)
    with client.messages.stream(**fields) as stream:
        return stream.get_final_message()


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def text(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("streaming", [False, True])
class TestConversations:
    def test_text(self, client: anthropic.Anthropic, model: str, streaming: bool) -> None:
        answer = said(client, streaming, model, user("say hello"))
        assert text(answer) == "Hello from the other side."
        assert answer.stop_reason == "end_turn"
        assert answer.model == model
        assert answer.id.startswith("msg_")

    def test_a_tool_and_its_result(self, client: anthropic.Anthropic, model: str, streaming: bool) -> None:
        question = user("weather in Paris")
        asked = said(client, streaming, model, question, tools=TOOLS)
        [call] = [block for block in asked.content if block.type == "tool_use"]
        assert (call.name, call.input, asked.stop_reason) == ("get_weather", {"city": "Paris"}, "tool_use")
        turn = {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in asked.content]}
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "30 degrees"}
        answer = said(client, streaming, model, question, turn, {"role": "user", "content": [result]}, tools=TOOLS)
        assert text(answer) == "It is warm in Paris."

    def test_parallel_tools(self, client: anthropic.Anthropic, model: str, streaming: bool) -> None:
        asked = said(client, streaming, model, user("two cities"), tools=TOOLS)
        calls = [block for block in asked.content if block.type == "tool_use"]
        assert [call.input for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
        assert len({call.id for call in calls}) == 2
        assert text(asked).startswith("I will look both up.")  # a tool plan may follow, which aimock gives Cohere

    def test_thinking(self, client: anthropic.Anthropic, model: str, streaming: bool) -> None:
        wish = {"type": "enabled", "budget_tokens": 2000}
        answer = said(client, streaming, model, user("think first"), thinking=wish)
        if "command" in model:  # aimock gives Cohere's thoughts as text
            assert text(answer) == "Two and two make four.It is four."
            return
        assert text(answer) == "It is four."
        thoughts = [block for block in answer.content if block.type == "thinking"]
        assert [block.thinking for block in thoughts] == ["Two and two make four."]
        if "/anthropic." not in model:  # InvokeModel is relayed, and aimock signs nothing there
            assert all(block.signature for block in thoughts)
        turn = {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in answer.content]}
        again = said(client, streaming, model, user("think first"), turn, user("say hello"), thinking=wish)
        assert text(again) == "Hello from the other side."

    def test_a_refusal(self, client: anthropic.Anthropic, model: str, streaming: bool) -> None:
        with pytest.raises(anthropic.RateLimitError) as caught:
            said(client, streaming, model, user("be refused"))
        assert caught.value.type == "rate_limit_error"
        assert "slow down, please" in caught.value.message
        assert caught.value.response.headers["retry-after"] == "3"
