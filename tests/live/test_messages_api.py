"""A provider that speaks the Messages API itself, behind the running proxy: what comes is what it sent."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import beta_tool

from tests.fake_anthropic import LIMITS, FakeAnthropic, failure, frame
from tests.fake_upstream import Cut, FakeUpstream, Json, Received, Stream, Until
from tests.live.sdk import HELLO, text_of
from tests.live.server import Server

MODEL = "native/claude-opus-5-5"
BETAS = "effort-2025-11-24, never-heard-of-2027-01-01"
BODY = {
    "max_tokens": 9,
    "messages": [{"role": "user", "content": 'say "model": "é"'}],
    "model": MODEL,
    "never_heard_of": {"model": MODEL, "number": 1.50},
}


@pytest.fixture(scope="module")
def upstream(server: Server) -> Iterator[FakeUpstream]:
    with FakeUpstream() as made:
        server.add_provider("native", made.url, type="anthropic", api_key="sk-provider-0123456789")
        yield made
        server.request("DELETE", "/providers/native")


@pytest.fixture
def api(upstream: FakeUpstream) -> FakeAnthropic:
    upstream.forget()
    return FakeAnthropic(upstream)


def sent(**changes: Any) -> bytes:
    return json.dumps({**BODY, **changes}, indent=1, ensure_ascii=False).encode()


def named(data: Any) -> Any:
    """What the provider sent, with the model's name that answers carry."""
    return json.loads(json.dumps(data).replace('"model": "claude-opus-5-5"', f'"model": "{MODEL}"', 1))


def test_the_bytes_go_through(server: Server, api: FakeAnthropic) -> None:
    status, answer, headers = server.request(
        "POST", "/v1/messages?beta=true", sent(), {"anthropic-version": "2026-10-21", "anthropic-beta": BETAS}
    )
    [seen] = api.upstream.requests
    assert seen.body == sent().replace(f'"{MODEL}"'.encode(), b'"claude-opus-5-5"', 1)
    assert seen.headers["anthropic-beta"] == BETAS
    assert seen.headers["anthropic-version"] == "2026-10-21"
    assert seen.headers["x-api-key"] == "sk-provider-0123456789"
    assert status == 200
    given = {**api.message("claude-opus-5-5"), "id": "msg_fake1"}
    assert answer == named(given)
    assert headers["anthropic-ratelimit-requests-remaining"] == "49"
    assert "x-ccproxy-dropped" not in headers
    row = server.row(headers["x-request-id"])
    assert (row["status"], row["input_tokens"], row["output_tokens"], row["stop_reason"]) == (200, 12, 3, "end_turn")
    assert (row["cache_read_input_tokens"], row["dropped"], row["upstream_model"]) == (4, [], "claude-opus-5-5")


def test_the_frames_go_through(server: Server, api: FakeAnthropic) -> None:
    _, answer, headers = server.request("POST", "/v1/messages", sent(stream=True))
    first, *rest = api.stream("claude-opus-5-5")
    start = first.replace(b'"model": "claude-opus-5-5"', f'"model": "{MODEL}"'.encode(), 1).replace(b"fake2", b"fake1")
    assert answer.encode() == start + b"".join(rest)
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["anthropic-ratelimit-requests-remaining"] == "49"
    row = server.row(headers["x-request-id"])
    assert (row["stream"], row["output_tokens"], row["stop_reason"], row["status"]) == (1, 3, "end_turn", 200)


def test_the_sdk_reads_both(client: anthropic.Anthropic, api: FakeAnthropic) -> None:
    message = client.messages.create(model=MODEL, max_tokens=9, messages=HELLO)
    assert (text_of(message), message.model, message.id) == (api.text, MODEL, "msg_fake1")
    with client.messages.stream(model=MODEL, max_tokens=9, messages=HELLO) as stream:
        final = stream.get_final_message()
    assert (text_of(final).strip(), final.model, final.id) == (api.text, MODEL, "msg_fake2")
    assert (final.usage.input_tokens, final.usage.output_tokens, final.stop_reason) == (12, 3, "end_turn")


def test_threads_are_kept_by_who_has_them(client: anthropic.Anthropic, server: Server, api: FakeAnthropic) -> None:
    @beta_tool
    def add(a: int, b: int) -> str:
        """Add two numbers."""
        return str(a + b)

    said: Any = HELLO
    client.beta.messages.tool_runner(model=MODEL, max_tokens=9, messages=said, tools=[add]).until_done()
    threaded = [request for request in api.upstream.requests if "thread" in request.json]
    server.request("PUT", "/providers/native", {"options": {"threads": False}})
    try:
        api.upstream.requests.clear()
        done = client.beta.messages.tool_runner(model=MODEL, max_tokens=9, messages=said, tools=[add]).until_done()
        assert done.content[0].type == "text"
        assert all("thread" not in request.json for request in api.upstream.requests)
        assert api.upstream.requests
    finally:
        server.request("PUT", "/providers/native", {"options": {}})
    assert threaded, "the SDK's tool runner asks for a thread"


@pytest.mark.parametrize(
    ("status", "type", "error"),
    [
        (400, "invalid_request_error", anthropic.BadRequestError),
        (401, "authentication_error", anthropic.AuthenticationError),
        (404, "not_found_error", anthropic.NotFoundError),
        (413, "request_too_large", anthropic.APIStatusError),
        (429, "rate_limit_error", anthropic.RateLimitError),
        (529, "overloaded_error", anthropic.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_come_byte_for_byte(
    client: anthropic.Anthropic, api: FakeAnthropic, status: int, type: str, error: Any, stream: bool
) -> None:
    body = json.dumps(failure(type, "prompt is too long: 9 tokens > 8 maximum"), indent=3).encode()
    api.upstream.enqueue(Json(body, status, {"retry-after": "3", **LIMITS}))
    with pytest.raises(error) as raised:
        client.messages.create(model=MODEL, max_tokens=9, messages=HELLO, stream=stream)
    response = raised.value.response
    assert (response.status_code, response.content) == (status, body)
    assert response.headers["anthropic-ratelimit-requests-remaining"] == "49"
    assert response.headers.get("retry-after") == ("3" if status in (429, 529) else None)
    assert response.headers.get("x-should-retry") == ("false" if status == 401 else None)
    assert len(api.upstream.requests) == 1


def test_an_error_as_the_first_event_is_an_answer_of_its_status(
    client: anthropic.Anthropic, api: FakeAnthropic
) -> None:
    body = failure("overloaded_error", "Overloaded")
    first, *_ = api.stream("claude-opus-5-5")
    api.upstream.enqueue(Stream([first, f"event: error\ndata: {json.dumps(body)}\n\n".encode()]))
    with pytest.raises(anthropic.InternalServerError) as raised:
        client.messages.create(model=MODEL, max_tokens=9, messages=HELLO, stream=True)
    assert (raised.value.response.status_code, raised.value.response.json()) == (529, body)


LATE = f"event: error\ndata: {json.dumps(failure('overloaded_error', 'Overloaded'))}\n\n".encode()


@pytest.mark.parametrize(("end", "type"), [(LATE, "overloaded_error"), (Cut(), "api_error")])
def test_what_breaks_off_ends_with_an_error(
    client: anthropic.Anthropic, server: Server, api: FakeAnthropic, end: Any, type: str
) -> None:
    begun = threading.Event()
    api.upstream.enqueue(Stream([*api.stream("claude-opus-5-5")[:5], Until(begun), end]))
    kinds = []

    def heard(event: Any) -> None:
        kinds.append(event.type)
        begun.set()

    with client.messages.create(model=MODEL, max_tokens=9, messages=HELLO, stream=True) as stream:
        with pytest.raises(anthropic.APIStatusError) as raised:
            list(map(heard, stream))
        request_id = stream.response.headers["request-id"]
    assert raised.value.type == type
    assert kinds[0] == "message_start"
    assert "message_stop" not in kinds
    if end is LATE:
        assert raised.value.body == failure("overloaded_error", "Overloaded")
    assert server.row(request_id)["error_type"] == type


def test_servers_of_less_fidelity(client: anthropic.Anthropic, api: FakeAnthropic) -> None:
    frames = api.stream("claude-opus-5-5")
    unnamed = [one.partition(b"\n")[2].replace(b"\n", b"\r\n") for one in frames]
    message = {"id": "chatcmpl-1", "type": "message", "role": "assistant", "content": [], "model": "m"}
    start = frame("message_start", message={**message, "stop_reason": None, "stop_sequence": None, "usage": None})
    api.upstream.enqueue(
        Stream([*unnamed, b"data: [DONE]\r\n\r\n"]), Stream([start, *frames[1:]]), Json(api.message("claude-opus-5-5"))
    )
    for _ in range(3):
        with client.messages.stream(model=MODEL, max_tokens=9, messages=HELLO) as stream:
            final = stream.get_final_message()
        assert text_of(final).strip() == api.text
        assert (final.usage.output_tokens, final.model) == (3, MODEL)
        assert final.id.startswith("msg_")


def test_tokens_are_counted_upstream(client: anthropic.Anthropic, api: FakeAnthropic) -> None:
    counted = client.messages.count_tokens(model=MODEL, messages=HELLO)
    assert counted.input_tokens == 2095
    [seen] = api.upstream.requests
    assert (seen.path, seen.json["model"]) == ("/v1/messages/count_tokens", "claude-opus-5-5")


def test_batches(client: anthropic.Anthropic, api: FakeAnthropic) -> None:
    params: Any = {"max_tokens": 9, "messages": HELLO, "model": MODEL}
    batch = client.messages.batches.create(requests=[{"custom_id": f"r{n}", "params": params} for n in range(3)])
    assert client.messages.batches.retrieve(batch.id).processing_status == "ended"
    assert [one.id for one in client.messages.batches.list()] == [batch.id]
    results = list(client.messages.batches.results(batch.id))
    assert [one.custom_id for one in results] == ["r0", "r1", "r2"]
    assert all(one.result.type == "succeeded" for one in results)
    assert client.messages.batches.cancel(batch.id).processing_status == "canceling"
    assert client.messages.batches.delete(batch.id).id == batch.id
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve(batch.id)
    sent: Received = api.upstream.requests[0]
    assert {one["params"]["model"] for one in sent.json["requests"]} == {"claude-opus-5-5"}


def test_files(client: anthropic.Anthropic, api: FakeAnthropic) -> None:
    content = bytes(range(256)) * 4000
    made = client.beta.files.upload(file=("a.bin", io.BytesIO(content), "application/octet-stream"))
    assert api.files[made.id] == content
    assert client.beta.files.retrieve_metadata(made.id).size_bytes == len(content)
    assert client.beta.files.download(made.id).read() == content
    assert [one.id for one in client.beta.files.list()] == [made.id]
    client.beta.files.delete(made.id)
    with pytest.raises(anthropic.NotFoundError):
        client.beta.files.download(made.id)


def test_where_nobody_has_batches(client: anthropic.Anthropic, provider: FakeUpstream, server: Server) -> None:
    server.request("DELETE", "/providers/native")
    with pytest.raises(anthropic.NotFoundError, match="no enabled provider has them"):
        client.messages.batches.retrieve("msgbatch_1")
