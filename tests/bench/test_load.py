"""The load generator and the upstream against each other, and against a server that misbehaves."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import pytest

from bench import machine, server
from bench.load import Job, Load, Result
from bench.wire import Profile, small_request
from tests.fake_upstream import DONE, Cut, Exact, FakeUpstream, Json, Received, Refusal, Stream, chunk


@pytest.fixture(scope="module")
def upstream() -> Iterator[server.Server]:
    with server.upstream(None) as running:
        yield running


def job(port: int, profile: Profile, clients: int, *, streamed: bool, seconds: float = 0.0) -> Job:
    body = small_request(profile.model, streamed=streamed).decode()
    return Job(port, "/v1/chat/completions", body, profile.words, clients, seconds, warmup=0.0)


@pytest.mark.parametrize("profile", [Profile(20), Profile(300), Profile(10, gap=2)])
@pytest.mark.parametrize("streamed", [False, True])
def test_every_answer_is_whole(upstream: server.Server, profile: Profile, streamed: bool) -> None:
    result = Load(job(upstream.port, profile, 8, streamed=streamed)).run()
    assert result.errors == {}
    assert result.requests == 8
    assert result.events == (8 * (profile.words + 4) if streamed else 0)
    assert len(result.latency) == len(result.first_event) == 8
    assert result.latency[0] > 0


def test_a_window_of_time(upstream: server.Server) -> None:
    asked = job(upstream.port, Profile(300), 4, streamed=True, seconds=0.2)
    asked.cpu_of = [upstream.worker or 0]
    result = Load(asked).run()
    assert result.errors == {}
    assert result.requests > 4
    assert result.events > 4 * 300
    assert result.seconds >= 0.2
    assert (result.cpu is None) == (not sys.platform.startswith("linux"))


def test_requests_larger_than_a_socket_takes_at_once(upstream: server.Server) -> None:
    asked = job(upstream.port, Profile(20), 2, streamed=False)
    asked.body = asked.body[:-1] + ',"padding":"' + "x" * 20_000_000 + '"}'
    result = Load(asked).run()
    assert (result.errors, result.requests) == ({}, 2)


def against(*answers: object) -> Result:
    with FakeUpstream() as fake:
        fake.script("words-3", *answers)  # type: ignore[arg-type]
        return Load(job(fake.port, Profile(3), 1, streamed=True)).run()


GOOD = [chunk(content="w0000 "), chunk(content="w0001 "), chunk(content="w0002 ")]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Stream([*GOOD[:2], DONE]), "2 words of 3, or not in order"),
        (Stream(GOOD), "no proper end"),
        (Stream([*GOOD, Cut()]), "closed before the end"),
        (Stream([*GOOD, Cut(reset=True)]), "reading"),
        (Refusal(500), "status 500"),
        (Json({"nothing": 1}), "not the words that were asked for"),
    ],
)
def test_faults_are_counted(answer: object, error: str) -> None:
    result = against(answer)
    assert list(result.errors) == [error]
    assert result.samples[error].startswith(error)
    assert result.requests == 0


def test_nobody_listens() -> None:
    with FakeUpstream() as fake:
        port = fake.port
    result = Load(job(port, Profile(3), 2, streamed=True)).run()
    assert result.errors == {"connecting": 2}


def test_a_connection_that_the_server_had_closed_is_no_fault() -> None:
    whole = list(Stream([*GOOD, DONE]).steps(Received("POST", "/", {}, b"", 0.0, 0)))
    with FakeUpstream() as fake:
        fake.script("words-3", Exact(*whole, Cut()))
        result = Load(job(fake.port, Profile(3), 1, streamed=True, seconds=0.2)).run()
        assert fake.connections > 1
    assert result.errors == {}
    assert result.requests > 1


def test_an_upstream_ends_with_its_block() -> None:
    with server.upstream(None) as running:
        pid = running.worker
        assert pid is not None
        os.kill(pid, 0)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
    pytest.fail("it still runs")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_what_the_system_knows_of_a_process() -> None:
    pid = os.getpid()
    cpu, memory, peak = machine.cpu_seconds([pid]), machine.resident_mb(pid), machine.peak_mb(pid)
    assert cpu is not None
    assert cpu > 0
    assert memory is not None
    assert peak is not None
    assert 1 < memory <= peak + 1
    assert machine.cpu_seconds([]) is None
    with server.upstream(None) as running:
        assert running.worker in machine.children(pid)
