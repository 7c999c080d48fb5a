"""Kept connections on real sockets: which end of one means that it was gone before."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from ccproxy.gateway import connections
from tests.fake_upstream import Cut, Exact, FakeUpstream, Json, Pause, Refusal, Stream, chunk, head


def post(way: HTTPAdapter, base: str, body: bytes = b"{}") -> requests.Response:
    made = requests.Request("POST", base + "/chat/completions", data=body).prepare()
    answer = way.send(made, timeout=10)
    assert answer.content is not None
    return answer


@pytest.mark.parametrize("cut", [Cut(), Cut(reset=True)], ids=["fin", "reset"])
@pytest.mark.parametrize("before", [Json({}), Refusal(500), Stream([chunk(content="a")])], ids=["json", "error", "sse"])
@pytest.mark.parametrize("body", [b"{}", b" " * 4_000_000], ids=["small", "large"])
def test_a_connection_that_answered_once_and_ends_at_once_was_gone(cut: Cut, before: Any, body: bytes) -> None:
    way = connections.adapter(4)
    with FakeUpstream() as provider:
        provider.enqueue(before, Exact(cut))
        post(way, provider.base_url)
        with pytest.raises(requests.ConnectionError) as caught:
            post(way, provider.base_url, body)
        assert len({seen.connection for seen in provider.requests}) == 1
    assert connections.was_gone(caught.value)
    way.close()


def test_a_fresh_connection_was_not_gone() -> None:
    way = connections.adapter(4)
    with FakeUpstream() as provider:
        provider.enqueue(Exact(Cut()))
        with pytest.raises(requests.ConnectionError) as caught:
            post(way, provider.base_url)
    assert not connections.was_gone(caught.value)
    way.close()


def test_a_connection_made_anew_is_fresh_again() -> None:
    way = connections.adapter(4)
    with FakeUpstream() as provider:
        closing = head(200, {"Content-Length": "2", "Connection": "close"}) + b"{}"
        provider.enqueue(Exact(closing, Cut(ending="answered")), Exact(Cut()))
        post(way, provider.base_url)
        with pytest.raises(requests.ConnectionError) as caught:
            post(way, provider.base_url)
    assert not connections.was_gone(caught.value)
    way.close()


def test_a_provider_that_worked_for_a_while_was_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "AT_ONCE", 0.05)
    way = connections.adapter(4)
    with FakeUpstream() as provider:
        provider.enqueue(Json({}), Exact(Pause(0.2), Cut()))
        post(way, provider.base_url)
        with pytest.raises(requests.ConnectionError) as caught:
            post(way, provider.base_url)
    assert not connections.was_gone(caught.value)
    way.close()


@pytest.mark.parametrize(
    "end",
    [
        [b"HTTP/1.1 20", Cut()],
        [b"HTTP/1.1 200 OK\r\nContent-Ty", Pause(0.1), Cut(reset=True)],
    ],
)
def test_a_provider_that_began_to_answer_was_not_gone(end: list[Any]) -> None:
    way = connections.adapter(4)
    with FakeUpstream() as provider:
        provider.enqueue(Json({}), Exact(*end))
        post(way, provider.base_url)
        with pytest.raises(requests.ConnectionError) as caught:
            post(way, provider.base_url)
    assert not connections.was_gone(caught.value)
    way.close()


def test_connections_for_tls_know_it_too() -> None:
    way = connections.adapter(4)
    made = requests.Request("POST", "https://127.0.0.1:1/x").prepare()
    pool = way.get_connection_with_tls_context(made, verify=True)
    assert isinstance(pool.ConnectionCls(host="127.0.0.1", port=1), connections._Kept)
    way.close()
