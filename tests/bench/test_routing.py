"""The shapes that routing is measured with are what they say, and each leads the request where it should."""

from __future__ import annotations

import pytest

from bench import wire
from bench.routing import HIT, MODEL, ROUTES, SHAPES, Cost, costs, planned, snapshot, table
from ccproxy.gateway.routing import Router
from ccproxy.translate.parse import parse


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_has_a_hundred_routes_and_one_that_takes_the_request(shape: str) -> None:
    routes = SHAPES[shape]()
    assert len({route.name for route in routes}) == ROUTES
    plan = planned(Router(), snapshot(routes), parse(wire.coding_request(MODEL)))
    assert plan.route == HIT
    assert [target.label for target in plan.targets] == ["provider-1/m", "provider-2/m"]


def test_a_request_that_goes_elsewhere_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = SHAPES["globs, the last one hits"]()
    monkeypatch.setattr("bench.routing.SHAPES", {"shape": lambda: routes[::-1][:1]})
    monkeypatch.setattr("bench.routing.CALLS", 2)
    assert [one.shape for one in costs()] == ["shape"]
    monkeypatch.setattr("bench.routing.HIT", "another")
    with pytest.raises(RuntimeError, match="went to hit"):
        costs()


def test_the_table() -> None:
    lines = table([Cost("globs", 3.24, 60.0), Cost("headers", 12.0, 30.0)]).splitlines()
    assert lines[1].split() == ["globs", "3.2", "60.0"]
    assert lines[-1] == "at most 12.0 of the 50 µs that a request may cost"
