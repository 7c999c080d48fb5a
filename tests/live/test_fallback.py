"""Every way in which a provider fails, with every strategy, streaming or not: who is asked, what the client is told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import anthropic
import pytest

from tests.fake_upstream import FakeUpstream, Reply, closed_port
from tests.live.fallback import (
    BROKEN_OFF,
    CAUSED,
    GOOD,
    KEY,
    OVERFLOW,
    STRATEGIES,
    SURVIVABLE,
    TOO_LONG,
    WELL,
    Failure,
    Stage,
    Told,
    alike,
    ask,
    attempts_of,
    client_of,
    model_of,
)
from tests.live.server import Server

WAYS = list(itertools.product(STRATEGIES, (False, True)))
"""Strategy, and whether it streams. One test goes all of them: the rows are written in batches, and waited for once."""

T = TypeVar("T")


def at_once(ask: Callable[..., T], ways: Iterable[tuple[Any, ...]]) -> list[T]:
    """What came of each way. All together wait as long as one for what never comes."""
    with ThreadPoolExecutor(len(WAYS)) as pool:
        return [asked.result() for asked in [pool.submit(ask, *way) for way in ways]]


def named(failures: list[Failure]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("failure", failures, ids=[failure.name for failure in failures])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One worker, so that what it measures is what it goes by."""
    # Tests wait for the first, and yet who is well is sure to answer in it
    settings = {"idle_timeout": "3", "request_timeout": "30"}
    with (
        FakeUpstream() as upstream,
        Server(tmp_path_factory.mktemp("fallback"), workers=1, settings=settings) as server,
        client_of(server) as client,
    ):
        for name, kind in (("good", "deepseek"), ("unknown", "openai-chat")):
            server.add_provider(name, upstream.base_url, type=kind, api_key=KEY)
            for streaming in (False, True):
                assert ask(client, f"{name}/deepseek-chat", streaming).error is None  # its pace is known from now on
        yield Stage(server, upstream, client, f"http://127.0.0.1:{closed_port()}/v1")


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.upstream.forget()
    running.upstream.script("deepseek-chat", Reply(WELL))
    return running


@named(SURVIVABLE)
def test_another_target_answers(stage: Stage, failure: Failure) -> None:
    def way(strategy: str, streaming: bool) -> tuple[str, Told, str, str]:
        with stage.failing(failure, strategy, streaming) as (route, bad):
            return strategy, ask(stage.client, route, streaming), route, bad

    done = at_once(way, WAYS)
    asked = {received.json["model"] for received in stage.upstream.requests}
    assert asked == {"deepseek-chat", *([] if failure.address else [model_of(bad) for _, _, _, bad in done])}
    for strategy, told, route, bad in done:
        assert (told.error, told.text, told.model) == (None, WELL, GOOD), strategy
        assert told.attempts == f"{bad} {failure.status}, {GOOD} 200", strategy
        row = stage.server.row(told.request_id)
        assert attempts_of(row) == [(bad, failure.status, failure.type), (GOOD, 200, None)]
        assert (row["status"], row["error_type"], row["provider"], row["route"]) == (200, None, "good", route)


@named(CAUSED)
def test_what_the_client_caused_it_is_told(stage: Stage, failure: Failure) -> None:
    done: list[tuple[Told, str]] = []
    for strategy, streaming in WAYS:
        with stage.failing(failure, strategy, streaming) as (route, bad):
            told, asked = stage.ask(route, streaming)
        done.append((told, bad))
        assert isinstance(told.error, anthropic.BadRequestError), strategy
        assert (told.error.type, told.error.api_message) == (failure.type, "bad top_p")
        assert asked == [model_of(bad)], strategy
        assert told.attempts == f"{bad} 400"
    for told, bad in done:
        row = stage.server.row(told.request_id)
        assert attempts_of(row) == [(bad, 400, failure.type)]
        assert (row["status"], row["error_type"]) == (400, failure.type)


OVERFLOWING = alike("overflow", OVERFLOW, 400, "invalid_request_error")


def test_an_overflow_goes_to_a_larger_window(stage: Stage) -> None:
    done: list[tuple[Told, str]] = []
    for strategy, streaming in WAYS:
        with stage.failing(OVERFLOWING, strategy, streaming) as (route, bad):
            told, asked = stage.ask(route, streaming)
        done.append((told, bad))
        assert (told.error, told.text, told.model) == (None, WELL, GOOD), strategy
        assert asked == [model_of(bad), "deepseek-chat"], strategy
        assert told.attempts == f"{bad} 400, {GOOD} 200"
    for told, bad in done:
        row = stage.server.row(told.request_id)
        assert attempts_of(row) == [(bad, 400, OVERFLOWING.type), (GOOD, 200, None)]
        assert (row["status"], row["error_type"]) == (200, None)


def test_an_overflow_without_a_larger_window_is_told(stage: Stage) -> None:
    done: list[tuple[Told, str]] = []
    for strategy, streaming in WAYS:
        with stage.failing(OVERFLOWING, strategy, streaming, then="unknown/deepseek-chat") as (route, bad):
            told, asked = stage.ask(route, streaming)
        done.append((told, bad))
        assert isinstance(told.error, anthropic.BadRequestError), strategy
        assert told.error.api_message == TOO_LONG
        assert asked == [model_of(bad)], strategy
        assert told.attempts == f"{bad} 400"
    for told, bad in done:
        row = stage.server.row(told.request_id)
        assert attempts_of(row) == [(bad, 400, OVERFLOWING.type)]
        assert (row["status"], row["error_type"]) == (400, OVERFLOWING.type)


def test_an_answer_that_breaks_off_is_an_error(stage: Stage) -> None:
    cut = alike("cut", BROKEN_OFF, 502, "api_error")
    done: list[tuple[Told, str]] = []
    for strategy in STRATEGIES:
        with stage.failing(cut, strategy, streaming=True) as (route, bad):
            told, asked = stage.ask(route, streaming=True)
        done.append((told, bad))
        assert (told.text, told.model) == ("Half of ", bad), strategy
        assert isinstance(told.error, anthropic.APIStatusError)
        assert told.error.type == "api_error"
        assert asked == [model_of(bad)], strategy
    for told, bad in done:
        row = stage.server.row(told.request_id)
        assert attempts_of(row) == [(bad, 502, "api_error")]
        assert (row["status"], row["error_type"]) == (502, "api_error")


@named(SURVIVABLE)
def test_where_all_fail_the_client_is_told_how(stage: Stage, failure: Failure) -> None:
    def way(streaming: bool) -> tuple[Told, str, str]:
        with (
            stage.failing(failure, "fallback", streaming) as (_, first),
            stage.failing(failure, "fallback", streaming) as (_, second),
            stage.route(first, second) as route,
        ):
            return ask(stage.client, route, streaming), first, second

    done = at_once(way, [(False,), (True,)])
    asked = {received.json["model"] for received in stage.upstream.requests}
    assert asked == (set() if failure.address else {model_of(bad) for _, *both in done for bad in both})
    for told, first, second in done:
        assert told.error is not None
        assert (told.error.status_code, told.error.type) == (failure.status, failure.type)
        assert told.attempts == f"{first} {failure.status}, {second} {failure.status}"
        sent = told.error.response.headers
        assert ("retry-after" in sent) is (failure.status == 429)
        assert sent.get("x-should-retry") == ("false" if failure.status in (401, 402) else None)
        row = stage.server.row(told.request_id)
        assert attempts_of(row) == [(bad, failure.status, failure.type) for bad in (first, second)]
        assert (row["status"], row["error_type"]) == (failure.status, failure.type)
