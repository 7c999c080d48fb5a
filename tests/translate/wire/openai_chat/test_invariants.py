"""What must hold for every request to every provider: random conversations, and bodies as Claude Code sends them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy import presets
from ccproxy.errors import InvalidRequest
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.parse import parse
from ccproxy.translate.wire.openai_chat import encode

from .requests import PDF, PNG, target

TARGETS = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-5.5"),
    ("openai", "o1-mini"),
    ("azure", "gpt-4.1"),
    ("groq", "openai/gpt-oss-120b"),
    ("deepseek", "deepseek-v4-pro"),
    ("mistral", "mistral-small-latest"),
    ("moonshot", "kimi-k2.6"),
    ("zai", "glm-5.2"),
    ("qwen", "qwen3-max"),
    ("openrouter", "anthropic/claude-opus-5"),
    ("openrouter", "mistralai/devstral-medium"),
    ("cerebras", "gpt-oss-120b"),
    ("perplexity", "sonar"),
    ("gemini-openai", "gemini-2.5-flash"),
    ("ollama", "qwen3"),
    ("llamacpp", "qwen3"),
    ("openai-chat", "some-model"),
]


def check(wish: MessagesRequest, kind: str, model: str) -> dict[str, Any]:
    """Encode and check; returns the body."""
    to = target(kind, model)
    upstream = encode(wish, to)
    body = json.loads(upstream.body)
    assert body["model"] == model
    check_messages(body["messages"], kind)
    check_tools(body)
    assert len(set(upstream.losses)) == len(upstream.losses), "a loss is reported once"
    assert all(loss and " " not in loss for loss in upstream.losses)
    return body


def check_messages(messages: list[dict[str, Any]], kind: str) -> None:
    waiting: list[str] = []
    for at, message in enumerate(messages):
        role = message["role"]
        assert role in ("system", "developer", "user", "assistant", "tool")
        if role == "tool":
            assert message["tool_call_id"] == waiting.pop(0), "results follow their calls, in their order"
        else:
            assert waiting == [], "no message stands between calls and results"
        if at:
            assert not (role == messages[at - 1]["role"] == "user"), "user messages are merged"
        calls = message.get("tool_calls", [])
        assert "tool_calls" not in message or calls
        waiting = waiting or [call["id"] for call in calls]
        for call in calls:
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
        if not calls:
            assert_content(message["content"])
    assert waiting == []
    assert any(message["role"] not in ("system", "developer") for message in messages)
    roles = [message["role"] for message in messages]
    preset = presets.find(kind)
    assert preset is not None
    if not preset.dialect.system_anywhere:
        assert not {"system", "developer"} & set(roles[1:])
    if preset.dialect.assistant_after_tool:
        assert ("tool", "user") not in itertools.pairwise(roles)
    if kind == "perplexity":
        assert "tool" not in roles
        turns = [role for role in roles if role != "system"]
        assert turns == [("user", "assistant")[at % 2] for at in range(len(turns))]
        assert turns[-1] == "user"


def assert_content(content: Any) -> None:
    if isinstance(content, str):
        assert content.strip()
    else:
        assert content
        for part in content:
            assert part["type"] != "text" or part["text"].strip()


def check_tools(body: dict[str, Any]) -> None:
    for tool in body.get("tools", []):
        if tool["type"] != "function":
            assert tool["type"] in ("openrouter:web_search", "openrouter:web_fetch", "browser_search", "web_search")
            continue
        parameters = tool["function"]["parameters"]
        assert parameters["type"] == "object"
        assert isinstance(parameters["properties"], dict)
    if "tools" in body:
        assert body["tools"]
    else:
        assert not {"tool_choice", "parallel_tool_calls"} & body.keys()


@pytest.mark.parametrize(("kind", "model"), TARGETS)
@pytest.mark.parametrize(
    "name", ["agentic", "first", "interactive", "mcp", "media", "subagent", "title", "toolref", "websearch"]
)
def test_what_claude_code_sends(shared: Path, name: str, kind: str, model: str) -> None:
    wish = parse((shared / "clients" / f"cc_{name}_request.json").read_bytes()).request
    body = check(wish, kind, model)
    assert "x-anthropic-billing-header" not in json.dumps(body)
    assert "DeferredToolPlaceholder" not in json.dumps(body.get("tools", []))
    for foreign in ("context_management", "output_config", "safeguards", "metadata", "system"):
        assert foreign not in body
    if kind != "openrouter":
        assert '"cache_control"' not in json.dumps(body["messages"])


WORDS = st.sampled_from(["", " ", "a", "b c", "Error: d"])
IDS = st.sampled_from(["t1", "t2", "functions.x:0", "long" * 20])
TEXT = st.builds(lambda words: {"type": "text", "text": words}, WORDS)
MEDIA = st.sampled_from([PNG, PDF, {"type": "tool_reference", "tool_name": "x y"}, {"type": "new", "x": 1}])
RESULT = st.builds(
    lambda id, content, error: {"type": "tool_result", "tool_use_id": id, "content": content, "is_error": error},
    IDS,
    st.one_of(st.none(), WORDS, st.lists(st.one_of(TEXT, MEDIA), max_size=3)),
    st.booleans(),
)
USE = st.builds(
    lambda id, name: {"type": "tool_use", "id": id, "name": name, "input": {"a": 1}},
    IDS,
    st.sampled_from(["look", "dotted.name", "n" * 100]),
)
THOUGHT = st.just({"type": "thinking", "thinking": "hm", "signature": "foreign"})


def message(role: str, *blocks: Any) -> Any:
    return st.fixed_dictionaries(
        {"role": st.just(role), "content": st.one_of(WORDS, st.lists(st.one_of(*blocks), max_size=4))}
    )


CONVERSATIONS = st.lists(
    st.one_of(
        message("user", TEXT, RESULT, st.just({"type": "new", "x": 1})),
        message("assistant", TEXT, USE, THOUGHT),
        message("system", TEXT),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(TARGETS), CONVERSATIONS, st.booleans())
def test_random_conversations(to: tuple[str, str], messages: list[Any], prompt: bool) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": messages, "system": "s" if prompt else ""}
    wish = parse(json.dumps(body).encode()).request
    try:
        check(wish, *to)
    except InvalidRequest as refused:
        assert refused.message.startswith("messages: there is no user message")  # noqa: PT017 - any other is a bug
