"""The view of /v1/messages in a whole application, against a scripted provider."""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from ccproxy.app import create_app
from ccproxy.errors import Draining
from ccproxy.gateway import limits
from ccproxy.gateway.disconnect import ClientGone
from ccproxy.settings import Settings
from ccproxy.store.logbook import RequestRow
from ccproxy.store.migrations import migrate
from ccproxy.store.routes import RouteTarget
from ccproxy.store.session import open_engine
from ccproxy.web import messages
from ccproxy.web.messages import Primed
from ccproxy.web.services import EXTENSION, Services
from tests.fake_upstream import Cut, FakeUpstream, Refusal, Reply, Stream, chunk
from tests.translate.grammar import check, frames

KEY = "sk-provider-0123456789abcdef"


class Proxy:
    def __init__(self, folder: Path, provider: FakeUpstream) -> None:
        settings = Settings(
            database_url=f"sqlite:///{folder / 'ccproxy.db'}",
            max_body_bytes=100_000,
            providers=({"name": "fake", "api_base_url": provider.base_url, "api_key": KEY, "models": ["m", "other"]},),
        )
        migrate(open_engine(settings.database_url))
        app = create_app(settings)
        self.provider = provider
        self.parts: Services = app.extensions[EXTENSION]
        self.client: FlaskClient = app.test_client()
        self.rows: list[RequestRow] = []
        object.__setattr__(self.parts, "record", self.rows.append)

    def post(self, body: Any, path: str = "/v1/messages?beta=true", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body)
        with capture_logs():
            return self.client.post(
                path, data=data, content_type="application/json", headers=headers, base_url="http://localhost:3456"
            )


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with FakeUpstream() as provider:
        made = Proxy(tmp_path, provider)
        yield made
        made.parts.providers.close()


def ask(**more: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}], **more}


def test_an_answer_with_its_headers_and_row(proxy: Proxy) -> None:
    proxy.provider.enqueue(Reply("hello"))
    answer = proxy.post(
        ask(top_k=3, never_heard_of=1), **{"X-Claude-Code-Session-Id": "s-1", "User-Agent": "claude-cli/2"}
    )
    assert answer.status_code == 200
    body = answer.json
    assert body["content"] == [{"type": "text", "text": "hello"}]
    assert body["model"] == "fake/m"
    assert body["id"] == "msg_" + answer.headers["request-id"].replace("-", "")
    assert uuid.UUID(answer.headers["X-Request-ID"]).version == 4
    assert answer.headers["X-Request-ID"] == answer.headers["request-id"]
    assert (answer.headers["X-Provider"], answer.headers["X-Model"]) == ("fake", "m")
    assert answer.headers["X-CCProxy-Attempts"] == "fake/m 200"
    assert answer.headers["X-CCProxy-Dropped"] == "top_k, never_heard_of"
    assert "Set-Cookie" not in answer.headers
    [row] = proxy.rows
    assert (row.status, row.route, row.caller, row.client_ip) == (200, "models", "local", "127.0.0.1")
    assert (row.session_id, row.user_agent) == ("s-1", "claude-cli/2")
    assert row.dropped == ["top_k", "never_heard_of"]
    assert row.request_id == answer.headers["request-id"]


def test_a_stream(proxy: Proxy) -> None:
    proxy.provider.enqueue(Reply("hello"))
    answer = proxy.post(ask(stream=True))
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    names = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert names[0] == "message_start"
    assert names[-1] == "message_stop"
    assert [(row.status, row.stream, row.stop_reason) for row in proxy.rows] == [(200, True, "end_turn")]
    assert proxy.parts.lifecycle.live == 0


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("asked", "header"),
    [("a\nb", "a\\nb"), ("a\r\nX-Evil: 1", "a\\r\\nX-Evil: 1"), ("a\0b\x7f", "a\\x00b\\x7f"), ("ü", "\\xfc")],
)
def test_any_models_name_fits_into_its_header(proxy: Proxy, asked: str, header: str, streaming: bool) -> None:
    answer = proxy.post(ask(model=f"fake/{asked}", stream=streaming))
    assert answer.status_code == 200
    assert answer.headers["X-Model"] == header
    assert proxy.provider.requests[0].json["model"] == asked
    assert "X-Evil" not in answer.headers


SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
FETCH = {"type": "web_fetch_20250910", "name": "web_fetch"}
LOOK = {"name": "look", "input_schema": {"type": "object"}}


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("tool", "choice", "words"),
    [
        (SEARCH, {"type": "auto"}, "Web search is unavailable: fake/m has no web search of its own."),
        (SEARCH, {"type": "tool", "name": "web_search"}, "Web search is unavailable: "),
        (FETCH, None, "Web fetch is unavailable: "),
    ],
)
def test_a_search_that_the_provider_cannot_make(
    proxy: Proxy, tool: dict[str, Any], choice: Any, words: str, streaming: bool
) -> None:
    answer = proxy.post(ask(tools=[tool], tool_choice=choice, stream=streaming))
    assert answer.status_code == 200
    assert proxy.provider.requests == []
    name = tool["name"]
    error = {"type": f"{name}_tool_result_error", "error_code": "unavailable"}
    if streaming:
        said = check(frames(answer.data))
        assert said.kinds == ["server_tool_use", f"{name}_tool_result", "text"]
        assert (said.blocks[1]["content"], said.stop_reason) == (error, "end_turn")
        text = said.text
    else:
        asked, result, told = answer.json["content"]
        assert (asked["type"], asked["name"]) == ("server_tool_use", name)
        assert (result["type"], result["content"]) == (f"{name}_tool_result", error)
        assert result["tool_use_id"] == asked["id"]
        assert answer.json["stop_reason"] == "end_turn"
        text = told["text"]
    assert text.startswith(words)
    [row] = proxy.rows
    assert (row.status, row.provider, row.upstream_model, row.stop_reason) == (200, "fake", "m", "end_turn")
    assert (row.input_tokens, row.output_tokens, row.usage_estimated) == (0, 0, False)
    assert row.attempts == [], "nobody was asked"
    assert "tools[0]" in row.dropped
    assert "tools[0]" in answer.headers["X-CCProxy-Dropped"]


@pytest.mark.parametrize("tool", [SEARCH, FETCH])
def test_among_other_tools_a_search_is_left_out_and_told(proxy: Proxy, tool: dict[str, Any]) -> None:
    proxy.provider.enqueue(Reply("hello"))
    answer = proxy.post(ask(tools=[LOOK, tool]))
    assert answer.status_code == 200
    assert [one["function"]["name"] for one in proxy.provider.requests[0].json["tools"]] == ["look"]
    assert answer.headers["X-CCProxy-Dropped"] == "tools[1]"
    assert proxy.rows[0].dropped == ["tools[1]"]


def test_headers_that_cannot_be_sent_leave_nothing_behind(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "_headers", lambda *_: {"X-Model": "a\nb"})
    assert proxy.post(ask(stream=True)).status_code == 500
    assert [row.status for row in proxy.rows] == [500]
    assert proxy.parts.lifecycle.live == 0


def test_the_header_of_very_many_attempts_stays_short(proxy: Proxy) -> None:
    """Clients and reverse proxies refuse answers with long ones. Here: fifty targets, all of a provider that fails."""
    proxy.provider.script("*", Refusal(500, "no"))
    targets = [RouteTarget(provider="fake", model=f"model-with-a-longer-name-{number}") for number in range(50)]
    proxy.parts.routes.save({"name": "all", "targets": tuple(targets), "retries": 0})
    told = proxy.post(ask(model="all")).headers["X-CCProxy-Attempts"]
    assert told.startswith("(+")
    assert told.endswith(", fake/model-with-a-longer-name-48 500, fake/model-with-a-longer-name-49 500")
    assert len(told) < messages.ATTEMPTS_LENGTH + 20
    assert told.count(",") + int(told.removeprefix("(+").split()[0]) == 50


@pytest.mark.parametrize("streaming", [False, True])
def test_an_early_failure_is_a_real_status(proxy: Proxy, streaming: bool) -> None:
    proxy.provider.enqueue(Refusal(429, f"slow down, {KEY}", headers={"Retry-After": "2"}))
    answer = proxy.post(ask(stream=streaming))
    assert answer.status_code == 429
    assert answer.json["error"]["type"] == "rate_limit_error"
    assert answer.headers["retry-after"] == "2"
    assert (answer.headers["X-Provider"], answer.headers["X-Model"]) == ("fake", "m")
    assert answer.headers["X-CCProxy-Attempts"] == "fake/m 429"
    assert KEY not in answer.text
    assert [row.status for row in proxy.rows] == [429]
    assert proxy.parts.lifecycle.live == 0


def test_a_late_failure_is_an_event(proxy: Proxy) -> None:
    proxy.provider.enqueue(Stream([chunk(content="hel"), Cut()]))
    answer = proxy.post(ask(stream=True))
    assert answer.status_code == 200
    assert "event: error" in answer.text
    assert "message_stop" not in answer.text
    [row] = proxy.rows
    assert (row.status, row.error_type) == (502, "api_error")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "JSON"),
        (ask(max_tokens=None), "max_tokens"),
        (ask(messages=[]), "messages"),
        (ask(thread={"type": "create"}), "thread"),
    ],
)
def test_a_bad_request_is_named_and_has_its_row(proxy: Proxy, body: Any, words: str) -> None:
    answer = proxy.post(body)
    assert answer.status_code == 400
    assert words in answer.json["error"]["message"]
    assert [(row.status, row.error_type) for row in proxy.rows] == [(400, "invalid_request_error")]
    assert proxy.provider.requests == []


def test_an_unknown_model_is_named_with_what_there_is(proxy: Proxy) -> None:
    answer = proxy.post(ask(model="nobody/x"))
    assert answer.status_code == 200, "the only provider takes what is left"
    proxy.parts.providers.save({"name": "second", "type": "openai-chat", "api_base_url": proxy.provider.base_url})
    answer = proxy.post(ask(model="nobody/x"))
    assert answer.status_code == 404
    assert "fake/m, fake/other, second/MODEL" in answer.json["error"]["message"]


def test_without_a_provider_the_answer_says_what_to_do(proxy: Proxy) -> None:
    proxy.parts.providers.toggle("fake")
    answer = proxy.post(ask())
    assert answer.status_code == 503
    assert "curl -X POST" in answer.json["error"]["message"]
    assert answer.headers["x-should-retry"] == "false"


def test_a_draining_worker_says_so(proxy: Proxy) -> None:
    proxy.parts.lifecycle.drain(0)
    answer = proxy.post(ask())
    assert (answer.status_code, answer.json["error"]["type"]) == (503, "overloaded_error")
    assert answer.headers["retry-after"] == "1"


def test_a_body_that_is_too_large_is_not_sent_on(proxy: Proxy) -> None:
    answer = proxy.post(ask(messages=[{"role": "user", "content": "x" * 200_000}]))
    assert (answer.status_code, answer.json["error"]["type"]) == (413, "request_too_large")


def test_strangers_are_refused_before_the_body_is_read(proxy: Proxy) -> None:
    answer = proxy.client.post("/v1/messages", data=b"{", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert proxy.rows == []


def test_counting_needs_no_provider(proxy: Proxy) -> None:
    proxy.parts.providers.toggle("fake")
    body = {"model": "whatever", "messages": [{"role": "user", "content": "one two three"}]}
    answer = proxy.post(body, "/v1/messages/count_tokens?beta=true")
    assert answer.status_code == 200
    assert 3 <= answer.json["input_tokens"] <= 20
    assert proxy.post({"model": "m"}, "/v1/messages/count_tokens").status_code == 400


def test_counts_have_a_limit_of_their_own(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LEAST_OTHERS", 3)
    secret = proxy.parts.client_keys.create({"name": "anna", "requests_per_minute": 1})[1]
    counts = [proxy.post(body, "/v1/messages/count_tokens", x_api_key=secret) for body in (ask(), b"{", ask(), ask())]
    assert [answer.status_code for answer in counts] == [200, 400, 200, 429]
    assert 1 <= int(counts[-1].headers["retry-after"]) <= 120
    assert [proxy.post(ask(), x_api_key=secret).status_code for _ in range(2)] == [200, 429]
    proxy.parts.client_keys.close()


@pytest.mark.parametrize(
    ("broken_off_by", "told"),
    [
        (None, GeneratorExit),
        (BrokenPipeError(), GeneratorExit),
        (ClientGone(), GeneratorExit),
        (Draining("x"), Draining),
    ],
)
def test_a_stream_that_breaks_off_while_it_is_written(broken_off_by: BaseException | None, told: type) -> None:
    kinds = []
    with ExitStack() as ending:
        ending.push(lambda kind, *_: kinds.append(kind))
        primed = Primed(frame for frame in [b"first", b"second"]).until(ending)
    assert next(primed) == b"first"
    try:
        if broken_off_by:
            raise broken_off_by
    except BaseException:  # noqa: BLE001 - as the server does it, in a finally
        primed.close()
    else:
        primed.close()
    assert kinds == [told]


def test_a_stream_that_nobody_iterates_is_let_go_of() -> None:
    ended = []

    def frames() -> Generator[bytes, None, None]:
        try:
            yield b"first"
            yield b"second"
        finally:
            ended.append("stream")

    with ExitStack() as ending:
        ending.callback(ended.append, "request")
        stream = frames()
        ending.callback(stream.close)
        primed = Primed(stream).until(ending)
    assert ended == []
    primed.close()
    assert ended == ["stream", "request"]
    primed.close()
    assert ended == ["stream", "request"]
