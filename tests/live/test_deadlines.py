"""Deadlines and pings, with time that really passes: short deadlines on a server of its own, real pings at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fake_upstream import (
    DONE,
    Answer,
    Exact,
    FakeUpstream,
    Hang,
    Json,
    Pause,
    Refusal,
    Reply,
    Stream,
    chunk,
    closed_port,
    event,
    finish,
)
from tests.live.raw import Answer as Told
from tests.live.raw import Connection, ask, post
from tests.live.server import Server
from tests.translate.grammar import check

IDLE = 1.0
TOTAL = 3.0
HELLO = [chunk(role="assistant", content=""), chunk(content="hello")]


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, provider: FakeUpstream) -> Iterator[Server]:
    settings = {"idle_timeout": str(IDLE), "request_timeout": str(TOTAL), "connect_timeout": "0.5"}
    with Server(tmp_path_factory.mktemp("hasty"), settings=settings) as running:
        running.add_provider("fake", provider.base_url)
        yield running


def dripping(first: list[Any]) -> Answer:
    """Never silent for long, and never done."""
    return Stream([*first, *[piece for _ in range(100) for piece in (Pause(0.3), b": still thinking\n\n")]])


LATE: dict[str, Answer] = {
    "in the middle": Stream([*HELLO, Hang()]),
    "within an event": Stream([*HELLO, event(finish())[:20], Hang()]),
    "comments for ever": dripping(HELLO),
    "words for ever": Stream([*HELLO, *[piece for _ in range(100) for piece in (Pause(0.3), chunk(content="x"))]]),
}
EARLY: dict[str, Answer] = {
    "before the head": Exact(Hang()),
    "within the head": Exact(b"HTTP/1.1 200 OK\r\nContent-Ty", Hang()),
    "after the head": Stream([Hang()]),
    "before the content": Stream([HELLO[0], Hang()]),
    "comments before the content": dripping(HELLO[:1]),
    "before the body": Json(Reply().completion(), inside=(Hang(),)),
    "before the body of an error": Json({}, 500, inside=(Hang(),)),
}


def test_deadlines(hasty: Server, provider: FakeUpstream) -> None:
    """All at once, because each takes its second."""

    def run(name: str, answer: Answer, streaming: bool) -> tuple[Told, float]:
        model = f"{name} {streaming}"
        provider.script(model, answer)
        begun = time.monotonic()
        with Connection(hasty.port) as client:
            told = client.send(post(ask(model=f"fake/{model}", stream=streaming))).answer()
        return told, time.monotonic() - begun

    cases = [(name, answer, True) for name, answer in (LATE | EARLY).items()]
    cases += [(name, answer, False) for name, answer in EARLY.items() if not isinstance(answer, Stream)]
    with ThreadPoolExecutor(len(cases)) as pool:
        results = list(pool.map(lambda case: run(*case), cases))
    for (name, _, streaming), (told, took) in zip(cases, results, strict=True):
        if name in LATE:
            said = check(told.events, may_fail=True)
            assert said.text.startswith("hello"), name
            assert said.error is not None
            assert said.error["type"] == "timeout_error", name
        else:
            assert (told.status, told.error[0]) == (504, "timeout_error"), f"{name}: {told}"
        least = TOTAL if "for ever" in name or name.startswith("comments") else IDLE
        assert took >= 0.9 * least, name
        row = hasty.row(told.headers["request-id"])
        assert (row["status"], row["error_type"], row["stream"]) == (504, "timeout_error", streaming), name
    for received in provider.requests:
        assert received.wait() == "left", received.json["model"]


def test_a_provider_that_is_not_there(hasty: Server) -> None:
    hasty.add_provider("gone", f"http://127.0.0.1:{closed_port()}/v1")
    with Connection(hasty.port) as client:
        for streaming in (True, False):
            told = client.send(post(ask(model="gone/m", stream=streaming))).answer()
            assert (told.status, told.error[0]) == (502, "api_error")
            assert "could not be reached" in told.error[1]


def ping_cases() -> dict[str, tuple[Answer, list[str], str | None]]:
    """Answer, the events after which it goes on, and what it ends with."""
    later = [chunk(content=" world"), finish(), DONE]
    return {
        "silence in the middle": (Stream([*HELLO, Pause(11), *later]), ["message_start"], None),
        "comments in the middle": (
            Stream([*HELLO, *[piece for _ in range(11) for piece in (Pause(1), b": alive\n\n")], *later]),
            ["message_start"],
            None,
        ),
        "silence before the head": (Stream([*HELLO, *later], before=(Pause(21),)), ["ping"], None),
        "silence before the content": (Stream([HELLO[0], Pause(21), *HELLO, *later]), ["ping"], None),
        "a refusal after a long silence": (
            Exact(Pause(21), *Refusal(429, "slow down").steps(None)),  # type: ignore[arg-type]
            ["ping"],
            "rate_limit_error",
        ),
        "an end after a long silence": (Stream([HELLO[0], Pause(21)]), ["ping"], "api_error"),
        "a whole answer after a long silence": (
            Json(Reply("hello world").completion(), before=(Pause(21),)),
            ["ping"],
            None,
        ),
    }


def test_pings(server: Server) -> None:
    """The real ones: after 10 s without an event, and after 20 s before the first. At once, because they take long."""

    def run(name: str, answer: Answer) -> Told:
        provider.script(name, answer)
        with Connection(server.port) as client:
            return client.send(post(ask(model=f"slow/{name}", stream=True))).answer()

    cases = ping_cases()
    with FakeUpstream() as provider, ThreadPoolExecutor(len(cases)) as pool:
        server.add_provider("slow", provider.base_url)
        results = list(pool.map(lambda name: run(name, cases[name][0]), cases))
    assert server.request("DELETE", "/providers/slow")[0] == 200
    for name, told in zip(cases, results, strict=True):
        _, first, ending = cases[name]
        kinds = [value["type"] for value in told.events]
        assert (told.status, kinds[:1]) == (200, first), name
        assert kinds.count("ping") == 1, f"{name}: {kinds}"
        said = check(told.events, may_fail=ending is not None)
        if ending:
            assert said.error is not None
            assert (said.error["type"], kinds) == (ending, ["ping", "error"])
        else:
            assert said.text.endswith("hello world"), name
        row = server.row(told.headers["request-id"])
        assert row["error_type"] == ending, name
        if first == ["ping"] and not ending:
            assert row["ttft_ms"] > 20_000, f"{name}: the first event of meaning, not the ping"
