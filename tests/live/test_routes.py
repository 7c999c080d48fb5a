"""Routes on two workers: what one is told, the other knows at the next request, and a restart keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fake_upstream import FakeUpstream, Reply
from tests.live.raw import Answer, Connection, ask, post, request
from tests.live.server import Server, until

ROUNDS = 10
KEYS = ("sk-first-0123456789", "sk-second-0123456789", "sk-third-0123456789")


@contextmanager
def each_worker(server: Server) -> Iterator[tuple[Connection, Connection]]:
    """A connection to each of the two workers."""
    found: dict[int, Connection] = {}

    def look() -> bool:
        client = Connection(server.port)
        if found.setdefault(told(client, "GET", "/status").json["pid"], client) is not client:
            client.close()
        return len(found) == 2

    try:
        until(look, "both workers answer")
        one, two = found.values()
        yield one, two
    finally:
        for client in found.values():
            client.close()


@pytest.fixture
def upstreams() -> Iterator[tuple[FakeUpstream, FakeUpstream]]:
    """Two providers that say who they are."""
    with FakeUpstream() as one, FakeUpstream() as two:
        one.script("*", Reply("one"))
        two.script("*", Reply("two"))
        yield one, two


def told(client: Connection, method: str, path: str, body: Any = None) -> Answer:
    return client.send(request(method, path, body)).answer()


def leads(client: Connection, model: str) -> str | int:
    """Where a request for the model ends, or the status that it fails with."""
    answer = client.send(post(ask(model=model))).answer()
    return str(answer.json["model"]) if answer.status == 200 else answer.status


def test_a_change_holds_in_both_workers_at_once(tmp_path: Path, upstreams: tuple[FakeUpstream, FakeUpstream]) -> None:
    with Server(tmp_path) as server:
        for name, upstream in zip(("one", "two"), upstreams, strict=True):
            server.add_provider(name, upstream.base_url)
        with each_worker(server) as workers:
            for turn in range(ROUNDS):
                here, there = workers if turn % 2 else reversed(workers)
                name = f"team/gpt-{turn}"
                assert leads(there, name) == 404
                route = {"name": name, "match": {"model": name}, "targets": ["one/a"]}
                assert told(here, "POST", "/routes", route).status == 201
                assert (leads(there, name), leads(here, name)) == ("one/a", "one/a")
                changed = {"targets": [{"provider": "two", "model": "b"}]}
                assert told(there, "PUT", f"/routes/{name}", changed).status == 200
                assert (leads(here, name), leads(there, name)) == ("two/b", "two/b")
                assert told(here, "GET", "/routes").json == told(there, "GET", "/routes").json

                assert told(here, "PATCH", f"/routes/{name}/toggle").json["enabled"] is False
                assert leads(there, name) == 404
                assert told(here, "PATCH", f"/routes/{name}/toggle").json["enabled"] is True
                assert leads(there, name) == "two/b"

                assert told(there, "DELETE", f"/routes/{name}").status == 200
                assert leads(here, name) == 404
                assert told(here, "GET", f"/routes/{name}").status == 404


def test_routes_and_keys_survive_a_restart(tmp_path: Path, upstreams: tuple[FakeUpstream, FakeUpstream]) -> None:
    one, _ = upstreams
    server = Server(tmp_path)
    with server:
        server.add_provider("one", one.base_url, api_keys=list(KEYS))
        full = {
            "name": "for the team",
            "match": {"headers": {"X-Team": "blue"}, "model": "claude-*"},
            "targets": ["gone/x", {"provider": "one", "model": "m", "parameters": {"temperature": 0.25}}],
            "strategy": "weighted",
            "priority": 7,
        }
        assert server.request("POST", "/routes", full)[0] == 201
        before = server.request("GET", "/routes")[1], server.request("GET", "/providers")[1]
    with server:
        after = server.request("GET", "/routes")[1], server.request("GET", "/providers")[1]
        assert after == before
        assert after[1][0]["api_key_hints"] == ["6789"] * 3
        status, answer, _ = server.request("POST", "/v1/messages", ask(model="claude-x"), {"X-Team": "blue"})
        assert (status, answer["model"]) == (200, "one/m")
        assert one.requests[-1].json["temperature"] == 0.25
        assert one.requests[-1].headers["authorization"].removeprefix("Bearer ") in KEYS
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert [key for key in KEYS if key.encode() in stored] == []


def test_what_the_file_offers_is_set_up_once(tmp_path: Path, upstreams: tuple[FakeUpstream, FakeUpstream]) -> None:
    one, _ = upstreams
    config = tmp_path / "config.json"
    offered = {
        "providers": [{"name": "one", "type": "openai-chat", "api_base_url": one.base_url}],
        "routes": {"default": "one/d", "think": "one,t", "stays": {"provider": "one", "model": "s"}, "goes": "one/g"},
    }
    config.write_text(json.dumps(offered))
    server = Server(tmp_path, settings={"config": str(config)})

    def listed() -> dict[str, tuple[bool, str]]:
        return {
            one["name"]: (one["enabled"], one["targets"][0]["model"]) for one in server.request("GET", "/routes")[1]
        }

    with server:
        assert listed() == {"default": (True, "d"), "think": (True, "t"), "stays": (True, "s"), "goes": (True, "g")}
        for model, expected in (("stays", "one/s"), ("unheard-of", "one/d")):
            assert server.request("POST", "/v1/messages", ask(model=model))[1]["model"] == expected
        thinking = ask(model="unheard-of", thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2000)
        assert server.request("POST", "/v1/messages", thinking)[1]["model"] == "one/t"
        assert server.request("DELETE", "/routes/goes")[0] == 200
        assert server.request("PATCH", "/routes/think/toggle")[0] == 200
        assert server.request("PUT", "/routes/stays", {"targets": ["one/changed"]})[0] == 200
    with server:
        assert listed() == {"default": (True, "d"), "think": (False, "t"), "stays": (True, "changed")}


def test_a_fault_in_the_file_stops_the_start_with_one_line(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"routes": {"default": {"provider": "one"}}}))
    server = Server(tmp_path, settings={"config": str(config)})
    with pytest.raises(AssertionError), server:
        raise NotImplementedError
    lines = [line for line in server.log.read_text().splitlines() if "routes.default.model: is missing" in line]
    assert len(lines) == 1
