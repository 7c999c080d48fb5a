"""Failures as somebody else imagines them: LLMock breaks each API on demand, and another target answers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import anthropic
import pytest

from tests.fake_upstream import FakeUpstream, Reply
from tests.live.fallback import CHEAP, GOOD, KEY, STRATEGIES, WELL, Stage, Told, ask, attempts_of, client_of, fresh
from tests.live.server import Server
from tests.live.test_fallback import at_once
from tests.live.test_faults import APIS
from tests.live.third_parties import LLMock, llmock

# What it does to the next request, and the attempt's status and type.
REFUSALS: list[tuple[dict[str, Any], int, str]] = [
    ({"status": 401}, 401, "authentication_error"),
    ({"status": 402}, 402, "billing_error"),
    ({"status": 403}, 403, "permission_error"),
    ({"status": 404}, 404, "not_found_error"),
    ({"status": 408}, 504, "timeout_error"),
    ({"status": 409}, 409, "conflict_error"),
    ({"status": 429}, 429, "rate_limit_error"),
    ({"status": 429, "retry_after": 7}, 429, "rate_limit_error"),
    ({"status": 429, "retry_after": 3600}, 429, "rate_limit_error"),
    ({"status": 500}, 500, "api_error"),
    ({"status": 502}, 500, "api_error"),
    ({"status": 503}, 503, "api_error"),
    ({"status": 529}, 529, "overloaded_error"),
]
EARLY_FAULTS: list[tuple[dict[str, Any], int, str]] = [
    ({"type": "stream_fault", "kind": "disconnect", "after_chunks": 0}, 502, "api_error"),
    ({"type": "stream_fault", "kind": "truncate", "after_chunks": 0}, 502, "api_error"),
    ({"type": "stream_fault", "kind": "malformed", "after_chunks": 0}, 502, "api_error"),
    ({"type": "slow_first_token", "seconds": 30}, 504, "timeout_error"),
]


class Scene(Stage):
    """A stage with LLMock on it."""

    mock: LLMock

    @contextmanager
    def broken(
        self, kind: str, path: str, model: str, strategy: str = "fallback", **fields: Any
    ) -> Iterator[tuple[str, str]]:
        """A route of the strategy whose first target is an API of LLMock's. Gives the model to ask for, and it."""
        bad = fresh("llmock")
        self.server.add_provider(bad, self.mock.url + path, type=kind, api_key="any-key-will-do")
        targets: list[Any] = [{"provider": bad, "model": model}, {"provider": "good", "model": "deepseek-chat"}]
        if strategy == "weighted":
            targets[1]["weight"] = 0
        if strategy != "fallback":
            targets.reverse()
        with self.route(*targets, strategy=strategy, **fields) as route:
            yield route, f"{bad}/{model}"
        self.server.request("DELETE", f"/providers/{bad}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One worker, so that what it measures is what it goes by."""
    with ExitStack() as stack:
        upstream = stack.enter_context(FakeUpstream())
        server = stack.enter_context(Server(tmp_path_factory.mktemp("scene"), workers=1))
        client = stack.enter_context(client_of(server))
        scene = Scene(server, upstream, client)
        scene.mock = stack.enter_context(llmock(tmp_path_factory.mktemp("llmock")))
        server.add_provider("good", upstream.base_url, type="deepseek", api_key=KEY)
        for streaming in (False, True):
            assert ask(client, GOOD, streaming).error is None  # its pace is known from now on
        yield scene


@pytest.fixture
def scene(running: Scene) -> Scene:
    running.upstream.forget()
    running.upstream.script("deepseek-chat", Reply(WELL))
    running.mock.forget()
    return running


def survived(scene: Scene, done: list[tuple[Told, str]], status: int, type: str) -> None:
    """Each was answered by `good`, after one attempt that failed as it should; and its row says so."""
    for told, bad in done:
        assert (told.error, told.text, told.model) == (None, WELL, GOOD), bad
        assert told.attempts == f"{bad} {status}, {GOOD} 200"
        row = scene.server.row(told.request_id)
        assert attempts_of(row) == [(bad, status, type), (GOOD, 200, None)]
        assert (row["status"], row["error_type"]) == (200, None)


def shown(behaviour: Any) -> str:
    return "-".join(str(value) for value in behaviour.values()) if isinstance(behaviour, dict) else ""


@pytest.mark.parametrize(("behaviour", "status", "type"), REFUSALS, ids=shown)
def test_a_refusal_with_every_strategy(scene: Scene, behaviour: dict[str, Any], status: int, type: str) -> None:
    done = []
    for strategy, streaming in itertools.product(STRATEGIES, (False, True)):
        with scene.broken("groq", "/groq/openai/v1", CHEAP, strategy) as (route, bad):
            scene.mock.play(type="fail", **behaviour)
            done.append((ask(scene.client, route, streaming), bad))
    survived(scene, done, status, type)


@pytest.mark.parametrize(("behaviour", "status", "type"), EARLY_FAULTS, ids=shown)
def test_a_stream_that_does_not_begin(scene: Scene, behaviour: dict[str, Any], status: int, type: str) -> None:
    """All strategies at once: they wait for one that is slow, for so long that who is well is sure to have begun."""

    def way(strategy: str) -> tuple[Told, str]:
        with scene.broken("groq", "/groq/openai/v1", CHEAP, strategy, first_byte_timeout=4) as (route, bad):
            return ask(scene.client, route, streaming=True), bad

    for _ in STRATEGIES:
        scene.mock.play(**behaviour)
    done = at_once(way, [(strategy,) for strategy in STRATEGIES])
    survived(scene, done, status, type)


@pytest.mark.parametrize(("kind", "path", "model"), APIS, ids=[kind for kind, _, _ in APIS])
def test_every_api(scene: Scene, kind: str, path: str, model: str) -> None:
    for status, type in ((401, "authentication_error"), (429, "rate_limit_error"), (500, "api_error")):
        done = []
        for streaming in (False, True):
            with scene.broken(kind, path, model) as (route, bad):
                scene.mock.play(type="fail", status=status)
                done.append((ask(scene.client, route, streaming), bad))
        survived(scene, done, status, type)
    with scene.broken(kind, path, model) as (route, bad):
        scene.mock.play(type="stream_fault", kind="disconnect", after_chunks=0)
        survived(scene, [(ask(scene.client, route, streaming=True), bad)], 502, "api_error")


@pytest.mark.parametrize(("kind", "path", "model"), APIS, ids=[kind for kind, _, _ in APIS])
def test_what_the_client_caused_it_is_told(scene: Scene, kind: str, path: str, model: str) -> None:
    for streaming in (False, True):
        with scene.broken(kind, path, model) as (route, bad):
            scene.mock.play(type="fail", status=400)
            told = ask(scene.client, route, streaming)
        assert isinstance(told.error, anthropic.BadRequestError)
        assert told.attempts == f"{bad} 400"
    assert scene.upstream.requests == []


@pytest.mark.parametrize("kind", ["disconnect", "truncate"])
def test_an_answer_that_breaks_off_is_an_error(scene: Scene, kind: str) -> None:
    for strategy in STRATEGIES:
        with scene.broken("groq", "/groq/openai/v1", CHEAP, strategy) as (route, bad):
            scene.mock.play(type="reply", text="One two three four five six seven eight nine ten.")
            scene.mock.play(type="stream_fault", kind=kind, after_chunks=4)
            told = ask(scene.client, route, streaming=True)
        assert told.text.startswith("One")
        assert told.model == bad
        assert isinstance(told.error, anthropic.APIStatusError)
        assert told.error.type == "api_error"
        assert attempts_of(scene.server.row(told.request_id)) == [(bad, 502, "api_error")]
    assert scene.upstream.requests == []
