"""What a finished request adds to the metrics."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample

from ccproxy.metrics import labels, meters
from ccproxy.metrics.labels import OTHER
from ccproxy.metrics.meters import Meters
from ccproxy.store.logbook import RequestRow
from ccproxy.store.providers import Snapshot
from tests.metrics.conftest import attempt, failed, listing, row

HOSTILE = 600
TARGET = {"provider": "groq", "model": "llama"}


class Stage:
    """Meters, the registry that they are in, and the providers there are."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.held: Snapshot | None = None
        self.meters = Meters(self.registry, lambda: self.held)

    def value(self, name: str, **labels: str) -> float | None:
        self.meters.flush()
        return self.registry.get_sample_value(f"ccproxy_{name}", labels)

    def sets(self, name: str) -> set[tuple[tuple[str, str], ...]]:
        """The label sets that a metric has."""
        return {tuple(sorted(sample.labels.items())) for sample in self.samples(name)}

    def samples(self, name: str) -> list[Sample]:
        self.meters.flush()
        found = (sample for metric in self.registry.collect() for sample in metric.samples)
        return [sample for sample in found if sample.name == f"ccproxy_{name}"]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_good_stream(stage: Stage) -> None:
    stage.meters.observe(row())
    stage.meters.observe(row(duration_ms=700.0))
    whose = {"route": "work", "key": "ann", "client": "claude-cli"}
    assert stage.value("requests_total", **TARGET, **whose, status="2xx") == 2
    assert stage.value("request_duration_seconds_sum", **TARGET) == 2.2
    assert stage.value("request_duration_seconds_bucket", **TARGET, le="1.0") == 1
    assert stage.value("time_to_first_token_seconds_count", **TARGET) == 2
    assert stage.value("time_to_first_token_seconds_bucket", **TARGET, le="0.25") == 0
    assert stage.value("time_to_first_token_seconds_bucket", **TARGET, le="0.5") == 2
    tokens = {kind: stage.value("tokens_total", **TARGET, key="ann", kind=kind) for kind in meters.KINDS}
    assert tokens == {"input": 200, "output": 100, "cache_read": 60, "cache_write": 40, "thinking": 20}
    assert stage.value("cost_usd_total", **TARGET, key="ann") == 0.5
    assert stage.value("unpriced_requests_total", **TARGET) == 0
    assert stage.value("attempts_total", **TARGET, outcome="ok") == 2
    assert stage.sets("errors_total") == set()


def test_counters_wait_for_a_flush_and_take_all_at_once(stage: Stage) -> None:
    stage.meters.observe(row())
    stage.meters.observe(row())
    asked = {**TARGET, "key": "ann", "kind": "input"}
    assert stage.registry.get_sample_value("ccproxy_tokens_total", asked) == 0
    assert stage.value("tokens_total", **asked) == 200
    assert stage.value("tokens_total", **asked) == 200, "nothing is added twice"
    stage.meters.observe(row())
    assert stage.value("tokens_total", **asked) == 300


def test_a_failure(stage: Stage) -> None:
    stage.held = listing(groq=["llama"])
    stage.meters.observe(failed())
    assert stage.value("errors_total", **TARGET, type="overloaded_error") == 1
    assert stage.value("attempts_total", **TARGET, outcome="overloaded_error") == 1
    assert stage.value("request_duration_seconds_count", **TARGET) == 0
    assert [dict(found)["status"] for found in stage.sets("requests_total")] == ["5xx"]


@pytest.mark.parametrize(
    ("fields", "status", "errors"),
    [
        ({"status": 404, "error_type": "not_found_error"}, "4xx", 1),
        ({"status": 499, "error_type": "client_closed"}, "499", 0),
        ({"status": 503, "error_type": "overloaded_error"}, "5xx", 1),
    ],
)
def test_the_class_of_a_status(stage: Stage, fields: dict[str, Any], status: str, errors: int) -> None:
    stage.meters.observe(failed(**fields))
    assert [dict(found)["status"] for found in stage.sets("requests_total")] == [status]
    assert len(stage.sets("errors_total")) == errors


def test_only_streams_have_a_first_token(stage: Stage) -> None:
    stage.meters.observe(row(stream=False))
    assert stage.value("time_to_first_token_seconds_count", **TARGET) == 0
    assert stage.value("request_duration_seconds_count", **TARGET) == 1


def test_what_has_no_known_price_is_counted(stage: Stage) -> None:
    stage.meters.observe(row(cost_usd=None))
    stage.meters.observe(row(cost_usd=0.0))
    assert stage.value("unpriced_requests_total", **TARGET) == 1


def test_each_attempt_counts(stage: Stage) -> None:
    stage.held = listing(groq=["llama"], deepinfra=["qwen"])
    first = attempt("rate_limit_error", provider="deepinfra", model="qwen")
    stage.meters.observe(row(attempts=[first, attempt()]))
    assert stage.value("attempts_total", provider="deepinfra", model="qwen", outcome="rate_limit_error") == 1
    assert stage.value("attempts_total", **TARGET, outcome="ok") == 1


def test_a_request_that_reached_no_provider(stage: Stage) -> None:
    nothing = failed(provider=None, upstream_model=None, route=None, client=None, status=400, attempts=[])
    stage.meters.observe(nothing)
    [found] = stage.sets("requests_total")
    assert dict(found) == {
        "provider": "none",
        "model": "none",
        "route": "none",
        "key": "ann",
        "client": "none",
        "status": "4xx",
    }


def test_a_model_gets_its_name_with_its_first_answer(stage: Stage) -> None:
    stage.meters.observe(failed())
    assert stage.value("errors_total", provider="groq", model=OTHER, type="overloaded_error") == 1
    stage.meters.observe(row())
    stage.meters.observe(failed())
    assert stage.value("errors_total", **TARGET, type="overloaded_error") == 1
    assert stage.value("attempts_total", **TARGET, outcome="overloaded_error") == 1


def test_a_model_gets_its_name_when_it_is_listed(stage: Stage) -> None:
    stage.meters.observe(failed())
    stage.held = listing(groq=["llama"])
    stage.meters.observe(failed())
    assert stage.value("errors_total", **TARGET, type="overloaded_error") == 1


def hostile(number: int) -> list[RequestRow]:
    """What somebody sends who wants many time series."""
    named = f"name-{number}"
    bad = failed(upstream_model=named, client=named, error_type=named)
    good = row(upstream_model=named, client=named, caller=named, route=named, attempts=[attempt(model=named)])
    return [bad, good, row(upstream_model="llama", client=named, caller=f"key-{number % 90}", route=f"r{number % 7}")]


def test_a_hostile_client_makes_only_so_many_series(stage: Stage) -> None:
    for number in range(HOSTILE):
        for one in hostile(number):
            stage.meters.observe(one)
    most = {
        "requests_total": meters.MOST_REQUESTS + 10,
        "errors_total": meters.MOST_FAILURES + labels.MOST_TYPES + 1,
        "attempts_total": meters.MOST_FAILURES + labels.MOST_TYPES + 1,
        "tokens_total": (meters.MOST_SPENDERS + 1) * len(meters.KINDS),
        "cost_usd_total": meters.MOST_SPENDERS + 1,
        "request_duration_seconds_sum": labels.MOST_MODELS + 2,
        "time_to_first_token_seconds_sum": labels.MOST_MODELS + 2,
        "unpriced_requests_total": labels.MOST_MODELS + 2,
    }
    found = {name: len(stage.sets(name)) for name in most}
    assert [name for name in most if found[name] > most[name]] == []
    assert sum(sample.value for sample in stage.samples("requests_total")) == 3 * HOSTILE


def test_what_is_remembered_of_kinds_is_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters, "_REMEMBERED", 5)
    for number in range(20):
        for one in hostile(number):
            stage.meters.observe(one)
    assert len(stage.meters._series) <= 5
    assert len(stage.meters._attempts) <= 5
