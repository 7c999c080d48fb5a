"""A proxy with routes, providers that fail in every way, and what a client, the row and the header say of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anthropic

from tests.fake_upstream import (
    DONE,
    Answer,
    Cut,
    Exact,
    FakeUpstream,
    Hang,
    Json,
    Refusal,
    Reply,
    Stream,
    chunk,
)
from tests.live.sdk import HELLO, text_of
from tests.live.server import Server

KEY = "sk-provider-0123456789"
STRATEGIES = ("fallback", "weighted", "fastest", "cheapest")
CHEAP = "llama-3.1-8b-instant"
"""A model of Groq's that costs less than that of `good`; what stands behind it does not change the price."""
GOOD = "good/deepseek-chat"
WELL = "All is well."

_numbers = itertools.count(1)


def fresh(kind: str) -> str:
    """A name that no other test has: what failed rests, and tests would wait for it."""
    return f"{kind}-{next(_numbers)}"


@dataclass(frozen=True)
class Failure:
    """How a provider fails.

    `streamed` answers a request for a stream and `whole` one without. `status` and `type` are the attempt's, or the
    client's where nobody else can answer. `address`: where the provider is, if not at the fake one.
    """

    name: str
    streamed: Answer
    whole: Answer
    status: int
    type: str
    address: str | None = None

    def answer(self, streaming: bool) -> Answer:
        """What it does to a request."""
        return self.streamed if streaming else self.whole


def alike(name: str, answer: Answer, status: int, type: str, **more: Any) -> Failure:
    """One that fails alike, streaming or not."""
    return Failure(name, answer, answer, status, type, **more)


def in_ok(message: str, code: int | str, kind: str) -> dict[str, Any]:
    """An error in the body of a 200."""
    return {"error": {"message": message, "type": kind, "code": code}}


HELLO_CHUNK = chunk(role="assistant", content="")
HTML = b"<html><body>Bad Gateway</body></html>"
RATE = "rate_limit_error"
LIMITED = in_ok("slow down", 429, "rate_limit_error")

SURVIVABLE = [
    alike("connection refused", Reply(), 502, "api_error", address="closed"),
    alike("reset before the head", Exact(Cut(reset=True)), 502, "api_error"),
    alike("closed before the head", Exact(Cut()), 502, "api_error"),
    alike("head never comes", Exact(Hang()), 504, "timeout_error"),
    Failure("first byte never comes", Stream([HELLO_CHUNK, Hang()]), Json({}, inside=(Hang(),)), 504, "timeout_error"),
    alike("408", Refusal(408, "too slow"), 504, "timeout_error"),
    alike("409", Refusal(409, "try again"), 409, "conflict_error"),
    alike("429 without retry-after", Refusal(429, "slow down"), 429, RATE),
    alike("429 with a short one", Refusal(429, "slow down", headers={"Retry-After": "1"}), 429, RATE),
    alike("429 with a long one", Refusal(429, "slow down", headers={"Retry-After": "3600"}), 429, RATE),
    alike("500", Refusal(500, "it broke"), 500, "api_error"),
    alike("502", Refusal(502, "no"), 500, "api_error"),
    alike("502 as a page", Json(HTML, 502, {"Content-Type": "text/html"}), 500, "api_error"),
    alike("503", Refusal(503, "no"), 503, "api_error"),
    alike("529", Refusal(529, "overloaded"), 529, "overloaded_error"),
    alike("401", Refusal(401, "bad key"), 401, "authentication_error"),
    alike("402", Refusal(402, "pay first"), 402, "billing_error"),
    alike("403", Refusal(403, "not you"), 403, "permission_error"),
    alike("404 model gone", Refusal(404, "no such model", code="model_not_found"), 404, "not_found_error"),
    alike("a page in place of JSON", Json(HTML, headers={"Content-Type": "text/html"}), 502, "api_error"),
    Failure("an empty 200", Stream([]), Json(b""), 502, "api_error"),
    alike("an error in a 200", Json(LIMITED), 429, RATE),
    Failure("an error as the first event", Stream([LIMITED, DONE]), Json(LIMITED), 429, RATE),
    Failure("cut before the first words", Stream([HELLO_CHUNK, Cut()]), Exact(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{", Cut()), 502, "api_error"),
    Failure("a stream without words or end", Stream([HELLO_CHUNK]), Json({"choices": []}), 502, "api_error"),
]  # fmt: skip
"""What another target could survive."""

OVERFLOW = Refusal(
    400,
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
    "invalid_request_error",
    "context_length_exceeded",
)
TOO_LONG = "prompt is too long: 9001 tokens > 8192 maximum"
CAUSED = [
    alike("400", Refusal(400, "bad top_p", "invalid_request_error"), 400, "invalid_request_error"),
    alike("422", Refusal(422, "bad top_p", "invalid_request_error"), 400, "invalid_request_error"),
]
"""What the client caused: nobody else is asked."""

BROKEN_OFF = Stream([HELLO_CHUNK, chunk(content="Half of "), Cut()])


@dataclass
class Told:
    """What a client was told: text and model of the answer, or the error; and the header of the attempts."""

    text: str
    model: str
    error: anthropic.APIStatusError | None
    attempts: str | None
    request_id: str


def client_of(server: Server) -> anthropic.Anthropic:
    """The Python SDK's client, without its retries. One is made for many requests, for that takes its time."""
    return anthropic.Anthropic(base_url=server.url, api_key="local", max_retries=0, timeout=30)


def ask(client: anthropic.Anthropic, model: str, streaming: bool, session: str | None = None) -> Told:
    """One request, and all of its answer."""
    headers = {"X-Claude-Code-Session-Id": session} if session else {}
    fields: dict[str, Any] = {"model": model, "max_tokens": 100, "messages": HELLO, "extra_headers": headers}
    try:
        raw: Any = client.messages.with_raw_response.create(**fields, stream=streaming)
    except anthropic.APIStatusError as error:
        sent = error.response.headers
        return Told("", "", error, sent.get("x-ccproxy-attempts"), sent["request-id"])
    told = Told("", "", None, raw.headers.get("x-ccproxy-attempts"), raw.headers["request-id"])
    if not streaming:
        message = raw.parse()
        told.text, told.model = text_of(message), message.model
        return told
    try:
        for event in raw.parse():
            if event.type == "message_start":
                told.model = event.message.model
            elif event.type == "content_block_delta":
                told.text += event.delta.text
    except anthropic.APIStatusError as error:
        told.error = error
    return told


@dataclass
class Stage:
    """A proxy, a fake provider that all its providers are at, and `good`, which is always well."""

    server: Server
    upstream: FakeUpstream
    client: anthropic.Anthropic
    closed: str = ""

    def ask(self, route: str, streaming: bool, session: str | None = None) -> tuple[Told, list[str]]:
        """What a client is told, and the models of the requests that reached the fake provider, in their order.

        Each counts once: what goes over a connection that is kept and breaks is sent again over a new one.
        """
        before = len(self.upstream.requests)
        told = ask(self.client, route, streaming, session)
        return told, list(dict.fromkeys(received.json["model"] for received in self.upstream.requests[before:]))

    @contextmanager
    def provider(self, name: str, *, address: str | None = None, **fields: Any) -> Iterator[str]:
        """A provider of the type groq, which is gone afterwards."""
        url = self.closed if address == "closed" else self.upstream.base_url
        keys = {} if "api_keys" in fields else {"api_key": KEY}
        self.server.add_provider(name, url, **{"type": "groq", **keys, **fields})
        try:
            yield name
        finally:
            self.server.request("DELETE", f"/providers/{name}")

    @contextmanager
    def route(self, *targets: Any, **fields: Any) -> Iterator[str]:
        """A route that takes requests for the model that it gives; no retries unless said."""
        name = fresh("route")
        body = {"name": name, "match": {"model": name}, "targets": list(targets), "retries": 0, **fields}
        status, answer, _ = self.server.request("POST", "/routes", body)
        assert status == 201, answer
        try:
            yield name
        finally:
            self.server.request("DELETE", f"/routes/{name}")

    @contextmanager
    def failing(self, failure: Failure, strategy: str, streaming: bool, then: str = GOOD) -> Iterator[tuple[str, str]]:
        """A route of the strategy whose first target, whatever the order that they are listed in, fails.

        Gives the model to ask for, and the target that fails.
        """
        bad = fresh("bad")
        model = f"{CHEAP}-{bad}"
        self.upstream.script(model, failure.answer(streaming))
        targets: list[Any] = [
            {"provider": bad, "model": model},
            {"provider": then.partition("/")[0], "model": then.partition("/")[2]},
        ]
        if strategy == "weighted":
            targets[1]["weight"] = 0
        if strategy != "fallback":
            targets.reverse()
        with (
            self.provider(bad, address=failure.address),
            self.route(*targets, strategy=strategy) as route,
        ):
            yield route, f"{bad}/{model}"


def attempts_of(row: dict[str, Any]) -> list[tuple[str, int, str | None]]:
    """The attempts of a row: whom they went to, status and type. Each begins when the one before it has ended."""
    attempts = row["attempts"]
    for one, following in itertools.pairwise(attempts):
        assert one["started_ms"] <= one["ended_ms"] <= following["started_ms"] <= following["ended_ms"]
    return [(f"{one['provider']}/{one['model']}", one["status"], one["error_type"]) for one in attempts]


def model_of(target: str) -> str:
    """The model of `provider/model`."""
    return target.partition("/")[2]
