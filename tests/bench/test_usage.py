"""The measurements of the log run, and their table says what was measured."""

from __future__ import annotations

import pytest

from bench.usage import FILTERS, NAMED, Cost, Costs, costs, table


def test_every_question_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.usage.FILTERS", FILTERS[:3])
    monkeypatch.setattr("bench.usage.NAMED", NAMED[:2])
    monkeypatch.setattr("bench.usage.ROUNDS", 1)
    found = costs(10_000, 1)
    assert [one.count for one in found.questions] == [2 * (1 + 3 + 3), 2 * 23, 8, 10, 12, 20]
    assert all(0 < one.median <= one.longest for one in found.questions)
    assert found.rows > 0


def test_the_table() -> None:
    lines = table(
        Costs(9876.5, 707.2, [Cost("pages", 3, 4.25, 21.44, 100.0), Cost("deletes", 20, 5.0, 6.0)])
    ).splitlines()
    assert lines[0].startswith("the log, 707 MB")
    assert lines[1].split() == ["pages", "3", "4.2", "21.4", "of", "at", "most", "100"]
    assert lines[2].split() == ["deletes", "20", "5.0", "6.0"]
    assert lines[3] == "the log writer keeps 9,876 requests a second, roll-ups included"
