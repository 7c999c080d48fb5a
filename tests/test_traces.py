"""Finished requests as spans, as a collector gets them; tests/live/test_metrics.py has them from real workers."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from ccproxy import traces as module
from ccproxy.errors import SettingsError
from ccproxy.presets import PRESETS
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.traces import Traces, _Complaints, open_traces
from tests.metrics.conftest import attempt, failed, row

pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry is not installed (requirements-otel.txt)")

from tests.fake_collector import FakeCollector

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = PARENT.removesuffix("1") + "0"


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    with FakeCollector() as listening:
        yield listening


@pytest.fixture(autouse=True)
def _logger() -> Iterator[None]:
    """OpenTelemetry's logger is as before after each test."""
    logger = logging.getLogger("opentelemetry")
    before = (list(logger.handlers), logger.propagate)
    yield
    logger.handlers, logger.propagate = before


def held() -> Snapshot:
    groq = Provider(name="groq", type="groq", api_base_url="https://api.groq.com/openai/v1", api_key="sk-secret-key")
    box = Provider(name="box", type="openai-chat", api_base_url="http://192.168.1.20:8080")
    return Snapshot(version=1, providers=(groq, box))


def sent(collector: FakeCollector, *rows: Any, **environ: str) -> list[dict[str, Any]]:
    """The spans that a collector gets for these rows."""
    traces = open_traces(collector.url, held)
    traces.start()
    record = traces.following(environ, lambda _row: None)
    for one in rows:
        record(one)
    traces.stop(10)
    return collector.spans()


def test_a_request_and_its_attempt(collector: FakeCollector) -> None:
    server, client = sent(collector, row(session_id="s1", user_agent="claude-cli/2.0", client_ip="10.0.0.5"))
    assert (server["name"], server["kind"], server["failed"]) == ("POST /v1/messages", "server", False)
    assert (server["end"] - server["start"]) / 1e6 == 1500
    assert server["start"] == 1795847400 * 10**9
    assert server["parent"] == ""
    assert server["resource"]["service.name"] == "ccproxy"
    assert server["attributes"] == {
        "http.request.method": "POST",
        "http.route": "/v1/messages",
        "url.path": "/v1/messages",
        "url.scheme": "http",
        "http.response.status_code": 200,
        "client.address": "10.0.0.5",
        "user_agent.original": "claude-cli/2.0",
        "gen_ai.request.model": "opus",
        "gen_ai.conversation.id": "s1",
        "ccproxy.request_id": "r1",
        "ccproxy.key_name": "ann",
        "ccproxy.client": "claude-cli",
        "ccproxy.route": "work",
        "ccproxy.provider": "groq",
        "ccproxy.attempts": 1,
        "ccproxy.cost_usd": 0.25,
    }
    assert (client["name"], client["kind"], client["failed"]) == ("chat llama", "client", False)
    assert (client["trace"], client["parent"]) == (server["trace"], server["id"])
    assert ((client["start"] - server["start"]) / 1e6, (client["end"] - server["start"]) / 1e6) == (1, 900)
    assert client["attributes"] == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "groq",
        "gen_ai.request.model": "llama",
        "gen_ai.request.stream": True,
        "gen_ai.response.model": "llama",
        "gen_ai.response.time_to_first_chunk": 0.399,
        "gen_ai.usage.input_tokens": 150,
        "gen_ai.usage.output_tokens": 50,
        "gen_ai.usage.cache_read.input_tokens": 30,
        "gen_ai.usage.cache_write.input_tokens": 20,
        "gen_ai.usage.reasoning.output_tokens": 10,
        "gen_ai.conversation.id": "s1",
        "server.address": "api.groq.com",
        "server.port": 443,
        "ccproxy.provider": "groq",
    }


def test_the_names_are_those_of_opentelemetry(collector: FakeCollector) -> None:
    from opentelemetry.semconv._incubating.attributes import (
        client_attributes,
        error_attributes,
        gen_ai_attributes,
        http_attributes,
        server_attributes,
        url_attributes,
        user_agent_attributes,
    )

    modules = (
        client_attributes,
        error_attributes,
        gen_ai_attributes,
        http_attributes,
        server_attributes,
        url_attributes,
        user_agent_attributes,
    )
    known = {value for one in modules for value in vars(one).values() if isinstance(value, str)}
    whole = row(stop_reason="end_turn", session_id="s", user_agent="x", client_ip="10.0.0.1", dropped=["top_k"])
    spans = sent(collector, whole, failed())
    used = {name for span in spans for name in span["attributes"] if not name.startswith("ccproxy.")}
    # The conventions' own v0.1.0 has renamed the one and added the other; OpenTelemetry's package is older
    assert used - known == {"gen_ai.usage.cache_write.input_tokens"}
    providers = {one.value for one in gen_ai_attributes.GenAiProviderNameValues}
    assert set(module._KNOWN_AS.values()) - providers == {"moonshot_ai"}
    assert set(module._KNOWN_AS) <= set(PRESETS)


def test_what_failed_says_so(collector: FakeCollector) -> None:
    first = attempt("rate_limit_error", provider="box", model="qwen", status=429, ended_ms=5.0)
    spans = sent(collector, failed(attempts=[first, attempt("overloaded_error", started_ms=6.0)]))
    server, one, two = spans
    assert [span["failed"] for span in spans] == [True, True, True]
    assert server["attributes"]["http.response.status_code"] == 529
    assert server["attributes"]["error.type"] == "overloaded_error"
    assert one["attributes"]["error.type"] == "rate_limit_error"
    assert one["attributes"]["gen_ai.provider.name"] == "box"
    assert (one["attributes"]["server.address"], one["attributes"]["server.port"]) == ("192.168.1.20", 8080)
    assert "gen_ai.response.model" not in two["attributes"]
    assert "gen_ai.usage.input_tokens" not in two["attributes"]


def test_what_the_answer_came_to_is_said_once(collector: FakeCollector) -> None:
    first = attempt("overloaded_error", provider="gone", model="qwen")
    _, one, two = sent(collector, row(stop_reason="tool_use", attempts=[first, attempt(started_ms=401.0)]))
    assert not {name for name in one["attributes"] if name.startswith(("gen_ai.usage", "gen_ai.response"))}
    assert one["attributes"]["gen_ai.provider.name"] == "gone"
    assert two["attributes"]["gen_ai.response.finish_reasons"] == ["tool_use"]
    assert "gen_ai.response.time_to_first_chunk" not in two["attributes"]  # it went on with the first one's answer


def test_an_answer_that_broke_off_has_a_reason_as_well(collector: FakeCollector) -> None:
    _, client = sent(collector, row(status=502, error_type="api_error", attempts=[attempt("api_error")]))
    assert client["attributes"]["gen_ai.response.finish_reasons"] == ["error"]


@pytest.mark.parametrize(
    ("fields", "status", "bad"),
    [
        ({"status": 400, "error_type": "invalid_request_error"}, 400, False),
        ({"status": 499, "error_type": "client_closed"}, None, False),
        ({"status": 502, "error_type": "api_error", "ttft_ms": 5.0}, 200, True),
    ],
)
def test_the_status_is_the_one_that_the_client_saw(
    collector: FakeCollector, fields: dict[str, Any], status: int | None, bad: bool
) -> None:
    [server] = sent(collector, failed(**fields, attempts=[]))
    assert server["attributes"].get("http.response.status_code") == status
    assert server["failed"] is bad


def test_the_trace_of_the_client_goes_on(collector: FakeCollector) -> None:
    server, client = sent(collector, row(), HTTP_TRACEPARENT=PARENT, HTTP_TRACESTATE="vendor=1")
    assert server["trace"] == client["trace"] == PARENT.split("-")[1]
    assert server["parent"] == PARENT.split("-")[2]


def test_what_the_client_does_not_sample_is_not_sent(collector: FakeCollector) -> None:
    assert sent(collector, row(), HTTP_TRACEPARENT=UNSAMPLED) == []


@pytest.mark.parametrize("parent", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", PARENT + "-more", "é"])
def test_a_broken_parent_begins_a_trace(collector: FakeCollector, parent: str) -> None:
    server, _ = sent(collector, row(), HTTP_TRACEPARENT=parent)
    assert server["parent"] == ""


def test_no_secret_is_in_a_span(collector: FakeCollector) -> None:
    sent(collector, row(attempts=[attempt(key="fingerprint-of-a-key")]))
    [(path, headers, body)] = collector.bodies
    assert path == "/v1/traces"
    assert headers["content-type"] == "application/x-protobuf"
    assert b"sk-secret" not in body
    assert b"fingerprint" not in body


def test_the_endpoint_may_be_the_whole_address(collector: FakeCollector) -> None:
    collector.url += "/prefix/v1/traces"
    sent(collector, row())
    assert collector.bodies[0][0] == "/prefix/v1/traces"


def test_opentelemetrys_own_variables_hold(collector: FakeCollector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "team-proxy")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=lan")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
    server, _ = sent(collector, row())
    assert server["resource"]["service.name"] == "team-proxy"
    assert server["resource"]["deployment.environment.name"] == "lan"
    assert collector.bodies[0][1]["authorization"] == "Bearer abc"


def test_the_row_is_recorded_whatever_becomes_of_its_spans(collector: FakeCollector) -> None:
    traces = open_traces(collector.url, held)
    rows: list[Any] = []
    traces.following({}, rows.append)(row())  # before the start
    traces.start()
    with capture_logs() as lines:
        for _ in range(2):
            traces.following({}, rows.append)(row(attempts=[{}]))
    traces.stop(10)
    traces.following({}, rows.append)(row())
    assert len(rows) == 4
    assert [line["type"] for line in lines] == ["traces"]


def test_a_collector_that_refuses_is_told_of(collector: FakeCollector) -> None:
    collector.status = 400
    with capture_logs() as lines:
        sent(collector, row())
    assert [(line["type"], line["log_level"]) for line in lines] == [("traces", "warning")]


def test_complaints_come_once_a_minute() -> None:
    moments = iter((0.0, 1.0, 59.0, 60.0, 61.0))
    handler = _Complaints(clock=lambda: next(moments))
    record = logging.LogRecord("opentelemetry", logging.ERROR, "", 0, "it is away", None, None)
    with capture_logs() as lines:
        for _ in range(5):
            handler.handle(record)
    assert [line["error"] for line in lines] == ["it is away", "it is away"]


def test_stopping_what_was_not_started_does_nothing() -> None:
    Traces("http://127.0.0.1:1", held).stop(1)


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"CCPROXY_OTLP_ENDPOINT .* pip install -r requirements-otel\.txt") as error:
        open_traces("http://127.0.0.1:4318", held)
    assert "\n" not in str(error.value)


def test_nothing_is_imported_while_it_is_off() -> None:
    code = "import sys, ccproxy.app; print(sorted(name for name in sys.modules if name.startswith('opentelemetry')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
