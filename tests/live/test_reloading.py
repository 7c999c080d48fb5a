"""Workers come and go while it serves: SIGHUP refuses nobody, a killed worker is replaced."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.fake_upstream import DONE, FakeUpstream, Stream, Until, chunk, finish
from tests.live.raw import Connection, ask, post
from tests.live.server import LIMIT, Server, until
from tests.translate.grammar import check, frames

HELLO = [chunk(role="assistant", content=""), chunk(content="hello")]


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config file of `reloading`; a test puts it back."""
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text("{}")
    return path


@pytest.fixture(scope="module")
def reloading(tmp_path_factory: pytest.TempPathFactory, provider: FakeUpstream, config: Path) -> Iterator[Server]:
    """A server that the tests here may reload."""
    with Server(tmp_path_factory.mktemp("reloading"), settings={"config": str(config)}) as server:
        server.add_provider("fake", provider.base_url)
        yield server


def reload(server: Server) -> None:
    """SIGHUP, and wait for the last of the old workers."""
    old = set(server.worker_pids())
    server.signal(signal.SIGHUP)
    until(lambda: len(now := set(server.worker_pids())) == 2 and not old & now, "two new workers")


class Load:
    """Requests without a break, from `keeping` connections that are kept and `new` ones; every failure is noted."""

    def __init__(self, server: Server, keeping: int = 4, new: int = 4) -> None:
        self.port = server.port
        self.failures: list[str] = []
        self.answered: list[float] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number % 2 == 0, number < keeping))
            for number in range(keeping + new)
        ]

    def _run(self, streaming: bool, keeping: bool) -> None:
        body = json.dumps(ask(stream=streaming))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        while not self._stop.is_set():
            try:
                connection.request("POST", "/v1/messages", body, {"content-type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status != 200 or (b"message_stop" if streaming else b"end_turn") not in text:
                    self.failures.append(f"{answer.status} {text[:200]!r}")
                self.answered.append(time.monotonic())
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
            if not keeping:
                connection.close()
            time.sleep(0.005)  # the machine has other things to do
        connection.close()

    @property
    def longest_gap(self) -> float:
        """Seconds between two answers."""
        times = sorted(self.answered)
        return max(later - earlier for earlier, later in pairwise(times))

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_a_reload_refuses_nobody(reloading: Server, provider: FakeUpstream) -> None:
    on = threading.Event()
    before = len(reloading.rows())
    provider.script("old", Stream([*HELLO, Until(on), chunk(content=" world"), finish(), DONE]))
    with Connection(reloading.port) as client, Load(reloading) as load:
        client.send(post(ask(model="fake/old", stream=True)))
        status, headers = client.head()
        pieces = client.chunks()
        began = next(pieces)
        for _ in range(2):
            old = set(reloading.worker_pids())
            until(lambda: len(load.answered) > 20, "requests are answered")
            reloading.signal(signal.SIGHUP)
            until(lambda old=old: len(set(reloading.worker_pids()) - old) == 2, "two new workers")
            begun = len(load.answered)
            until(lambda begun=begun: len(load.answered) > begun + 50, "requests are answered")
            on.set()
            until(lambda old=old: not old & set(reloading.worker_pids()), "the old workers are gone")
        said = check(frames(began + b"".join(pieces)))
        row = reloading.row(headers["request-id"])
    assert (status, said.text, row["status"]) == (200, "hello world", 200)
    assert load.failures == []
    print(f"SIGHUP: {len(load.answered)} requests, longest gap {load.longest_gap:.3f} s")  # noqa: T201
    expected = before + len(load.answered) + 1
    until(lambda: len(reloading.rows()) == expected, f"{expected} rows, one for each request")


def test_an_idle_connection_outlives_a_reload(reloading: Server) -> None:
    """It belongs to an old worker, which serves what comes in time, and then says that it closes."""
    with Connection(reloading.port) as client:
        assert client.send(post(ask())).answer().headers["connection"] == "keep-alive"
        old = set(reloading.worker_pids())
        reloading.signal(signal.SIGHUP)
        until(lambda: len(set(reloading.worker_pids()) - old) == 2, "two new workers")
        assert client.send(post(ask())).answer().status == 200
    until(lambda: not old & set(reloading.worker_pids()), "the old workers are gone")


def test_a_reload_reads_the_settings_anew(reloading: Server, config: Path, provider: FakeUpstream) -> None:
    assert reloading.request("POST", "/v1/messages", ask(model="brandnew"))[0] == 200, "the only provider's"
    config.write_text(
        json.dumps(
            {
                "apikey": "a-key-of-the-client-0123456789",
                "providers": [{"name": "more", "type": "openai-chat", "api_base_url": provider.base_url}],
            }
        )
    )
    reload(reloading)
    assert reloading.request("GET", "/v1/models")[0] == 401
    own = {"x-api-key": "a-key-of-the-client-0123456789"}
    status, listed, _ = reloading.request("GET", "/providers", headers=own)
    assert (status, [one["name"] for one in listed]) == (200, ["fake", "more"])
    assert reloading.request("POST", "/v1/messages", ask(model="more/m"), own)[0] == 200
    config.write_text("{}")
    reload(reloading)
    assert reloading.request("DELETE", "/providers/more")[0] == 200


BAD = {
    "no JSON": ("{", "not JSON"),
    "a bad setting": ('{"log_level": "loud"}', "log_level"),
    "a bad provider": ('{"providers": [{"name": "x", "type": "no-such-type"}]}', "providers.0"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_reload_with_a_bad_config_changes_nothing(reloading: Server, config: Path, what: str) -> None:
    text, words = BAD[what]
    config.write_text(text)
    before = len(reloading.log.read_text().splitlines())
    with Load(reloading, keeping=2, new=2) as load:
        reload(reloading)
        begun = len(load.answered)
        until(lambda: len(load.answered) > begun + 20, "requests are answered")
    assert load.failures == []
    told = [line for line in reloading.log.read_text().splitlines()[before:] if "api_action" not in line]
    assert len(told) == 1, told
    assert "reload ignored" in told[0]
    assert words in told[0]
    config.write_text("{}")


def test_a_reload_while_the_database_is_held_changes_nothing(reloading: Server, config: Path) -> None:
    config.write_text('{"providers": [{"name": "late", "api_base_url": "http://127.0.0.1:9/v1"}]}')
    before = len(reloading.log.read_text())
    with contextlib.closing(sqlite3.connect(reloading.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reload(reloading)
        assert reloading.request("POST", "/v1/messages", ask())[0] == 200
    assert "reload ignored: the provider database is busy" in reloading.log.read_text()[before:]
    config.write_text("{}")


def test_a_killed_worker_is_replaced(reloading: Server, provider: FakeUpstream) -> None:
    old = reloading.worker_pids()
    os.kill(old[0], signal.SIGKILL)
    until(lambda: len(set(reloading.worker_pids()) - {old[0]}) == 2, "a new worker")
    until(lambda: {pid_of(reloading) for _ in range(20)} == set(reloading.worker_pids()), "both serve")
    sent = [reloading.request("POST", "/v1/messages", ask()) for _ in range(20)]
    assert [status for status, _, _ in sent] == [200] * 20
    for _, _, headers in sent:
        assert reloading.row(headers["request-id"])["status"] == 200


def pid_of(server: Server) -> int:
    """The worker that answers."""
    return int(server.request("GET", "/status")[1]["pid"])
