"""Claude Code's nine kinds of request, as recorded from it, through the running proxy."""

from __future__ import annotations

import concurrent.futures
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_upstream import FakeUpstream, Reply
from tests.live import chat_rules
from tests.live.sdk import provider_of
from tests.live.server import Server, until
from tests.translate import grammar

ASKED = ["agentic", "first", "interactive", "mcp", "media", "subagent", "title", "toolref"]
NAMES = [*ASKED, "websearch"]  # which only a provider with a search is asked
TYPES = ["openai-chat", "openai", "deepseek", "groq", "mistral", "ollama", "openrouter"]
SEARCHING = {"openrouter"}
TAKEN = {"openrouter": {"cache_control"}}  # it hands Anthropic's cache marks on
ANSWER = "An answer that must not be in any log."
BETAS = (
    "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,per-turn-control-2026-07-01,"
    "mid-conversation-tool-changes-2026-07-01,thinking-token-count-2026-05-13,advanced-tool-use-2025-11-20,"
    "effort-2025-11-24"
)


def headers(session: str) -> dict[str, str]:
    """What Claude Code sends with a request."""
    return {
        "accept": "application/json",
        "accept-encoding": "identity",  # it offers compression too, which this test's client cannot read
        "anthropic-beta": BETAS,
        "anthropic-dangerous-direct-browser-access": "true",
        "anthropic-version": "2023-06-01",
        "authorization": "Bearer local",
        "user-agent": "claude-cli/2.1.330 (external, sdk-cli)",
        "x-api-key": "local",
        "x-app": "cli",
        "x-claude-code-session-id": session,
        "x-stainless-arch": "x64",
        "x-stainless-lang": "js",
        "x-stainless-os": "Linux",
        "x-stainless-package-version": "0.128.0",
        "x-stainless-retry-count": "0",
        "x-stainless-runtime": "node",
        "x-stainless-runtime-version": "v26.3.0",
        "x-stainless-timeout": "600",
    }


def body_of(shared: Path, name: str) -> dict[str, Any]:
    """The body as it was sent, but for the model: this server may have other providers too."""
    body: dict[str, Any] = json.loads((shared / "clients" / f"cc_{name}_request.json").read_text())
    return {**body, "model": f"fake/{body['model']}"}


def post(server: Server, body: dict[str, Any], session: str) -> tuple[Any, dict[str, str]]:
    """The answer to a request (a stream as text) and its headers."""
    status, answer, found = server.request(
        "POST", "/v1/messages?beta=true", json.dumps(body, ensure_ascii=False).encode(), headers(session)
    )
    assert status == 200, answer
    return answer, found


def texts(value: Any) -> Iterator[str]:
    """The strings in a part of a request, down to the calls' inputs."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)


@pytest.mark.parametrize("name", ASKED)
def test_every_kind_of_request_is_answered(server: Server, provider: FakeUpstream, shared: Path, name: str) -> None:
    body, session = body_of(shared, name), str(uuid.uuid4())
    provider.enqueue(Reply(ANSWER, calls=(("call_1", "Bash", {"command": "ls"}),)))
    answer, found = post(server, body, session)

    said = grammar.check(grammar.frames(answer.encode()))
    assert (said.text, said.tools, said.stop_reason) == (ANSWER, [("Bash", {"command": "ls"})], "tool_use")
    assert said.message["model"] == body["model"]
    assert found["content-type"].startswith("text/event-stream")
    asked = provider.requests[0].json
    chat_rules.check(asked)
    assert asked["stream"] is True
    assert asked["max_tokens"] == 128000
    sent_headers = provider.requests[0].headers
    assert sent_headers["authorization"] == "Bearer sk-provider-0123456789"
    assert not [one for one in sent_headers if one.startswith(("anthropic", "x-claude", "x-stainless", "x-api-key"))]

    dropped = found["x-ccproxy-dropped"].split(", ")
    row = server.row(found["request-id"])
    assert row["dropped"] == dropped
    assert dropped == sorted(set(dropped), key=dropped.index), "each once"
    expected = expected_losses(body)
    assert set(dropped) == expected, set(dropped) ^ expected
    assert (row["session_id"], row["user_agent"]) == (session, "claude-cli/2.1.330 (external, sdk-cli)")
    assert (row["status"], row["stream"], row["model"], row["route"]) == (200, 1, body["model"], "outright")


def expected_losses(body: dict[str, Any]) -> set[str]:
    """What a bare chat completions server cannot be given of a body of Claude Code's, by a walk of its own."""
    lost = {"system[0]", "metadata.user_id", "output_config.effort"}  # its billing line; no effort is known there
    lost |= {name for name in ("context_management", "safeguards") if name in body}
    lost |= {"thinking.display"} if "thinking" in body else set()
    for index, tool in enumerate(body["tools"]):
        if tool["name"] == "DeferredToolPlaceholder" or tool.get("type", "").startswith("web_search"):
            lost.add(f"tools[{index}]")
        elif tool.get("defer_loading"):
            lost.add(f"tools[{index}].defer_loading")
    for index, message in enumerate(body["messages"]):
        if "output_config" in message:
            lost.add(f"messages[{index}].output_config")
        for at, block in enumerate(message["content"] if isinstance(message["content"], list) else []):
            if "cache_control" in block:
                lost.add(f"messages[{index}].content[{at}].cache_control")
            for inner_at, inner in enumerate(block["content"] if isinstance(block.get("content"), list) else []):
                if inner["type"] == "document":
                    lost.add(f"messages[{index}].content[{at}].content[{inner_at}]")
    lost |= {f"system[{index}].cache_control" for index, block in enumerate(body["system"]) if "cache_control" in block}
    return lost


@pytest.mark.parametrize("type", TYPES)
def test_every_kind_of_request_is_legal_for_every_kind_of_provider(
    server: Server, provider: FakeUpstream, shared: Path, type: str
) -> None:
    provider.script("*", Reply(ANSWER))
    with provider_of(server, "other", provider.base_url, type=type, api_key="sk-other-0123456789"):
        for name in NAMES if type in SEARCHING else ASKED:
            answer, _ = post(server, {**body_of(shared, name), "model": "other/some-model"}, str(uuid.uuid4()))
            said = grammar.check(grammar.frames(answer.encode()))
            assert (said.text, said.stop_reason) == (ANSWER, "end_turn"), name
            chat_rules.check(provider.requests[-1].json, taken=TAKEN.get(type, set()))


@pytest.mark.parametrize("name", ASKED)
def test_the_fallback_without_a_stream(server: Server, provider: FakeUpstream, shared: Path, name: str) -> None:
    """After a broken stream Claude Code sends the same body with stream: false."""
    provider.enqueue(Reply(ANSWER))
    answer, _ = post(server, {**body_of(shared, name), "stream": False}, str(uuid.uuid4()))
    assert [block["text"] for block in answer["content"]] == [ANSWER]
    asked = provider.requests[0].json
    chat_rules.check(asked)
    assert not asked.get("stream")


def test_nothing_of_a_conversation_is_logged(server: Server, provider: FakeUpstream, shared: Path) -> None:
    provider.script("*", Reply(ANSWER, reasoning="A thought that must not be in any log."))
    bodies = [body_of(shared, name) for name in NAMES]
    for body in bodies:
        _, found = post(server, body, "9f6c1c1e-0000-4000-8000-000000000000")
        server.row(found["request-id"])
    until(lambda: len([line for line in server.lines() if line.get("request_id") == found["request-id"]]) == 2, "lines")
    kept = server.log.read_text() + json.dumps(server.rows())
    for word in ("must not be in any log", "sk-provider", "Bearer"):
        assert word not in kept
    tools = [tool for body in bodies for tool in body["tools"]]
    said = [part for body in bodies for part in (body["system"], body["messages"])]
    for text in texts([*said, [tool.get("description") for tool in tools]]):
        # short ones are names: of roles and types, of tools, of the model
        if len(text) > 24:
            assert text[:60] not in kept


# --- what is in them ----------------------------------------------------------------------------------------------


def turns(provider: FakeUpstream, role: str) -> list[dict[str, Any]]:
    return [turn for turn in provider.requests[-1].json["messages"] if turn["role"] == role]


def parts(provider: FakeUpstream, type: str) -> list[dict[str, Any]]:
    contents = [turn["content"] for turn in turns(provider, "user") if isinstance(turn["content"], list)]
    return [part for content in contents for part in content if part["type"] == type]


def test_tools_found_by_search_are_named_to_the_model(server: Server, provider: FakeUpstream, shared: Path) -> None:
    post(server, body_of(shared, "toolref"), str(uuid.uuid4()))
    found = turns(provider, "tool")[0]["content"]
    assert all(name in found for name in ("WebSearch", "WebFetch", "NotebookEdit"))
    offered = {tool["function"]["name"] for tool in provider.requests[0].json["tools"]}
    assert {"WebSearch", "WebFetch", "NotebookEdit"} <= offered


def test_pictures_of_tools_reach_the_model(server: Server, provider: FakeUpstream, shared: Path) -> None:
    for name in ("media", "mcp"):
        body = body_of(shared, name)
        post(server, body, str(uuid.uuid4()))
        [picture] = parts(provider, "image_url")
        media_type, _, data = picture["image_url"]["url"].partition(";base64,")
        assert media_type == "data:image/png"
        assert data in list(texts(body["messages"]))


def test_a_pdf_reaches_a_provider_that_takes_it(server: Server, provider: FakeUpstream, shared: Path) -> None:
    body = body_of(shared, "media")
    with provider_of(
        server, "other", provider.base_url, type="openai", options={"api": "chat"}, api_key="sk-other-0123456789"
    ):
        _, found = post(server, {**body, "model": "other/gpt-5"}, str(uuid.uuid4()))
    [document] = parts(provider, "file")
    data = document["file"]["file_data"].removeprefix("data:application/pdf;base64,")
    assert data in list(texts(body["messages"]))
    assert "messages[3].content[1].content[1]" not in found["x-ccproxy-dropped"]


def test_a_pdf_that_cannot_be_taken_is_told_to_the_model_and_the_client(
    server: Server, provider: FakeUpstream, shared: Path
) -> None:
    _, found = post(server, body_of(shared, "media"), str(uuid.uuid4()))
    assert "messages[3].content[1].content[1]" in found["x-ccproxy-dropped"].split(", ")
    assert "cannot be given" in turns(provider, "tool")[1]["content"]


def test_a_title_is_asked_for_as_json(server: Server, provider: FakeUpstream, shared: Path) -> None:
    body = body_of(shared, "title")
    post(server, body, str(uuid.uuid4()))
    form = provider.requests[0].json["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"] == body["output_config"]["format"]["schema"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_web_search_that_nobody_can_make(server: Server, provider: FakeUpstream, shared: Path, stream: bool) -> None:
    """The provider has no search and is not asked: the client gets the error of the search, and a sentence."""
    answer, found = post(server, {**body_of(shared, "websearch"), "stream": stream}, str(uuid.uuid4()))
    blocks = grammar.check(grammar.frames(answer.encode())).blocks if stream else answer["content"]
    assert [block["type"] for block in blocks] == ["server_tool_use", "web_search_tool_result", "text"]
    assert blocks[1]["content"] == {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    assert blocks[1]["tool_use_id"] == blocks[0]["id"]
    assert provider.requests == []
    assert "tools[0]" in found["x-ccproxy-dropped"].split(", ")
    row = server.row(found["request-id"])
    assert (row["status"], row["attempts"], row["input_tokens"]) == (200, [], 0)


def test_context_counts_two_dozen_parts_at_once(server: Server, provider: FakeUpstream, shared: Path) -> None:
    """`/context` asks for the size of each tool and message on its own, all at the same time."""
    body = body_of(shared, "interactive")
    questions: list[dict[str, Any]] = [
        {"model": body["model"], "messages": [{"role": "user", "content": "foo"}], "tools": [tool]}
        for tool in body["tools"] * 2
    ]

    def count(question: dict[str, Any]) -> int:
        status, answer, _ = server.request(
            "POST", "/v1/messages/count_tokens?beta=true", question, headers(str(uuid.uuid4()))
        )
        assert status == 200, answer
        return int(answer["input_tokens"])

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        counts = list(pool.map(count, questions))
    assert counts[: len(body["tools"])] == counts[len(body["tools"]) :]
    largest = max(range(len(body["tools"])), key=lambda one: len(json.dumps(body["tools"][one])))
    assert counts[largest] == max(counts)
    assert provider.requests == []
