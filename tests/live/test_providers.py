"""Providers on two workers: what one is told, the other knows at the next request."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.fake_upstream import DONE, FakeUpstream, Reply, Stream, Until, chunk, finish
from tests.live.raw import Answer, Connection, ask, post, request
from tests.live.server import Server, until

ROUNDS = 10


@pytest.fixture
def workers(server: Server) -> Iterator[list[Connection]]:
    """A connection to each worker."""
    with ExitStack() as stack:
        found: dict[int, Connection] = {}

        def look() -> bool:
            client = Connection(server.port)
            pid = client.send(request("GET", "/status")).answer().json["pid"]
            if pid in found:
                client.close()
            else:
                found[pid] = stack.enter_context(client)
            return len(found) == server.workers

        until(look, "every worker answers")
        yield list(found.values())


@pytest.fixture
def upstreams() -> Iterator[tuple[FakeUpstream, FakeUpstream]]:
    """Two providers that say who they are."""
    with FakeUpstream() as one, FakeUpstream() as two:
        one.script("*", Reply("one"))
        two.script("*", Reply("two"))
        yield one, two


def told(client: Connection, method: str, path: str, body: Any = None) -> Answer:
    return client.send(request(method, path, body)).answer()


def says(client: Connection, name: str) -> str | int:
    """What the provider says to a request on this connection, or the status that it fails with."""
    answer = client.send(post(ask(model=f"{name}/m"))).answer()
    return str(answer.json["content"][0]["text"]) if answer.status == 200 else answer.status


def test_a_change_holds_everywhere_at_once(
    server: Server, workers: list[Connection], upstreams: tuple[FakeUpstream, FakeUpstream]
) -> None:
    one, two = upstreams
    for other in ("other-1", "other-2"):  # a single one would get whatever is asked for
        server.add_provider(other, one.base_url)
    for turn in range(ROUNDS):
        here, there = workers if turn % 2 else reversed(workers)
        name = f"change-{turn}"
        fields = {"name": name, "type": "openai-chat", "api_base_url": one.base_url, "api_key": "sk-first-0123456789"}
        assert told(here, "POST", "/providers", fields).status == 201
        assert says(there, name) == "one"
        assert says(here, name) == "one"
        assert one.requests[-1].headers["authorization"] == "Bearer sk-first-0123456789"

        changed = {"api_base_url": two.base_url, "api_key": "sk-second-0123456789"}
        assert told(there, "PUT", f"/providers/{name}", changed).status == 200
        assert says(here, name) == "two"
        assert says(there, name) == "two"
        assert two.requests[-1].headers["authorization"] == "Bearer sk-second-0123456789"

        assert told(here, "PATCH", f"/providers/{name}/toggle").json["enabled"] is False
        assert says(there, name) == 404
        assert told(here, "PATCH", f"/providers/{name}/toggle").json["enabled"] is True
        assert says(there, name) == "two"

        assert told(there, "DELETE", f"/providers/{name}").status == 200
        assert says(here, name) == 404
        assert told(here, "GET", f"/providers/{name}").status == 404
    for other in ("other-1", "other-2"):
        assert told(here, "DELETE", f"/providers/{other}").status == 200


def test_a_request_that_has_begun_ends_as_it_was(
    workers: list[Connection], upstreams: tuple[FakeUpstream, FakeUpstream]
) -> None:
    here, there = workers
    one, _ = upstreams
    on = threading.Event()
    one.script("*", Stream([chunk(content="hello"), Until(on), finish(), DONE]))
    assert told(here, "POST", "/providers", {"name": "going", "api_base_url": one.base_url}).status == 201
    there.send(post(ask(model="going/m", stream=True)))
    status, _ = there.head()
    assert told(here, "DELETE", "/providers/going").status == 200
    on.set()
    assert (status, b"message_stop" in b"".join(there.chunks())) == (200, True)


@pytest.mark.parametrize("turn", range(3))
def test_twenty_create_the_same_at_once(server: Server, turn: int) -> None:
    name = f"same-{turn}"
    barrier = threading.Barrier(20)

    def create(number: int) -> tuple[int, Any]:
        body = {"name": name, "type": "openai-chat", "api_base_url": f"http://127.0.0.1:{number + 1}/v1"}
        with Connection(server.port) as client:
            barrier.wait()
            answer = told(client, "POST", "/providers", body)
        return answer.status, answer.json

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(create, range(20)))
    assert sorted(status for status, _ in answers) == [200] * 19 + [201], answers
    assert {body["name"] for _, body in answers} == {name}
    with closing(sqlite3.connect(server.database)) as connection:
        rows = connection.execute("SELECT api_base_url FROM providers WHERE name = ?", (name,)).fetchall()
    assert len(rows) == 1
    assert rows[0][0] in {body["api_base_url"] for _, body in answers}
    assert server.request("DELETE", f"/providers/{name}")[0] == 200


def test_changes_and_requests_at_the_same_time(server: Server, upstreams: tuple[FakeUpstream, FakeUpstream]) -> None:
    """Each request goes to one of the two, never to a mixture of them."""
    bases = {upstream.base_url: f"Bearer sk-of-{upstream.port}-0123456789" for upstream in upstreams}
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            for base, key in bases.items():
                fields = {"api_base_url": base, "api_key": key.removeprefix("Bearer ")}
                assert server.request("PUT", "/providers/moving", fields)[0] == 200

    server.add_provider("moving", *list(bases)[:1])
    changing = threading.Thread(target=change)
    changing.start()
    try:
        statuses = [server.request("POST", "/v1/messages", ask(model="moving/m"))[0] for _ in range(100)]
    finally:
        stop.set()
        changing.join()
    assert statuses == [200] * 100
    for upstream in upstreams:
        keys = {received.headers.get("authorization") for received in upstream.requests}
        assert keys <= {bases[upstream.base_url], None}
    assert server.request("DELETE", "/providers/moving")[0] == 200
