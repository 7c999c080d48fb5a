"""Figures out of results, and the table that shows them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.cases import Case
from bench.load import Result

COLUMNS = ("req/s", "p50 ms", "p99 ms", "CPU/req ms", "events/s", "CPU/event µs", "1st event p50/p99 ms", "errors")


@dataclass(frozen=True)
class Figures:
    """A case's figures: the median of its rounds (errors: the sum). None where it has none or cannot be read."""

    case: Case
    requests: float | None
    p50: float | None
    p99: float | None
    cpu_per_request: float | None
    events: float | None
    cpu_per_event: float | None
    first_p50: float | None
    first_p99: float | None
    errors: int


def figures(case: Case, results: Sequence[Result]) -> Figures:
    """The figures of a case's rounds."""
    streamed = case.streamed

    def median(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None

    def over(part: float | None, whole: float) -> float | None:
        return part / whole if part is not None and whole else None

    return Figures(
        case=case,
        requests=None if streamed else median([over(result.requests, result.seconds) for result in results]),
        p50=None if streamed else median([percentile(result.latency, 50) for result in results]),
        p99=None if streamed else median([percentile(result.latency, 99) for result in results]),
        cpu_per_request=None if streamed else median([over(result.cpu, result.requests * 1000) for result in results]),
        events=median([over(result.events, result.seconds) for result in results]) if streamed else None,
        cpu_per_event=median([over(result.cpu, result.events) for result in results]) if streamed else None,
        first_p50=median([percentile(result.first_event, 50) for result in results]) if streamed else None,
        first_p99=median([percentile(result.first_event, 99) for result in results]) if streamed else None,
        errors=sum(sum(result.errors.values()) for result in results),
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` per cent of the values do not exceed."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def table(rows: Sequence[Figures]) -> str:
    """All cases as text, a column for each figure."""
    cells = [["server", "load", *COLUMNS]] + [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _cells(row: Figures) -> list[str]:
    first = f"{_number(row.first_p50)} / {_number(row.first_p99)}" if row.first_p50 is not None else "-"
    return [
        row.case.server,
        row.case.name,
        _number(row.requests),
        _number(row.p50),
        _number(row.p99),
        _number(row.cpu_per_request, small=True),
        _number(row.events),
        _number(row.cpu_per_event),
        first,
        str(row.errors),
    ]


def _number(value: float | None, *, small: bool = False) -> str:
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if small else f"{value:.1f}"
