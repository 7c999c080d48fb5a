"""Requests to Mistral are what its own SDK's types say: its API refuses what they do not know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mistralai.client.models import ChatCompletionRequest, ChatCompletionStreamRequest

from ccproxy.errors import InvalidRequest
from tests.translate.wire.test_accounted import recorded

from .requests import PDF, PNG, assistant, body, request, result, system, text, tool, use, user

MODELS = ("mistral-small-latest", "magistral-medium-latest", "mistral-large-latest")
THINKING = {"type": "enabled", "budget_tokens": 2000}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def check(fields: dict[str, Any]) -> None:
    """The body as the SDK reads it is the body itself: nothing is refused, dropped or unknown."""
    kind = ChatCompletionStreamRequest if fields.get("stream") else ChatCompletionRequest
    assert set(fields) <= set(kind.model_fields)
    read = kind.model_validate(fields)
    assert json.loads(read.model_dump_json(by_alias=True, exclude_unset=True)) == fields


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_recorded_requests(model: str, stream: bool, shared: Path) -> None:
    sent = refused = 0
    for _, fields in recorded(shared):
        try:
            found = body(request(**{**fields, "stream": stream}), "mistral", model=model)
        except InvalidRequest:
            refused += 1
            continue
        check(found)
        sent += 1
    assert sent > 300
    assert refused < 20, "code execution, MCP servers and files, which it has not"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "wish",
    [
        request(thinking=THINKING, top_k=5, top_p=0.5, temperature=0.3, stop_sequences=["x"], stream=True),
        request(thinking={"type": "disabled"}, service_tier="standard_only", metadata={"user_id": "u"}),
        request([user("a"), assistant("b")], system="s"),
        request([user(PNG, PDF, text("see")), system("s")]),
        request(
            [user("a"), assistant(text("b"), use()), user(result(content=[text("c"), PNG]), text("d"))],
            tools=[tool("look", strict=True)],
            tool_choice={"type": "any", "disable_parallel_tool_use": True},
        ),
        request(tools=[tool("look"), tool("see")], tool_choice={"type": "tool", "name": "see"}),
        request(output_config={"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}}),
    ],
)
def test_what_no_recording_holds(wish: Any, model: str) -> None:
    check(body(wish, "mistral", model=model))


def test_a_field_that_it_does_not_know_would_be_found() -> None:
    with pytest.raises(AssertionError):
        check(body(request(), "openai", model="gpt-4.1") | {"safety_identifier": "x"})
    with pytest.raises(AssertionError):
        check(body(request([user(PNG)]), "mistral") | {"messages": [{"role": "user", "content": "a", "name": "b"}]})
