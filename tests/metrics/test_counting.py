"""What one process counts, alone and with others; tests/live/test_metrics.py has real workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from ccproxy.metrics import folder, labels
from ccproxy.metrics.counting import Metrics
from ccproxy.metrics.standing import Busy, Standing, StandingCollector
from tests.metrics.conftest import row

STANDING = Standing("1.0", "abc", 1.0, 2.0, True, 3, {}, 5)
OPEN = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"


def shown(metrics: Metrics) -> dict[str, float]:
    """The values without labels, and the sums of those with."""
    text, _ = metrics.exposition("", StandingCollector(STANDING))
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to count in together."""
    monkeypatch.setenv(folder.VARIABLE, str(tmp_path))
    return tmp_path


def test_a_process_by_itself_counts_without_being_started() -> None:
    metrics = Metrics(lambda: None)
    metrics.observe(row())
    metrics.publish(Busy(in_flight=3, rows=2, rows_dropped=1))
    found = shown(metrics)
    assert found["ccproxy_requests_total"] == 1
    assert (found["ccproxy_requests_in_flight"], found["ccproxy_log_queue_rows"]) == (3, 2)
    assert found["ccproxy_build_info"] == 1


def test_without_a_request_everything_is_there_too() -> None:
    assert shown(Metrics(lambda: None))["ccproxy_workers"] == 1


def test_workers_count_together(shared: Path) -> None:
    first, second = Metrics(lambda: None), Metrics(lambda: None)
    first.start(0)
    first.observe(row())
    first.publish(Busy(in_flight=3, rows=2, rows_dropped=1))
    second.start(1)
    second.observe(row())
    second.publish(Busy(in_flight=4, rows=5, rows_dropped=6))
    found = shown(second)
    assert found["ccproxy_requests_total"] == 2
    assert found["ccproxy_requests_in_flight"] == 7
    assert found["ccproxy_log_queue_rows"] == 7
    assert found["ccproxy_log_dropped_rows_total"] == 7
    assert found["ccproxy_workers"] == 2
    assert found == shown(first)


def test_whoever_counts_on_keeps_to_the_bounds_of_who_was_there_before(shared: Path) -> None:
    """Or each reload would make room for as many invented names again."""
    for life in range(4):
        worker = Metrics(lambda: None)
        worker.start(0)
        for number in range(60):
            client, model, kind = (f"{what}-{life}-{number}" for what in ("client", "model", "error"))
            worker.observe(row(client=client, upstream_model=model))
            worker.observe(row(client=client, status=500, error_type=kind))
        worker.publish(Busy())
    found: dict[str, set[str]] = {}
    for name, labels_of in folder.counted(str(shared), 0):
        for label, value in labels_of.items():
            found.setdefault(f"{name} {label}", set()).add(value)
    assert len(found["ccproxy_requests client"]) == labels.MOST_CLIENTS + 1
    assert len(found["ccproxy_requests model"]) <= labels.MOST_MODELS + 1
    assert len(found["ccproxy_errors type"]) <= labels.MOST_TYPES + 1
    assert "client-0-0" in found["ccproxy_requests client"]


def test_who_takes_a_dead_workers_seat_counts_on_in_its_files(shared: Path) -> None:
    dead = Metrics(lambda: None)
    dead.start(0)
    dead.observe(row())
    dead.publish(Busy(in_flight=9, rows=9, rows_dropped=2))
    files = sorted(path.name for path in shared.iterdir())
    folder.vacate(str(shared), 0)
    new = Metrics(lambda: None)
    new.start(0)
    new.publish(Busy(in_flight=0, rows=0, rows_dropped=0))
    new.observe(row())
    found = shown(new)
    assert found["ccproxy_requests_total"] == 2
    assert found["ccproxy_log_dropped_rows_total"] == 2
    assert found["ccproxy_requests_in_flight"] == 0
    assert sorted(path.name for path in shared.iterdir()) == files


def test_a_worker_that_ends_is_busy_with_nothing(shared: Path) -> None:
    metrics = Metrics(lambda: None)
    metrics.start(0)
    metrics.publish(Busy(in_flight=3, rows=2, rows_dropped=0))
    metrics.stop()
    found = shown(metrics)
    assert (found["ccproxy_requests_in_flight"], found["ccproxy_log_queue_rows"], found["ccproxy_workers"]) == (0, 0, 0)
    Metrics(lambda: None).stop()


def test_lost_rows_are_counted_once() -> None:
    metrics = Metrics(lambda: None)
    for dropped in (0, 2, 2, 5):
        metrics.publish(Busy(in_flight=0, rows=0, rows_dropped=dropped))
    assert shown(metrics)["ccproxy_log_dropped_rows_total"] == 5


def test_captures_are_shown_as_the_log_is(shared: Path) -> None:
    first, second = Metrics(lambda: None), Metrics(lambda: None)
    for seat, metrics in enumerate((first, second)):
        metrics.start(seat)
        for dropped in (1, 3):
            metrics.publish(Busy(captures=2, capture_bytes=1000, captures_dropped=dropped))
    found = shown(first)
    assert (found["ccproxy_capture_queue_requests"], found["ccproxy_capture_queue_bytes"]) == (4, 2000)
    assert found["ccproxy_capture_dropped_requests_total"] == 6
    assert found["ccproxy_captures_size_bytes"] == 5
    second.stop()
    found = shown(first)
    assert (found["ccproxy_capture_queue_requests"], found["ccproxy_capture_dropped_requests_total"]) == (2, 6)


def test_the_form_is_the_one_that_is_asked_for() -> None:
    metrics = Metrics(lambda: None)
    metrics.observe(row())
    text, content_type = metrics.exposition(OPEN, StandingCollector(STANDING))
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert {family.name for family in open_metrics(text.decode())} >= {"ccproxy_requests", "ccproxy_cooldowns"}
    assert metrics.exposition("text/html", StandingCollector(STANDING))[1].startswith("text/plain; version=0.0.4")


def test_what_cannot_be_counted_costs_no_request_and_is_told_once(shared: Path) -> None:
    metrics = Metrics(lambda: None)
    metrics.start(0)
    broken: Any = row(attempts=[{}])
    with capture_logs() as lines:
        metrics.observe(broken)
        metrics.observe(broken)
    assert [(line["type"], line["log_level"]) for line in lines] == [("metrics", "warning")]


def test_what_cannot_be_published_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics(lambda: None)
    with capture_logs() as lines:
        metrics.publish(Busy(in_flight=0, rows=0, rows_dropped=-1))  # a counter does not fall
    assert len(lines) == 1


def test_what_cannot_be_read_is_an_error_of_who_asks(shared: Path) -> None:
    metrics = Metrics(lambda: None)
    metrics.start(0)
    (shared / "counter_7.db").write_bytes(b"")
    with pytest.raises(Exception, match="unpack"):
        shown(metrics)
