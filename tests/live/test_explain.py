"""What /v1/messages/explain says of Claude Code's requests is what /v1/messages then does."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fake_upstream import FakeUpstream, Refusal, Reply
from tests.live.sdk import provider_of
from tests.live.server import Server
from tests.live.test_claude_code import NAMES, headers

KEY = "sk-explained-0123456789"
OTHER = "sk-another-one-9876543210"
PAIR = "EXAMPLEACCESSKEY0000:not-a-secret-not-a-secret-not-a-secret"
TEAM = "a-header-that-nobody-may-see"
SECRETS = (KEY, OTHER, PAIR, PAIR.partition(":")[2], TEAM)
UNSAID = {"host", "connection", "content-length"}  # of the connection, not of the request

# A provider's name -> its type, one of its models, the root of its API, and what else it is set up with.
PROVIDERS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "ex-chat": ("openai-chat", "some-model", "/v1", {"api_keys": [KEY, OTHER]}),
    "ex-responses": ("openai", "gpt-5", "/v1", {}),
    "ex-messages": ("anthropic", "claude-opus-5-5", "", {}),
    "ex-alike": ("deepseek-anthropic", "deepseek-flash", "", {"options": {"max_output_tokens": 8192}}),
    "ex-gemini": ("gemini", "gemini-3.1-pro-preview", "/v1beta", {}),
    "ex-cohere": ("cohere", "command-a-03-2025", "", {}),
    "ex-signed": ("bedrock", "us.amazon.nova-2-lite-v1:0", "", {"api_key": PAIR}),
    "ex-invoke": ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "", {"api_key": PAIR}),
}


@pytest.fixture(scope="module")
def _upstream(server: Server) -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream, ExitStack() as gone:
        for name, (kind, _, root, more) in PROVIDERS.items():
            fields = {"type": kind, "headers": {"X-Team-Key": TEAM}, **({} if "api_keys" in more else {"api_key": KEY})}
            gone.enter_context(provider_of(server, name, upstream.url + root, **{**fields, **more}))
        yield upstream


@pytest.fixture
def upstream(_upstream: FakeUpstream) -> FakeUpstream:
    """All of them, with nothing scripted and nothing remembered."""
    _upstream.forget()
    return _upstream


def explained(server: Server, body: dict[str, Any], session: str) -> dict[str, Any]:
    """The explanation of a request of Claude Code's; no secret may be in it, and no row is written of it."""
    data = json.dumps(body, ensure_ascii=False).encode()
    status, answer, found = server.request("POST", "/v1/messages/explain?beta=true", data, headers(session))
    assert status == 200, answer
    text = json.dumps(answer, ensure_ascii=False)
    assert not [secret for secret in SECRETS if secret in text]
    assert found["request-id"] not in {row["request_id"] for row in server.rows()}
    return dict(answer)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_explained_is_what_is_sent(
    server: Server, upstream: FakeUpstream, shared: Path, provider: str, name: str
) -> None:
    body = json.loads((shared / "clients" / f"cc_{name}_request.json").read_text())
    body["model"] = f"{provider}/{PROVIDERS[provider][1]}"
    session = str(uuid.uuid4())
    found = explained(server, body, session)
    assert upstream.requests == []
    assert (found["route"], found["session"]) == ("outright", {"id": session, "target": None})
    assert (found["facts"]["agent"], found["facts"]["web_search"]) == ("main", name == "websearch")
    (target,) = found["targets"]
    assert (target["provider"], target["model"]) == (provider, PROVIDERS[provider][1])
    assert (target["state"], target["refused"], target["until"]) == ("ok", None, None)

    upstream.enqueue(Refusal(400, "that is enough to see"))
    status, _, told = server.request(
        "POST", "/v1/messages?beta=true", json.dumps(body, ensure_ascii=False).encode(), headers(session)
    )
    assert told.get("x-ccproxy-dropped", "").split(", ") == (target["losses"] or [""])
    if target["ready"]:
        assert (status, upstream.requests, target["upstream"]) == (200, [], None)
        return
    assert status == 400
    (received,) = upstream.requests
    sent = target["upstream"]
    assert (sent["method"], sent["url"]) == (received.method, upstream.url + received.target)
    assert sent["body"] == received.json
    own = {name: value for name, value in received.headers.items() if name not in UNSAID and "amz" not in name}
    assert set(sent["headers"]) == set(own)
    for header, value in sent["headers"].items():
        assert value in ("…", own[header])
    assert {header for header, value in sent["headers"].items() if value == "…"} >= {"x-team-key"}
    assert target["input_tokens"] > 0


def test_the_targets_of_a_route_in_the_order_of_trying(server: Server, upstream: FakeUpstream) -> None:
    route = {
        "name": "explained",
        "match": {"model": "explained-*"},
        "targets": [
            {"provider": "ex-messages", "model": "claude-opus-5-5", "parameters": {"thinking": "off", "effort": "max"}},
            {"provider": "ex-chat", "model": "some-model", "parameters": {"max_tokens": 100}},
        ],
        "retries": 0,
    }
    status, answer, _ = server.request("POST", "/routes", route)
    assert status == 201, answer
    body = {
        "model": "explained-model",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": "hi"}],
        "thinking": {"type": "adaptive"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    }
    session = str(uuid.uuid4())
    try:
        found = explained(server, body, session)
        assert (found["route"], found["strategy"]) == ("explained", "fallback")
        assert "explained-*" in found["why"]
        first, second = found["targets"]
        assert [target["provider"] for target in (first, second)] == ["ex-messages", "ex-chat"]
        assert first["upstream"]["body"]["thinking"] == {"type": "disabled"}
        assert first["upstream"]["body"]["output_config"] == {"effort": "high"}
        assert "context_management" not in first["upstream"]["body"]
        assert first["cost"]["currency"] == "USD"
        assert (second["upstream"]["body"]["max_tokens"], second["cost"]) == (100, None)

        upstream.enqueue(Refusal(529, "overloaded"), Reply("hello"))
        data = json.dumps(body).encode()
        status, answer, told = server.request("POST", "/v1/messages", data, headers(session))
        assert (status, answer["content"][0]["text"]) == (200, "hello")
        assert [received.json for received in upstream.requests] == [
            target["upstream"]["body"] for target in (first, second)
        ]
        assert told["x-ccproxy-attempts"] == "ex-messages/claude-opus-5-5 529, ex-chat/some-model 200"
    finally:
        assert server.request("DELETE", "/routes/explained")[0] == 200
