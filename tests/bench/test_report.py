"""Figures and the table."""

from __future__ import annotations

import pytest

from bench.cases import Case
from bench.load import Result
from bench.report import figures, percentile, table
from bench.wire import Profile

PLAIN = Case("small", "proxy", Profile(20), 16)
STREAM = Case("stream", "proxy", Profile(300), 16, streamed=True)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 50, None), ([7.0], 99, 7.0), ([1.0, 2.0, 3.0, 4.0], 50, 2.0), ([float(n) for n in range(1, 101)], 99, 99.0)],
)
def test_percentile(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


def test_the_median_of_the_rounds() -> None:
    rounds = [Result(seconds=2.0, requests=n, cpu=n * 1000.0, latency=[float(n)]) for n in (100, 300, 200)]
    found = figures(PLAIN, rounds)
    assert (found.requests, found.p50, found.cpu_per_request) == (100.0, 200.0, 1.0)
    assert (found.events, found.cpu_per_event, found.errors) == (None, None, 0)


def test_a_stream_has_events_and_errors_add_up() -> None:
    result = Result(seconds=2.0, requests=2, events=600, cpu=6000.0, first_event=[1.0, 2.0], errors={"eof": 2, "x": 1})
    found = figures(STREAM, [result, result])
    assert (found.events, found.cpu_per_event, found.first_p50, found.first_p99) == (300.0, 10.0, 1.0, 2.0)
    assert found.requests is None
    assert found.errors == 6


def test_what_cannot_be_read_is_left_out() -> None:
    found = figures(PLAIN, [Result(seconds=1.0, requests=0, cpu=None)])
    assert found.cpu_per_request is None
    assert found.p50 is None


def test_the_table_has_a_line_for_each_case() -> None:
    rows = [figures(PLAIN, [Result(seconds=1.0, requests=1234, latency=[1.5])]), figures(STREAM, [Result(seconds=1.0)])]
    lines = table(rows).splitlines()
    assert len(lines) == 4
    assert "1,234" in lines[2]
    assert "1.5" in lines[2]
    assert lines[3].split()[:2] == ["proxy", "stream"]
