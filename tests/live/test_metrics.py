"""Metrics and traces of real workers: together, over a worker's sudden death, over reloads, to the very end."""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.fake_upstream import FakeUpstream
from tests.live.server import LIMIT, Server, until

KEY = "sk-metrics-0123456789"
TRACE = "0af7651916cd43dd8448eb211c80319c"
BODY = {"model": "fake/m", "max_tokens": 10, "messages": [{"role": "user", "content": "a secret question"}]}
HEADERS = {"x-api-key": KEY, "user-agent": "claude-cli/2.0", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


class Connection:
    """One connection, which is with one worker as long as it lasts."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
        self.pid = self.ask("GET", "/status")["pid"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, data, {"content-type": "application/json", **HEADERS})
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)

    def close(self) -> None:
        self._connection.close()


def ask_each_worker(server: Server, times: int) -> None:
    """Send a message over each of as many connections as it takes to have one with every worker."""
    with ExitStack() as ending:
        found: dict[int, Connection] = {}

        def all_found() -> bool:
            made = Connection(server)
            ending.callback(made.close)
            found.setdefault(made.pid, made)
            return len(found) == server.workers

        until(all_found, "a connection with each worker")
        for connection in found.values():
            for _ in range(times):
                connection.ask("POST", "/v1/messages", BODY)


def values(server: Server) -> dict[str, float]:
    """What is shown: by name, over all labels."""
    status, text, _ = server.request("GET", "/metrics", headers={"x-api-key": KEY})
    assert status == 200, text
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def folder_of(server: Server) -> Path:
    """Where its workers count: the master keeps a file in it open."""
    assert server.process is not None
    opened = [os.readlink(link) for link in Path(f"/proc/{server.process.pid}/fd").iterdir()]
    [found] = [path for path in opened if "ccproxy-metrics-" in path]
    return Path(found).parent


def test_workers_count_together_over_deaths_and_reloads(tmp_path: Path, provider: FakeUpstream) -> None:
    with Server(tmp_path, settings={"apikey": KEY}) as server:
        server.add_provider("fake", provider.base_url, api_key="sk-provider-0123456789")
        folder = folder_of(server)
        ask_each_worker(server, 3)
        until(lambda: values(server)["ccproxy_requests_total"] == 6, "the heartbeats tell of both workers' requests")
        found = values(server)
        assert found["ccproxy_attempts_total"] == 6
        assert found["ccproxy_request_duration_seconds_count"] == 6
        assert found["ccproxy_workers"] == 2
        until(lambda: len(server.rows()) == 6, "all rows are written")
        until(lambda: values(server)["ccproxy_log_queue_rows"] == 0, "the heartbeat tells that nothing waits any more")

        # /health counts over both workers too
        _, health, _ = server.request("GET", "/health", headers={"x-api-key": KEY})
        assert health["performance"]["requests"] == {"total": 6, "success": 6, "failed": 0}
        assert health["performance"]["latency"]["p95_ms"] > 0

        killed = server.worker_pids()[0]
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(server.worker_pids()) == 2 and killed not in server.worker_pids(), "another takes its place")
        until(lambda: values(server)["ccproxy_workers"] == 2, "the new one counts")
        ask_each_worker(server, 1)
        until(lambda: values(server)["ccproxy_requests_total"] == 8, "nothing is forgotten")

        for _ in range(2):
            before = set(server.worker_pids())
            server.signal(signal.SIGHUP)
            until(lambda old=before: not old & set(server.worker_pids()), "there are new workers, and no old ones")
            until(lambda: values(server)["ccproxy_workers"] == 2, "two workers count")
        ask_each_worker(server, 1)
        until(lambda: values(server)["ccproxy_requests_total"] == 10, "nothing is forgotten")
        assert {path.name for path in folder.glob("counter_*")} <= {f"counter_{seat}.db" for seat in range(4)}
        assert server.stop() == 0
        assert not folder.exists()


def test_traces_reach_the_collector_also_at_the_end(tmp_path: Path, provider: FakeUpstream) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry is not installed (requirements-otel.txt)")
    from tests.fake_collector import FakeCollector

    with FakeCollector() as collector:
        settings = {"apikey": KEY, "otlp_endpoint": collector.url, "metrics_allowed_ips": "127.0.0.1"}
        with Server(tmp_path, settings=settings) as server:
            server.add_provider("fake", provider.base_url, api_key="sk-provider-0123456789")
            ask_each_worker(server, 1)
            until(lambda: len(collector.spans()) == 4, "the spans of both workers")
            # A scraper at an allowed address needs no key, for this alone
            assert [server.request("GET", path)[0] for path in ("/metrics", "/providers")] == [200, 401]
            collector.status = 400
            assert server.request("POST", "/v1/messages", {**BODY, "stream": True}, HEADERS)[0] == 200
            until(lambda: [line for line in server.lines() if line.get("type") == "traces"], "the refusal is told")
            collector.status = 200
            assert server.request("POST", "/v1/messages", BODY, HEADERS)[0] == 200
        spans = collector.spans()
        assert len(spans) == 8, "the last request's are sent before the end"
        assert {span["trace"] for span in spans} == {TRACE}
        assert b"secret" not in b"".join(body for _, _, body in collector.bodies)
