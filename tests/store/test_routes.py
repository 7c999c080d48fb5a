"""Routes as values."""

from __future__ import annotations

from ccproxy.store.routes import Match, Route, RouteTarget


def test_a_route_that_says_little_takes_every_request_in_order() -> None:
    route = Route(name="all", targets=(RouteTarget(provider="p", model="m"),))
    assert route.match == Match()
    assert (route.strategy, route.enabled, route.resume) == ("fallback", True, False)
