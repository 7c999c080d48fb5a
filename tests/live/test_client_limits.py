"""What clients repair themselves by: the words of two limits, when to come back, and when not to.

Claude Code compacts on the words of an overflow and lowers `max_tokens` on those of an output limit; on a bare 429 or
401 it comes back again and again, for minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.fake_upstream import FakeUpstream, Json, Stream, event
from tests.live.raw import Connection, post, request
from tests.live.sdk import provider_of
from tests.live.server import Server

WIRES = {"openai-chat": "/v1", "openai-responses": "/v1", "gemini": "/v1beta", "anthropic": ""}
REQUEST = {"max_tokens": 128_000, "messages": [{"role": "user", "content": "hi"}]}


def refusal(wire: str, status: int, message: str, **headers: str) -> Json:
    """An HTTP error in the wire's own form."""
    kind = {400: "invalid_request_error", 429: "rate_limit_error"}[status]
    match wire:
        case "gemini":
            state = {400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED"}[status]
            return Json({"error": {"code": status, "message": message, "status": state}}, status, headers)
        case "anthropic":
            return Json({"type": "error", "error": {"type": kind, "message": message}}, status, headers)
        case _:
            return Json({"error": {"message": message, "type": kind, "code": None}}, status, headers)


@pytest.fixture(scope="module")
def upstream(server: Server) -> Iterator[FakeUpstream]:
    """A provider of each wire, called `limits-WIRE`."""
    with FakeUpstream() as running, ExitStack() as providers:
        for wire, path in WIRES.items():
            key = "sk-provider-0123456789"
            providers.enter_context(provider_of(server, f"limits-{wire}", running.url + path, type=wire, api_key=key))
        yield running


def told(server: Server, wire: str, streaming: bool, model: str = "m") -> Any:
    with Connection(server.port) as client:
        body = {**REQUEST, "model": f"limits-{wire}/{model}", "stream": streaming}
        return client.send(post(body, path="/v1/messages?beta=true")).answer()


TOO_LONG = "prompt is too long: 130001 tokens > 128000 maximum"
TOO_MANY = "max_tokens: 128000 > 8192, which is the maximum allowed number of output tokens for m"
UNSAID = "Your input exceeds the context window of this model. Please adjust your input and try again."
LIMITS = [  # wire, as the provider says it, as the client is told
    ("openai-chat", "maximum context length is 128000 tokens. However, your messages resulted in 130001.", TOO_LONG),
    ("openai-responses", UNSAID, f"prompt is too long: {UNSAID}"),
    ("gemini", "The input token count (130001) exceeds the maximum number of tokens allowed (128000).", TOO_LONG),
    ("anthropic", TOO_LONG, TOO_LONG),
    ("openai-chat", "max_tokens is too large: 128000. This model supports at most 8192 completion tokens.", TOO_MANY),
    (
        "openai-responses",
        "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 8192, but got 128000 instead.",
        TOO_MANY,
    ),
    (
        "gemini",
        "it has a maxOutputTokens value of 128000 but the supported range is from 1 (inclusive) to 8193 (exclusive).",
        TOO_MANY,
    ),
    ("anthropic", TOO_MANY, TOO_MANY),
]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("wire", "message", "expected"), LIMITS)
def test_limits_are_told_in_the_words_that_clients_act_on(
    server: Server, upstream: FakeUpstream, wire: str, message: str, expected: str, streaming: bool
) -> None:
    upstream.enqueue(refusal(wire, 400, message))
    answer = told(server, wire, streaming)
    assert answer.status == 400
    assert answer.json["error"] == {"type": "invalid_request_error", "message": expected}
    assert "x-should-retry" not in answer.headers


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("wire", WIRES)
def test_a_429_says_when_to_come_back(server: Server, upstream: FakeUpstream, wire: str, streaming: bool) -> None:
    for place, (headers, expected) in enumerate(
        [({}, None), ({"retry-after": "7"}, "7"), ({"retry-after": "3600"}, "3600")]
    ):
        upstream.enqueue(refusal(wire, 429, "slow down", **headers))
        answer = told(server, wire, streaming, f"{streaming}-{place}")  # each its own, for they rest now
        assert (answer.status, answer.json["error"]["type"]) == (429, "rate_limit_error")
        seconds = answer.headers["retry-after"]
        assert seconds == expected if expected else 1 <= int(seconds) <= 60
        assert "x-should-retry" not in answer.headers


def test_a_relayed_429_is_the_providers_own_body(server: Server, upstream: FakeUpstream) -> None:
    body = b'{"type": "error",  "error": {"type": "rate_limit_error", "message": "slow down"}, "request_id": "req_1"}\n'
    upstream.enqueue(Json(body, 429))
    answer = told(server, "anthropic", streaming=True, model="relayed")
    assert (answer.status, answer.body) == (429, body)
    assert int(answer.headers["retry-after"]) >= 1


def test_a_429_of_what_is_handed_on_says_it_too(server: Server, upstream: FakeUpstream) -> None:
    upstream.enqueue(refusal("anthropic", 429, "slow down"))
    batch = {"requests": [{"custom_id": "1", "params": {**REQUEST, "model": "limits-anthropic/m"}}]}
    with Connection(server.port) as client:
        answer = client.send(post(batch, path="/v1/messages/batches")).answer()
    assert (answer.status, answer.headers["retry-after"]) == (429, "5")


@pytest.mark.parametrize(
    ("wire", "first"),
    [
        ("openai-chat", event({"error": {"message": "slow down", "type": "rate_limit", "code": 429}})),
        (
            "openai-responses",
            event({"type": "error", "code": "rate_limit_exceeded", "message": "slow down", "sequence_number": 0}),
        ),
        ("gemini", event({"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}})),
        (
            "anthropic",
            b"event: error\n" + event({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}),
        ),
    ],
)
def test_a_stream_that_begins_with_a_429_is_one(
    server: Server, upstream: FakeUpstream, wire: str, first: bytes
) -> None:
    upstream.enqueue(Stream([first]))
    answer = told(server, wire, streaming=True, model="in-a-stream")
    assert (answer.status, answer.json["error"]["type"]) == (429, "rate_limit_error")
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("wire", WIRES)
def test_a_refused_provider_key_is_not_worth_a_retry(server: Server, upstream: FakeUpstream, wire: str) -> None:
    upstream.enqueue(Json({"error": {"message": "bad key", "code": 401, "type": "authentication_error"}}, 401))
    answer = told(server, wire, streaming=True, model="refused-key")
    assert (answer.status, answer.headers["x-should-retry"]) == (401, "false")


OWN_401 = [
    ("POST", "/v1/messages?beta=true"),
    ("POST", "/v1/messages/count_tokens?beta=true"),
    ("POST", "/v1/messages/explain"),
    ("POST", "/v1/messages/batches"),
    ("GET", "/v1/models?limit=1000"),
    ("GET", "/v1/models/claude-openai-gpt-5"),
    ("GET", "/routes"),
    ("GET", "/providers"),
    ("GET", "/status"),
]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"apikey": "ccproxy-client-key-0123456789"}
    with Server(tmp_path_factory.mktemp("guarded"), workers=1, settings=settings) as running:
        yield running


@pytest.mark.parametrize(("method", "path"), OWN_401)
def test_a_401_of_ours_is_not_worth_a_retry(guarded: Server, method: str, path: str) -> None:
    with Connection(guarded.port) as client:
        answer = client.send(request(method, path, REQUEST if method == "POST" else None)).answer()
    assert (answer.status, answer.error[0]) == (401, "authentication_error")
    assert answer.headers["x-should-retry"] == "false"
