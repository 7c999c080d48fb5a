"""Fifty counts at once through a real server, as editors and `/context` send them, beside a running stream."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import anthropic
import pytest

from tests.fake_upstream import Exact, FakeUpstream, Hang, Json, Pause, Received, Refusal, Stream, Until
from tests.live.raw import Connection, post
from tests.live.sdk import HELLO, provider_of
from tests.live.server import Server, until

COUNTS = 50


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def answer_of(words: list[str], until: threading.Event) -> Stream:
    """A stream of the Messages API: half of the words, the other half when the event says so."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "msg_01", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    said = [event("content_block_delta", index=0, delta={"type": "text_delta", "text": f"{word} "}) for word in words]
    return Stream(
        [
            event("message_start", message={**message, "stop_reason": None, "stop_sequence": None}),
            event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            *said[: len(said) // 2],
            Until(until),
            *said[len(said) // 2 :],
            event("content_block_stop", index=0),
            event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=usage),
            event("message_stop"),
        ]
    )


@pytest.fixture
def counting(server: Server) -> Iterator[FakeUpstream]:
    """A provider that speaks the Messages API, set up as `native`."""
    with FakeUpstream() as upstream, provider_of(server, "native", upstream.url, type="anthropic", api_key="k" * 20):
        yield upstream


def messages_of(number: int) -> list[Any]:
    return [{"role": "user", "content": f"{number} " + "word " * 2000}]


def count(client: anthropic.Anthropic, number: int, model: str = "native/m") -> int:
    return client.messages.count_tokens(model=model, messages=messages_of(number)).input_tokens


def burst(server: Server, model: str) -> list[int]:
    """The counts of fifty requests, all sent before the first answer is read.

    By hand: fifty clients of the SDK would be slower than a count may be, in the process that the provider is in too.
    """
    bodies = [{"model": model, "messages": messages_of(number)} for number in range(COUNTS)]
    sent = [post(body, {"anthropic-version": "2023-06-01"}, "/v1/messages/count_tokens") for body in bodies]
    with ExitStack() as open_ones:
        crowd = [open_ones.enter_context(Connection(server.port)).send(request) for request in sent]
        answers = [connection.answer() for connection in crowd]
    assert {answer.status for answer in answers} == {200}
    return [answer.json["input_tokens"] for answer in answers]


def test_fifty_at_once_beside_a_stream(client: anthropic.Anthropic, server: Server, counting: FakeUpstream) -> None:
    """What a busy machine does not bring in time is counted here; so it may take another fifty until all are exact."""
    words, counted = [f"word{number}" for number in range(40)], threading.Event()
    exact = [100_000 + number for number in range(COUNTS)]
    models = (f"m{number}" for number in itertools.count())  # one that was late is left alone for a while

    def all_exact() -> str | None:
        model = next(models)
        counts = burst(server, f"native/{model}")
        assert all(found == right or 1500 < found < 3000 for found, right in zip(counts, exact, strict=True)), counts
        return model if counts == exact else None

    def answer(received: Received) -> Any:
        if received.path.endswith("/count_tokens"):
            return Json({"input_tokens": 100_000 + int(received.json["messages"][0]["content"].split()[0])},
                        before=(Pause(0.05),))  # fmt: skip
        return answer_of(words, counted)

    counting.script("*", answer)
    with client.messages.stream(model="native/m", max_tokens=100, messages=HELLO) as stream:
        heard = stream.text_stream
        assert next(heard) == "word0 "
        model = until(all_exact, "the provider has counted all fifty")
        counted.set()
        assert "word0 " + "".join(heard) == "".join(f"{word} " for word in words)
    asked = [received for received in counting.requests if received.json["model"] == model]
    assert [received.path for received in asked] == ["/v1/messages/count_tokens"] * COUNTS
    assert all(received.headers["anthropic-version"] for received in asked)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("hangs", Exact(Hang())),
        ("limits", Refusal(429, "slow down")),
        ("fails", Refusal(500, "no")),
        ("knows-no-counts", Refusal(404, "what?")),
        ("babbles", Json(b"<html>")),
    ],
)
def test_fifty_at_once_that_the_provider_does_not_count(
    client: anthropic.Anthropic, counting: FakeUpstream, name: str, fault: Any
) -> None:
    model = f"native/{name}"  # each its own, for one that does not count is left alone for a while
    words, counted = [f"word{number}" for number in range(40)], threading.Event()
    counting.script(
        "*", lambda received: fault if received.path.endswith("/count_tokens") else answer_of(words, counted)
    )
    with client.messages.stream(model=model, max_tokens=100, messages=HELLO) as stream:
        heard = stream.text_stream
        assert next(heard) == "word0 "
        with ThreadPoolExecutor(COUNTS) as crowd:
            counts = list(crowd.map(lambda number: count(client, number, model), range(COUNTS)))
        counted.set()
        assert "word0 " + "".join(heard) == "".join(f"{word} " for word in words)
    assert all(1500 < number < 3000 for number in counts)


def test_a_provider_that_does_not_count_costs_one_question(client: anthropic.Anthropic, counting: FakeUpstream) -> None:
    counting.script("*", Refusal(404, "what is count_tokens?"))
    counts = [count(client, number) for number in range(8)]
    assert all(1500 < number < 3000 for number in counts)
    assert 1 <= len(counting.requests) <= 2  # one in each worker


def test_a_provider_that_is_gone_counts_too(client: anthropic.Anthropic, server: Server) -> None:
    with FakeUpstream() as upstream:
        url = upstream.url
    with provider_of(server, "native", url, type="anthropic", api_key="k" * 20):
        assert 1500 < count(client, 1) < 3000
