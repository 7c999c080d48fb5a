"""How quick targets are, as far as is known."""

from __future__ import annotations

import pytest

from ccproxy.gateway.health import pace as module
from ccproxy.gateway.health.pace import STALE, Pace


def test_it_follows_what_is_measured_and_forgets_slowly() -> None:
    pace = Pace()
    assert pace.of("p/m", 0.0) is None
    pace.measured("p/m", 1.0, 0.0)
    assert pace.of("p/m", 1.0) == 1.0
    pace.measured("p/m", 2.0, 1.0)
    assert pace.of("p/m", 1.0) == pytest.approx(1.3)
    for _ in range(50):
        pace.measured("p/m", 2.0, 2.0)
    assert pace.of("p/m", 2.0) == pytest.approx(2.0)
    assert pace.of("p/other", 2.0) is None


def test_what_is_old_says_nothing() -> None:
    pace = Pace()
    pace.measured("p/m", 9.0, 0.0)
    assert pace.of("p/m", STALE - 1) == 9.0
    assert pace.of("p/m", STALE) is None
    pace.measured("p/m", 1.0, STALE)
    assert pace.of("p/m", STALE) == 1.0


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    pace = Pace()
    for label in ("a", "b", "a", "c", "d"):
        pace.measured(label, 1.0, 0.0)
    assert [label for label in "abcd" if pace.of(label, 0.0) is not None] == ["a", "c", "d"]
