"""What a trial finds out of a provider, against real sockets: an upstream that does as it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ccproxy.errors import InvalidRequest, UpstreamRefused
from ccproxy.gateway import trial as module
from ccproxy.gateway.call import Caller
from ccproxy.gateway.catalog import Catalog
from ccproxy.gateway.connecting import connect, for_model, with_key
from ccproxy.gateway.credentials import Credentials
from ccproxy.gateway.health import Health
from ccproxy.gateway.trial import Outcome, Trial
from ccproxy.gateway.upstream import Upstream
from ccproxy.store.providers import Provider
from tests.fake_anthropic import FakeAnthropic
from tests.fake_upstream import (
    DONE,
    Cut,
    FakeUpstream,
    Hang,
    Json,
    Received,
    Refusal,
    Reply,
    Stream,
    chunk,
    closed_port,
    finish,
)

ONE, TWO = "sk-provider-0123456789", "sk-provider-abcdefghij"


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as made:
        made.models = ["first", "second"]
        yield made


class Stage:
    def __init__(self, idle: float = 5.0) -> None:
        way = Upstream(connect=2.0, idle=idle)
        credentials = Credentials(way)
        self.health = Health(None)
        catalog = Catalog(way.get, credentials.headers, timeout=5.0)
        self.trial = Trial(Caller(way, credentials), catalog, self.health)

    def run(self, provider: Provider, model: str | None = None, key: int | None = None) -> Outcome:
        return self.trial.run(provider, model, key, "req_1")


@pytest.fixture
def stage() -> Stage:
    return Stage()


def provider(upstream: FakeUpstream | None, **fields: Any) -> Provider:
    url = upstream.base_url if upstream is not None else f"http://127.0.0.1:{closed_port()}/v1"
    return Provider(**{"name": "p", "type": "openai-chat", "api_base_url": url, "api_key": ONE, **fields})


def well(received: Received) -> Any:
    """What a model does that can do everything."""
    asked = received.json
    if asked.get("tools"):
        return Json(call_of(asked))
    if asked.get("stream"):
        return Stream([chunk(content="ok"), finish(), DONE])
    return Reply("ok")


def call_of(asked: Any) -> dict[str, Any]:
    name = asked["tools"][0]["function"]["name"]
    function = {"name": name, "arguments": json.dumps({"word": "ok"})}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": function}],
    }
    return {
        "id": "x",
        "object": "chat.completion",
        "model": asked["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }


WHOLE = {
    "id": "x",
    "object": "chat.completion",
    "model": "first",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
}


def posts(upstream: FakeUpstream) -> list[Received]:
    return [received for received in upstream.requests if received.method == "POST"]


def test_all_is_well(stage: Stage, upstream: FakeUpstream) -> None:
    upstream.script("first", well)
    found = stage.run(provider(upstream))
    assert found.ok
    assert (found.provider, found.model, found.key, found.error) == ("p", "first", 0, None)
    assert found.models == module.Models(2, ("first", "second"))
    assert found.streaming is not None
    assert found.tools is not None
    assert (found.streaming.ok, found.tools.ok) == (True, True)
    assert found.latency_ms is not None
    assert found.latency_ms > 0
    assert 0 < (found.streaming.first_byte_ms or 0) <= (found.streaming.latency_ms or 0)
    assert [bool(one.json.get("stream")) for one in posts(upstream)] == [False, True, False]
    assert all(one.headers["authorization"] == f"Bearer {ONE}" for one in upstream.requests)


def test_findings_are_told_as_they_come(stage: Stage, upstream: FakeUpstream) -> None:
    upstream.script("mine", well)
    told: list[tuple[str, Any]] = []
    found = stage.trial.run(provider(upstream, models=("mine",)), None, None, "req_1", lambda *one: told.append(one))
    assert sorted(name for name, _ in told) == ["answer", "models", "streaming", "tools"]
    assert [name for name, _ in told if name != "models"] == ["answer", "streaming", "tools"]
    assert (dict(told)["models"], dict(told)["tools"]) == (found.models, found.tools)


@pytest.mark.parametrize(
    ("models", "named", "asked"),
    [((), None, "first"), (("mine", "other"), None, "mine"), (("mine",), "named", "named")],
)
def test_the_model_is_the_one_named_else_the_rows_else_the_first_listed(
    stage: Stage, upstream: FakeUpstream, models: tuple[str, ...], named: str | None, asked: str
) -> None:
    found = stage.run(provider(upstream, models=models), named)
    assert found.model == asked
    assert {one.json["model"] for one in posts(upstream)} == {asked}


def test_each_key_can_be_tried(stage: Stage, upstream: FakeUpstream) -> None:
    upstream.script("first", well)
    both = provider(upstream, api_keys=(ONE, TWO))
    for place, key in enumerate((ONE, TWO)):
        upstream.requests.clear()
        assert stage.run(both, key=place).key == place
        assert {one.headers["authorization"] for one in upstream.requests} == {f"Bearer {key}"}
    with pytest.raises(InvalidRequest, match="key: provider 'p' has 2"):
        stage.run(both, key=2)
    with pytest.raises(InvalidRequest, match="has 0"):
        stage.run(provider(upstream, api_key=None), key=0)
    assert stage.run(provider(upstream, api_key=None)).key is None


def test_a_refusal_is_told_in_the_providers_words_but_for_the_key(stage: Stage, upstream: FakeUpstream) -> None:
    upstream.script("first", Refusal(401, f"Incorrect API key provided: {ONE}."))
    found = stage.run(provider(upstream))
    assert not found.ok
    assert found.error is not None
    assert (found.error.status, found.error.type) == (401, "authentication_error")
    assert "Incorrect API key provided" in found.error.message
    assert ONE not in repr(found)
    assert (found.streaming, found.tools) == (None, None)
    assert len(posts(upstream)) == 1
    assert found.models.count == 2


def test_what_it_shows_health_learns(stage: Stage, upstream: FakeUpstream) -> None:
    both = provider(upstream, api_keys=(ONE, TWO))
    target = for_model(connect(both), "first")
    refusal = UpstreamRefused("no", status=401, type="authentication_error", upstream_status=401)
    stage.health.failed(with_key(target, TWO), refusal)
    stage.health.failed(target, UpstreamRefused("no", status=404, type="not_found_error", upstream_status=404))
    upstream.script("first", well)
    assert stage.run(both, key=1).ok
    report = stage.health.report(both)
    assert ([key["state"] for key in report["keys"]], report["targets"]) == (["ok", "ok"], {})
    upstream.script("first", Refusal(402, "pay"))
    assert not stage.run(both, key=1).ok
    assert [key["state"] for key in stage.health.report(both)["keys"]] == ["ok", "resting"]


def test_nobody_there(stage: Stage) -> None:
    found = stage.run(provider(None, models=("m",)))
    assert not found.ok
    assert found.error is not None
    assert found.error.status is None
    assert found.models.error is not None
    assert found.models.count == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "no-such-type"}, "does not know"),
        ({"error": "its key cannot be decrypted", "models": ("m",)}, "cannot be decrypted"),
    ],
    ids=["type", "row"],
)
def test_a_row_that_is_no_use_is_told(stage: Stage, upstream: FakeUpstream, fields: dict[str, Any], words: str) -> None:
    found = stage.run(provider(upstream, **{"models": ("m",), **fields}))
    assert not found.ok
    assert found.error is not None
    assert words in found.error.message
    assert posts(upstream) == []


def test_a_list_that_is_refused_says_more_than_that_it_is_missing(stage: Stage, upstream: FakeUpstream) -> None:
    """A provider is set up with a wrong key and no models: it is the key that has to be told."""
    upstream.models_answer = Refusal(401, f"Incorrect API key: {ONE}")
    found = stage.run(provider(upstream))
    assert (found.ok, found.model, found.key, found.streaming, found.tools) == (False, None, 0, None, None)
    assert found.error is not None
    assert (found.error.type, found.error.status) == ("authentication_error", 401)
    assert "Incorrect API key" in found.error.message
    assert ONE not in found.error.message
    assert posts(upstream) == []


def test_without_a_model_there_is_nothing_to_ask(stage: Stage, upstream: FakeUpstream) -> None:
    upstream.models = []
    found = stage.run(provider(upstream))
    assert (found.ok, found.model) == (False, None)
    assert found.error is not None
    assert "name one as `model`" in found.error.message


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (Json(WHOLE), "no_stream"),
        (Refusal(400, "stream is not supported"), "invalid_request_error"),
        (Stream([chunk(content="o"), Cut()]), "api_error"),
        (Stream([chunk(content="o"), Hang()]), "timeout_error"),
        (Stream([chunk(content="o"), {"error": {"message": "overloaded", "code": 529}}]), "overloaded_error"),
    ],
    ids=["whole", "refused", "cut", "silent", "error inside"],
)
def test_streams_that_fail(upstream: FakeUpstream, stream: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "timeout_error":
        monkeypatch.setattr(module, "STEP", 2.0)  # the other requests of the trial have no more either
    upstream.script("first", lambda received: stream if received.json.get("stream") else well(received))
    found = Stage().run(provider(upstream))
    assert found.ok
    assert found.streaming is not None
    assert not found.streaming.ok
    assert found.streaming.error is not None
    assert found.streaming.error.type == kind
    assert found.tools is not None
    assert found.tools.ok


@pytest.mark.parametrize(
    ("tools", "kind"),
    [(Reply("I cannot."), "no_tool_call"), (Refusal(400, "tools are not supported"), "invalid_request_error")],
    ids=["words", "refused"],
)
def test_tools_that_fail(stage: Stage, upstream: FakeUpstream, tools: Any, kind: str) -> None:
    upstream.script("first", lambda received: tools if received.json.get("tools") else well(received))
    found = stage.run(provider(upstream))
    assert found.ok
    assert found.tools is not None
    assert found.tools.error is not None
    assert (found.tools.ok, found.tools.error.type) == (False, kind)


def test_a_list_that_fails_is_told_and_nothing_else(stage: Stage, upstream: FakeUpstream) -> None:
    upstream.models_answer = Refusal(500, f"no list for {ONE}")
    upstream.script("m", well)
    found = stage.run(provider(upstream, models=("m",)))
    assert found.ok
    assert found.models.error == module.Fault("api_error", "no list for [redacted]", 500)


def test_time_that_has_run_out(stage: Stage, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOTAL", 0.0)
    found = stage.run(provider(upstream, models=("m",)))
    assert not found.ok
    assert found.error is not None
    assert found.error.type == "timeout_error"
    assert posts(upstream) == []


def test_apis_that_are_relayed_are_tried_too(stage: Stage, upstream: FakeUpstream) -> None:
    FakeAnthropic(upstream)
    found = stage.run(
        Provider(name="p", type="anthropic", api_base_url=upstream.url, api_key=ONE, models=("claude-opus-5-5",))
    )
    assert found.ok, found
    assert found.streaming is not None
    assert found.streaming.ok, found
    assert found.tools is not None
    assert found.tools.error is not None
    assert found.tools.error.type == "no_tool_call"
    assert {one.json["model"] for one in posts(upstream)} == {"claude-opus-5-5"}
    assert all(one.headers["anthropic-version"] for one in posts(upstream))
