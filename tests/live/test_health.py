"""What two workers know together of providers and keys, what of it outlives a restart, and the test of a provider."""

from __future__ import annotations

import contextlib
import http.client
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fake_anthropic import FakeAnthropic
from tests.fake_upstream import Answer, FakeUpstream, Received, Refusal, Reply
from tests.live.sdk import HELLO
from tests.live.server import LIMIT, Server, until
from tests.live.third_parties import llmock

ONE, TWO = "sk-provider-0123456789", "sk-provider-abcdefghij"
MANY = 12
"""Requests after which both workers have had their turn, as good as certainly."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as made:
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers, which may be started again."""
    with Server(tmp_path_factory.mktemp("health"), workers=2) as server:
        yield server


@pytest.fixture
def server(running: Server, upstream: FakeUpstream) -> Iterator[Server]:
    upstream.forget()
    upstream.models = ["m", "n"]
    running.add_provider("two", upstream.base_url, api_keys=[ONE, TWO], models=["m"])
    yield running
    running.request("DELETE", "/providers/two")
    # A rest of this test's would count as one of the next test's
    until(lambda: running.healthy() and not written(running), "its rests are forgotten")


def ask(server: Server, model: str = "two/m", session: str | None = None) -> int:
    headers = {"x-claude-code-session-id": session} if session else None
    return server.request("POST", "/v1/messages", {"model": model, "max_tokens": 9, "messages": HELLO}, headers)[0]


def key_of(received: Received) -> str:
    return received.headers["authorization"].removeprefix("Bearer ")


def refusing(*keys: str, status: int = 401) -> Callable[[Received], Answer]:
    """A provider that takes these keys for nothing."""
    return lambda received: Refusal(status, "no such key") if key_of(received) in keys else Reply("ok")


def used(server: Server, upstream: FakeUpstream, times: int = MANY) -> set[str]:
    """The keys of so many requests that all are answered."""
    before = len(upstream.requests)
    assert {ask(server) for _ in range(times)} == {200}
    return {key_of(received) for received in upstream.requests[before:]}


def health(server: Server, name: str = "two") -> dict[str, Any]:
    found: dict[str, Any] = server.request("GET", f"/providers/{name}")[1]["health"]
    return found


def states(server: Server, name: str = "two") -> list[str]:
    return [key["state"] for key in health(server, name)["keys"]]


def both(server: Server, name: str = "two") -> list[dict[str, Any]]:
    """The health as each worker shows it: a connection stays with the worker that took it, and /status names that."""
    found: dict[int, dict[str, Any]] = {}

    def asked() -> bool:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)) as connection:
            answers = []
            for path in ("/status", f"/providers/{name}"):
                connection.request("GET", path)
                answers.append(json.load(connection.getresponse()))
        found[answers[0]["pid"]] = answers[1]["health"]
        return len(found) == server.workers

    until(asked, "each worker has shown it")
    return list(found.values())


def both_show(server: Server, *expected: str, name: str = "two") -> None:
    """Wait until both workers know these states of its keys: what one has found, the other one learns."""
    until(
        lambda: all([key["state"] for key in one["keys"]] == [*expected] for one in both(server, name)),
        f"both workers show {expected}",
    )


def written(server: Server, name: str = "two") -> int:
    """How many rests of a provider the database holds, for the other workers and the next start."""
    with contextlib.closing(sqlite3.connect(server.database)) as connection:
        [[found]] = connection.execute("SELECT count(*) FROM cooldowns WHERE provider = ?", (name,))
    return int(found)


def set_aside(server: Server, upstream: FakeUpstream) -> None:
    """The first key is refused, the database holds that, and all workers know it."""
    upstream.script("m", refusing(ONE))
    until(lambda: used(server, upstream, 4) == {ONE, TWO} or states(server)[0] == "resting", "the key is refused")
    until(lambda: written(server) == 1, "the rest is written")
    both_show(server, "resting", "ok")
    assert used(server, upstream) == {TWO}, "no worker takes it any more"


def test_what_one_worker_found_both_go_by_and_show(server: Server, upstream: FakeUpstream) -> None:
    assert used(server, upstream) == {ONE, TWO}
    set_aside(server, upstream)
    for _ in range(MANY):
        assert states(server) == ["resting", "ok"]
        detail = server.request("GET", "/health")[1]["providers"]["details"]["two"]
        assert (detail["healthy"], detail["state"]) == (True, "ok")
        [key] = detail["resting"]["keys"]
        assert (key["hint"], key["reason"], key["status"]) == ("6789", "authentication_error", 401)


def test_a_key_stays_aside_over_a_restart_until_its_provider_changes(server: Server, upstream: FakeUpstream) -> None:
    set_aside(server, upstream)
    server.stop()
    server.start()
    upstream.script("m", Reply("ok"))
    assert states(server) == ["resting", "ok"]
    assert used(server, upstream) == {TWO}
    assert server.request("PUT", "/providers/two", {"headers": {"X-Team": "blue"}})[0] == 200
    assert used(server, upstream) == {ONE, TWO}
    assert states(server) == ["ok", "ok"]


def test_a_test_that_succeeds_puts_a_key_back(server: Server, upstream: FakeUpstream) -> None:
    set_aside(server, upstream)
    status, found, _ = server.request("POST", "/providers/two/test", {"key": 0})
    assert (status, found["ok"], found["error"]["status"]) == (200, False, 401)
    assert "no such key" in found["error"]["message"]
    upstream.script("m", Reply("ok"))
    found = server.request("POST", "/providers/two/test", {"key": 0})[1]
    assert (found["ok"], found["key"], found["model"]) == (True, 0, "m")
    assert found["streaming"]["ok"] is True
    assert found["models"] == {"count": 2, "first": ["m", "n"], "error": None}
    both_show(server, "ok", "ok")
    assert used(server, upstream) == {ONE, TWO}, "they take it again"


def test_a_provider_whose_only_key_is_refused_is_not_healthy(server: Server, upstream: FakeUpstream) -> None:
    server.add_provider("one", upstream.base_url, api_key=ONE)
    try:
        upstream.script("m", refusing(ONE, status=402))
        assert ask(server, "one/m") == 402
        both_show(server, "resting", name="one")
        status, body, _ = server.request("GET", "/health")
        detail = body["providers"]["details"]["one"]
        assert (status, body["status"], detail["healthy"], detail["state"]) == (200, "degraded", False, "resting")
        upstream.script("m", Reply("ok"))
        assert ask(server, "one/m") == 200  # nobody else is left, so it is asked, and was well
        both_show(server, "ok", name="one")
        # The row of the good answer, which it goes by as well, is written in a batch
        until(lambda: server.request("GET", "/health")[1]["providers"]["details"]["one"]["healthy"], "it is healthy")
    finally:
        server.request("DELETE", "/providers/one")


def test_of_both_workers_one_request_probes(server: Server, upstream: FakeUpstream) -> None:
    route = {"name": "r", "match": {"model": "r"}, "targets": ["two/m", "spare/spare"], "retries": 0}
    server.add_provider("spare", upstream.base_url, api_key=TWO)
    assert server.request("POST", "/routes", route)[0] == 201
    asked, again = threading.Semaphore(0), threading.Event()

    def slow(received: Received) -> Answer:
        asked.release()
        again.wait(20)
        return Reply("I am back.")

    try:
        upstream.script("m", Refusal(529, "busy", headers={"Retry-After": "2"}), slow)
        assert ask(server, "r") == 200
        until(lambda: all("m" in one["targets"] for one in both(server)), "both workers know that it rests")
        with ThreadPoolExecutor(MANY) as pool:
            # Those that come before the end of the rest are answered by the spare, so they go on until one probes
            probing = [pool.submit(until, lambda: ask(server, "r") == 200 and again.is_set(), "all") for _ in range(6)]
            assert asked.acquire(timeout=20)
            assert {ask(server, "r") for _ in range(MANY)} == {200}
            assert not asked.acquire(blocking=False), "a second request probes"
            again.set()
            for one in probing:
                one.result()
        until(lambda: _last(server, upstream) == {"m"}, "both workers are back at the first target")
    finally:
        again.set()
        server.request("DELETE", "/routes/r")
        server.request("DELETE", "/providers/spare")


def _last(server: Server, upstream: FakeUpstream) -> set[str]:
    before = len(upstream.requests)
    assert {ask(server, "r") for _ in range(MANY)} == {200}
    return {received.json["model"] for received in upstream.requests[before:]}


def test_a_session_keeps_its_key_in_both_workers(server: Server, upstream: FakeUpstream) -> None:
    for session in ("first", "second", "third"):
        before = len(upstream.requests)
        assert {ask(server, session=session) for _ in range(MANY)} == {200}
        assert len({key_of(received) for received in upstream.requests[before:]}) == 1


# --- the test of a provider ------------------------------------------------------------------------------------------


def tried(server: Server, name: str, **body: Any) -> dict[str, Any]:
    status, found, _ = server.request("POST", f"/providers/{name}/test", body or None)
    assert status == 200, found
    assert isinstance(found, dict)
    return found


def test_a_provider_that_relays_is_tested_too(server: Server, upstream: FakeUpstream) -> None:
    FakeAnthropic(upstream)
    server.add_provider("native", upstream.url, type="anthropic", api_key=ONE)
    try:
        found = tried(server, "native", model="claude-opus-5-5")
        assert (found["ok"], found["streaming"]["ok"]) == (True, True)
        assert found["latency_ms"] > 0
        assert (found["tools"]["ok"], found["tools"]["error"]["type"]) == (False, "no_tool_call")
    finally:
        server.request("DELETE", "/providers/native")
        upstream.forget()


def test_a_disabled_provider_can_be_tested_and_an_unknown_one_cannot(server: Server) -> None:
    server.request("PATCH", "/providers/two/toggle")
    assert tried(server, "two")["ok"] is True
    assert server.request("POST", "/providers/nobody/test")[0] == 404
    assert server.request("POST", "/providers/two/test", {"key": 2})[0] == 400


def test_llmock_is_tested_and_says_itself_what_is_wrong(server: Server, tmp_path: Path) -> None:
    with llmock(tmp_path) as mock:
        server.add_provider("mock", mock.url + "/v1", api_key=ONE)
        try:
            found = tried(server, "mock", model="gpt-4o")
            assert (found["ok"], found["streaming"]["ok"]) == (True, True), found
            for _ in range(2):  # one of them may be for the list of models, which is asked for at the same time
                mock.play(type="fail", status=429)
            found = tried(server, "mock", model="gpt-4o")
            assert (found["ok"], found["error"]["status"]) == (False, 429), found
            assert found["error"]["message"]
        finally:
            server.request("DELETE", "/providers/mock")
