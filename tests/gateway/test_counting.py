"""Counts over a real socket, with a wire that asks for them in the simplest way."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import gevent
import msgspec
import pytest
from gevent.event import Event
from structlog.testing import capture_logs

from ccproxy.errors import BadAnswer, InvalidRequest, UpstreamRefused
from ccproxy.gateway import counting
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.counting import Counter
from ccproxy.gateway.credentials import Credentials
from ccproxy.gateway.health import Health
from ccproxy.gateway.upstream import Upstream
from ccproxy.gateway.wires import wire_of
from ccproxy.store.providers import Provider
from ccproxy.translate import refusals, tokens
from ccproxy.translate.parse import Parsed, parse
from ccproxy.translate.target import Target, UpstreamRequest
from tests.fake_upstream import Exact, FakeUpstream, Json, Received, Refusal, closed_port
from tests.translate.contexts import target as some_target

ASKED = parse(
    json.dumps({"model": "m", "messages": [{"role": "user", "content": "one two three"}]}).encode(), counting=True
)


class Wire:
    """Sends the client's words for the model and reads a bare number."""

    def count(self, parsed: Parsed, headers: Mapping[str, str], target: Target) -> UpstreamRequest | None:
        match target.model:
            case "silent":
                return None
            case "refused":
                raise InvalidRequest("messages.0: no")
            case "broken":
                raise KeyError("bug")
        body = parsed.request.model.encode()
        return UpstreamRequest(method="POST", path="/count", headers={**headers, **target.headers}, body=body)

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamRefused:
        return refusals.decode_error(status, headers, body)

    def counted(self, body: bytes) -> int:
        try:
            number: int = json.loads(body)["input_tokens"]
        except (ValueError, KeyError):
            raise BadAnswer("the provider's count is not one") from None
        return number


class Sized(Wire):
    """Asks with a body of so many bytes."""

    def __init__(self, size: int) -> None:
        self.size = size

    def count(self, parsed: Parsed, headers: Mapping[str, str], target: Target) -> UpstreamRequest | None:
        return UpstreamRequest(method="POST", path="/count", headers={}, body=b"x" * self.size)


class Relaying(Wire):
    def relay(self) -> None:
        raise AssertionError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def target(provider: FakeUpstream | str, model: str = "m", name: str = "somewhere") -> Target:
    url = provider if isinstance(provider, str) else provider.url
    return msgspec.structs.replace(some_target(), base_url=url, model=model, provider=name)


def counter(**more: Any) -> Counter:
    upstream = Upstream(connect=5, idle=5)
    return Counter(upstream, Credentials(upstream), Health(None), **more)


def here(target: Target) -> bytes:
    return b'{"input_tokens":%d}' % tokens.count(ASKED.request, target.label)


def test_the_upstream_is_asked() -> None:
    with FakeUpstream() as provider:
        provider.enqueue(Json({"input_tokens": 7, "more": [1]}), Json({"input_tokens": 0}))
        there = msgspec.structs.replace(target(provider), headers={"x-key": "k"})
        assert counter().count(ASKED, {"anthropic-beta": "a"}, there, Wire()) == b'{"input_tokens":7}'
        assert counter().count(ASKED, {}, there, Wire()) == b'{"input_tokens":0}'
        seen = provider.requests[0]
    assert (seen.target, seen.body) == ("/count", b"m")
    assert (seen.headers["anthropic-beta"], seen.headers["x-key"]) == ("a", "k")


def test_an_answer_in_the_client_s_own_form_is_passed_as_it_is() -> None:
    with FakeUpstream() as provider:
        provider.enqueue(Json({"input_tokens": 7, "context_management": {"original_input_tokens": 9}}))
        answer = counter().count(ASKED, {}, target(provider), Relaying())
    assert json.loads(answer) == {"input_tokens": 7, "context_management": {"original_input_tokens": 9}}


def test_nobody_is_asked_who_does_not_count() -> None:
    there = target(f"http://127.0.0.1:{closed_port()}", "silent")
    with capture_logs() as logged:
        assert counter().count(ASKED, {}, there, object()) == here(there)
        assert counter().count(ASKED, {}, there, Wire()) == here(there)
        assert counter().count(ASKED, {}, None, None) == b'{"input_tokens":%d}' % tokens.count(ASKED.request, "m")
    assert logged == []


@pytest.mark.parametrize(
    "answer",
    [
        Refusal(400, "no"),
        Refusal(404, "what?"),
        Refusal(500, "ouch"),
        Json({"tokens": 1}),
        Json({"input_tokens": -1}),
        Json({"input_tokens": 10**9}),
        Exact(b"nonsense\r\n\r\n"),
    ],
)
def test_what_the_upstream_does_not_tell_is_counted_here(answer: Any) -> None:
    with FakeUpstream() as provider:
        provider.enqueue(answer)
        there = target(provider)
        with capture_logs() as logged:
            assert counter().count(ASKED, {}, there, Wire()) == here(there)
    assert [(line["event"], line["log_level"], line["provider"]) for line in logged] == [
        ("tokens are counted here", "info", "somewhere")
    ]


@pytest.mark.parametrize("model", ["refused", "broken"])
def test_what_cannot_be_asked_is_counted_here(model: str) -> None:
    there = target("http://127.0.0.1:1", model)
    with capture_logs() as logged:
        assert counter().count(ASKED, {}, there, Wire()) == here(there)
    assert [line["log_level"] for line in logged] == ["info" if model == "refused" else "error"]


def test_one_line_a_minute_and_provider() -> None:
    clock = Clock()
    counts = counter(clock=clock)
    gone = f"http://127.0.0.1:{closed_port()}"
    with capture_logs() as logged:
        for _ in range(3):
            for name in ("a", "b"):
                counts.count(ASKED, {}, target(gone, name=name), Wire())
        assert [line["provider"] for line in logged] == ["a", "b"]
        clock.now += counting.LOGGED
        counts.count(ASKED, {}, target(gone, name="a"), Wire())
        assert [line["provider"] for line in logged] == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("status", "seconds"),
    [
        (404, counting.ABSENT),
        (405, counting.ABSENT),
        (401, counting.LOGGED),
        (403, counting.LOGGED),
        (429, counting.FAILED),
        (500, counting.FAILED),
        (529, counting.FAILED),
        (400, 0),
        (413, 0),
    ],
)
def test_a_target_that_does_not_count_is_left_alone_for_a_while(status: int, seconds: float) -> None:
    clock = Clock()
    counts = counter(clock=clock)
    with FakeUpstream() as provider:
        provider.script("*", Refusal(status, "no"))
        there, other = target(provider), target(provider, "other")
        counts.count(ASKED, {}, there, Wire())
        if seconds:
            clock.now += seconds - 1
            counts.count(ASKED, {}, there, Wire())
            assert len(provider.requests) == 1
            counts.count(ASKED, {}, other, Wire())
            assert len(provider.requests) == 2
            clock.now += 1
        asked = len(provider.requests)
        counts.count(ASKED, {}, there, Wire())
        assert len(provider.requests) == asked + 1


def test_a_provider_that_is_not_there_is_left_alone_too() -> None:
    clock = Clock()
    counts = counter(clock=clock)
    there = target(f"http://127.0.0.1:{closed_port()}")
    counts.count(ASKED, {}, there, Wire())
    with FakeUpstream() as provider:
        back = target(provider)
        provider.script("*", Json({"input_tokens": 7}))
        assert counts.count(ASKED, {}, back, Wire()) == here(there)
        clock.now += counting.FAILED
        assert counts.count(ASKED, {}, back, Wire()) == b'{"input_tokens":7}'


def test_only_so_many_ask_at_once_and_the_others_wait_for_their_turn() -> None:
    busy = most = 0

    class Slow(Upstream):
        def ask(self, *_: Any, **__: Any) -> tuple[int, Mapping[str, str], bytes]:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            gevent.sleep(0)
            gevent.sleep(0)
            busy -= 1
            return 200, {}, b'{"input_tokens": 7}'

    upstream = Slow(connect=1, idle=1)
    counts = Counter(upstream, Credentials(upstream), Health(None), at_once=4, patience=30)
    there = target("http://127.0.0.1:1")
    asking = [gevent.spawn(counts.count, ASKED, {}, there, Wire()) for _ in range(50)]
    gevent.joinall(asking, timeout=30)
    assert [one.value for one in asking] == [b'{"input_tokens":7}'] * 50
    assert most == 4


class Patient(Upstream):
    """Answers once `gate` is open; tells by `asked` that it was asked."""

    def __init__(self) -> None:
        super().__init__(connect=1, idle=1)
        self.asked, self.gate = Event(), Event()

    def ask(self, *_: Any, **__: Any) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.set()
        self.gate.wait()
        return 200, {}, b'{"input_tokens": 7}'


def test_who_gets_no_turn_counts_here_and_blames_nobody() -> None:
    upstream = Patient()
    there = target("http://127.0.0.1:1")
    counts = Counter(upstream, Credentials(upstream), Health(None), at_once=1, patience=0.01, deadline=60)
    first = gevent.spawn(counts.count, ASKED, {}, there, Sized(counting.LARGE))
    assert upstream.asked.wait(30)
    assert counts.count(ASKED, {}, there, Wire()) == here(there)
    first.kill()
    # The one who left has given its turn back, and nobody holds anything against the provider
    upstream.gate.set()
    assert counts.count(ASKED, {}, there, Wire()) == b'{"input_tokens":7}'


@pytest.mark.parametrize(("size", "limits"), [(10, (0.01, 60)), (counting.LARGE, (60, 0.01))])
def test_an_upstream_that_takes_too_long_is_not_waited_for(size: int, limits: tuple[float, float]) -> None:
    upstream = Patient()
    there = target("http://127.0.0.1:1")
    counts = Counter(upstream, Credentials(upstream), Health(None), patience=limits[0], deadline=limits[1])
    with capture_logs() as logged:
        assert counts.count(ASKED, {}, there, Sized(size)) == here(there)
    assert [line["error"] for line in logged] == ["the provider did not count within 0.01 s"]


def test_only_so_many_targets_are_remembered() -> None:
    counts = counter()
    gone = f"http://127.0.0.1:{closed_port()}"
    with capture_logs():
        for number in range(3):
            counting._remember(counts._resting, str(number), 1.0)
        for number in range(counting.MOST):
            counting._remember(counts._resting, f"more-{number}", 1.0)
        counts.count(ASKED, {}, target(gone), Wire())
    assert len(counts._resting) == counting.MOST
    assert "somewhere/m" in counts._resting


def test_a_token_that_was_refused_is_not_used_again() -> None:
    dropped: list[Target] = []

    class Watched(Credentials):
        def refused(self, target: Target) -> None:
            dropped.append(target)

    with FakeUpstream() as provider:
        provider.enqueue(Refusal(401, "who?"))
        upstream = Upstream(connect=5, idle=5)
        there = target(provider)
        Counter(upstream, Watched(upstream), Health(None)).count(ASKED, {}, there, Wire())
    assert dropped == [there]


ONE, TWO = "sk-provider-0123456789", "sk-provider-abcdefghij"


def keyed(url: str) -> Target:
    row = Provider(name="p", type="anthropic", api_base_url=url, api_key=ONE, api_keys=(ONE, TWO))
    return for_model(connect(row), "claude-opus-5-5")


def test_a_key_that_is_refused_is_set_aside_and_another_one_counts() -> None:
    def answer(received: Received) -> Any:
        return (
            Json({"input_tokens": 777}) if received.headers["x-api-key"] == TWO else Refusal(401, "invalid x-api-key")
        )

    with FakeUpstream() as provider:
        provider.script("*", answer)
        upstream, health = Upstream(connect=5, idle=5), Health(None)
        there = keyed(provider.url)
        counts = Counter(upstream, Credentials(upstream), health, patience=30)
        for _ in range(2):
            assert json.loads(counts.count(ASKED, {}, there, wire_of(there))) == {"input_tokens": 777}
        asked = [received.headers["x-api-key"] for received in provider.requests]
    assert asked == [ONE, TWO, TWO]
    assert health.next_key(there, None) == TWO


def test_where_all_keys_are_refused_the_target_is_left_alone_for_a_while() -> None:
    with FakeUpstream() as provider:
        provider.script("*", Refusal(401, "invalid x-api-key"))
        there, clock = keyed(provider.url), Clock()
        counts = counter(clock=clock, patience=30)
        for _ in range(3):
            assert counts.count(ASKED, {}, there, wire_of(there)) == here(there)
        assert len(provider.requests) == 2
        clock.now += counting.LOGGED
        counts.count(ASKED, {}, there, wire_of(there))
        assert len(provider.requests) == 4


def test_all_keys_together_have_as_long_as_one() -> None:
    class Slow(Upstream):
        asked = 0

        def ask(self, *_: Any, **__: Any) -> tuple[int, Mapping[str, str], bytes]:
            self.asked += 1
            gevent.sleep(0.8)
            return 401, {}, b"{}"

    upstream, there = Slow(connect=1, idle=1), keyed("http://127.0.0.1:1")
    begun = time.monotonic()
    counts = Counter(upstream, Credentials(upstream), Health(None), patience=1.0)
    assert counts.count(ASKED, {}, there, wire_of(there)) == here(there)
    assert upstream.asked == 2
    assert time.monotonic() - begun < 1.5
