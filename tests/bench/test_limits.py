"""What keys and limits are measured with is what it says."""

from __future__ import annotations

import pytest

from bench import limits
from bench.limits import SHAPES, Cost, costs, table
from ccproxy.gateway.limits import is_limited
from ccproxy.store.client_keys import ClientKey


def test_every_shape_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROUNDS", 1)
    found = costs(keys=len(SHAPES) + 1, calls=2)
    assert [one.shape for one in found] == list(SHAPES)
    assert all(one.known > 0 and one.limited > 0 for one in found)


def test_the_shapes_are_keys_with_limits_but_the_first() -> None:
    limited = [is_limited(ClientKey(name="a", prefix="", digest="", **fields)) for fields in SHAPES.values()]
    assert limited == [False, *[True] * (len(SHAPES) - 1)]


def test_the_table() -> None:
    lines = table([Cost("requests", 3.24, 20.0), Cost("all", 4.0, 61.04)]).splitlines()
    assert lines[1].split() == ["requests", "3.2", "20.0"]
    assert lines[-1] == "at most 65.0 of the 100 µs that both may cost together"
