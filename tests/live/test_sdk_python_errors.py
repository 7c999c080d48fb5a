"""What goes wrong, as users of the Python SDK see it: classes, types, retries, ends in the middle."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import anthropic
import pytest

from tests.fake_upstream import Cut, Exact, FakeUpstream, Hang, Json, Refusal, Reply, Stream, Until, chunk, closed_port
from tests.live.sdk import HELLO, MODEL, provider_of, text_of
from tests.live.server import Server, until

ASKED: dict[str, Any] = {"model": MODEL, "max_tokens": 100, "messages": HELLO}
KEY = "sk-provider-0123456789"  # what the fixture `provider` is set up with


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("refusal", "class_", "type"),
    [
        (Refusal(400, "bad top_p", "invalid_request_error"), anthropic.BadRequestError, "invalid_request_error"),
        (Refusal(401, f"bad key {KEY}", "authentication"), anthropic.AuthenticationError, "authentication_error"),
        (Refusal(402, "no credit left", "billing"), anthropic.PaymentRequiredError, "billing_error"),
        (Refusal(403, "not in your region", "permission"), anthropic.PermissionDeniedError, "permission_error"),
        (Refusal(404, "no model model-x", "not_found"), anthropic.NotFoundError, "not_found_error"),
        (Refusal(429, "slow down", "rate_limit"), anthropic.RateLimitError, "rate_limit_error"),
        (Refusal(500, "it broke", "server_error"), anthropic.InternalServerError, "api_error"),
        (Refusal(529, "too much to do", "overloaded"), anthropic.OverloadedError, "overloaded_error"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Refusal) else "",
)
def test_a_providers_error_is_of_its_class(
    server: Server,
    client: anthropic.Anthropic,
    provider: FakeUpstream,
    refusal: Refusal,
    class_: Any,
    type: str,
    stream: bool,
) -> None:
    provider.enqueue(refusal)
    with pytest.raises(class_) as caught:
        client.messages.create(**ASKED, stream=stream)
    error = caught.value
    assert (error.status_code, error.type) == (refusal.status, type)
    assert refusal.message.replace(KEY, "") in str(error.api_message)
    assert KEY not in str(error.body)
    assert error.body["request_id"] == error.request_id
    row = server.row(str(error.request_id))
    assert (row["status"], row["error_type"], row["stream"]) == (refusal.status, type, int(stream))
    assert [attempt["status"] for attempt in row["attempts"]] == [refusal.status]


def test_a_refused_provider_key_is_not_tried_again(server: Server, provider: FakeUpstream) -> None:
    provider.script("model-x", Refusal(401, "bad key", "authentication"))
    with (
        anthropic.Anthropic(base_url=server.url, api_key="local") as client,
        pytest.raises(anthropic.AuthenticationError) as caught,
    ):
        client.messages.create(**ASKED)
    assert "'fake'" in str(caught.value.api_message)
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert len(provider.requests) == 1


def test_the_providers_retry_after_is_kept(server: Server, provider: FakeUpstream) -> None:
    provider.enqueue(Refusal(429, "slow down", headers={"Retry-After": "1"}), Reply("now"))
    with anthropic.Anthropic(base_url=server.url, api_key="local") as client:
        assert text_of(client.messages.create(**ASKED)) == "now"
    first, second = provider.requests
    # Without it the SDK would come back after half a second at most.
    assert second.at - first.at >= 0.9


def test_an_overloaded_provider_is_tried_again_by_the_sdk(server: Server, provider: FakeUpstream) -> None:
    provider.enqueue(Refusal(529, "too much to do", headers={"Retry-After-Ms": "20"}), Reply("now"))
    with anthropic.Anthropic(base_url=server.url, api_key="local") as client:
        assert text_of(client.messages.create(**ASKED)) == "now"
    assert len(provider.requests) == 2


def test_a_prompt_too_long_is_said_in_the_words_that_clients_know(
    client: anthropic.Anthropic, provider: FakeUpstream
) -> None:
    words = (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. "
        "Please reduce the length of the messages."
    )
    provider.enqueue(Refusal(400, words, "invalid_request_error", "context_length_exceeded"))
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**ASKED)
    assert caught.value.api_message == "prompt is too long: 9001 tokens > 8192 maximum"


def test_an_unreachable_provider(server: Server, client: anthropic.Anthropic) -> None:
    with (
        provider_of(server, "gone", f"http://127.0.0.1:{closed_port()}/v1"),
        pytest.raises(anthropic.InternalServerError) as caught,
    ):
        client.messages.create(**{**ASKED, "model": "gone/x"})
    assert (caught.value.status_code, caught.value.type) == (502, "api_error")


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"{}", b'{"choices": []}'])
def test_nonsense_from_the_provider(client: anthropic.Anthropic, provider: FakeUpstream, body: bytes) -> None:
    provider.enqueue(Json(body))
    with pytest.raises(anthropic.InternalServerError) as caught:
        client.messages.create(**ASKED)
    assert (caught.value.status_code, caught.value.type) == (502, "api_error")


def test_a_bad_field_is_named(client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    wrong: Any = [{"role": "user", "content": [{"type": "text", "text": 5}]}]
    with pytest.raises(anthropic.BadRequestError, match=r"messages\.0\.content\.0\.text"):
        client.messages.create(**{**ASKED, "messages": wrong})
    assert provider.requests == []


def test_a_disabled_provider_is_not_found(server: Server, client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    with provider_of(server, "off", provider.base_url, enabled=False):
        with pytest.raises(anthropic.NotFoundError) as caught:
            client.messages.create(**{**ASKED, "model": "off/x"})
        assert caught.value.type == "not_found_error"
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("off/x")
    assert provider.requests == []


def test_a_body_over_the_limit(client: anthropic.Anthropic, provider: FakeUpstream, server: Server) -> None:
    with pytest.raises(anthropic.ContentTooLargeError) as caught:
        client.messages.create(
            model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "x" * (33 * 1024 * 1024)}]
        )
    assert (caught.value.status_code, caught.value.type) == (413, "request_too_large")
    assert provider.requests == []


# --- after the stream has begun -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "type", "words"),
    [
        ([{"error": {"message": "out of memory", "type": "server_error", "code": 500}}], "api_error", "out of memory"),
        ([{"error": {"message": "slow down", "type": "rate_limit", "code": 429}}], "rate_limit_error", "slow down"),
        ([Cut()], "api_error", ""),
        ([Cut(reset=True)], "api_error", ""),
        ([b"data: {nonsense\n\n"], "api_error", ""),
        ([], "api_error", ""),
    ],
    ids=["error", "rate", "cut", "reset", "nonsense", "end"],
)
def test_an_error_in_the_middle_of_a_stream_is_raised(
    server: Server, client: anthropic.Anthropic, provider: FakeUpstream, pieces: list[Any], type: str, words: str
) -> None:
    seen = threading.Event()
    provider.enqueue(Stream([chunk(content="Hel"), chunk(content="lo"), Until(seen), *pieces]))
    with client.messages.stream(**ASKED) as stream:
        text = next(stream.text_stream)
        seen.set()
        with pytest.raises(anthropic.APIStatusError) as caught:
            text += "".join(stream.text_stream)
        request_id = str(stream.response.headers["request-id"])
        assert text_of(stream.current_message_snapshot) == "Hello"
    assert (caught.value.status_code, caught.value.type) == (200, type)
    assert words in str(caught.value.api_message)
    row = server.row(request_id)
    assert row["error_type"] == type


def test_an_error_before_the_first_text_keeps_its_status(client: anthropic.Anthropic, provider: FakeUpstream) -> None:
    refused = {"error": {"message": "slow down", "type": "rate_limit_exceeded", "code": 429}}
    provider.enqueue(Stream([chunk(role="assistant", content=""), refused]))
    with pytest.raises(anthropic.RateLimitError), client.messages.stream(**ASKED):
        pass


# --- clients that leave -------------------------------------------------------------------------------------------


def test_leaving_a_stream_lets_go_of_the_provider(
    server: Server, client: anthropic.Anthropic, provider: FakeUpstream
) -> None:
    provider.enqueue(Stream([chunk(content="Hel"), Hang()]))
    with client.messages.stream(**ASKED) as stream:
        assert next(stream.text_stream) == "Hel"
        request_id = str(stream.response.headers["request-id"])
    assert provider.requests[0].wait() == "left"
    row = server.row(request_id)
    assert (row["status"], row["error_type"]) == (499, "client_closed")


def test_a_timeout_of_the_sdk_lets_go_of_the_provider(server: Server, provider: FakeUpstream) -> None:
    provider.enqueue(Exact(Hang()))
    seen = {row["id"] for row in server.rows()}
    with (
        anthropic.Anthropic(base_url=server.url, api_key="local", max_retries=0, timeout=0.3) as client,
        pytest.raises(anthropic.APITimeoutError),
    ):
        client.messages.create(**ASKED)
    assert provider.requests[0].wait() == "left"
    [row] = until(lambda: [row for row in server.rows() if row["id"] not in seen], "its row")
    assert (row["status"], row["error_type"]) == (499, "client_closed")


def test_a_cancelled_task_lets_go_of_the_provider(server: Server, provider: FakeUpstream) -> None:
    provider.enqueue(Stream([chunk(content="Hel"), Hang()]))

    async def run() -> None:
        async with anthropic.AsyncAnthropic(base_url=server.url, api_key="local", max_retries=0) as client:
            begun = asyncio.Event()

            async def read() -> None:
                async with client.messages.stream(**ASKED) as stream:
                    async for _ in stream.text_stream:
                        begun.set()

            task = asyncio.create_task(read())
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert provider.requests[0].wait() == "left"
