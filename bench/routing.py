"""What it costs to decide where a request goes, with a hundred routes and the coding request of 100 kB.

In this process, without a server: from the parsed request and its headers to the plan, with all the facts that the
routes want to know. `first` is the first request of its model after a change of the routes, for what a model's name
comes to is worked out once; the making ready of the routes themselves is in neither figure.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

from bench import wire
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.routing import Plan, Router
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Match, Route, RouteTarget, Scenario
from ccproxy.translate.parse import parse

ROUTES = 100
PROVIDERS = 20
CALLS = 500
ROUNDS = 7
LIMIT = 50.0
"""Microseconds that a request may cost."""

MODEL = "claude-opus-5-5"
HIT = "hit"
"""The name of the route that takes the request."""

HEADERS: Mapping[str, str] = {f"x-stainless-{n}": "value" for n in range(15)} | {"x-claude-code-session-id": "s"}


class Cost(NamedTuple):
    """Microseconds per request: as the requests of a session go, and the first one of a model."""

    shape: str
    usual: float
    first: float


def costs() -> list[Cost]:
    """The costs of all shapes; the rounds of all of them take turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in SHAPES}
    for _ in range(ROUNDS):
        for name, make in SHAPES.items():
            times[name].append(_time(make()))
    return [Cost(name, *map(statistics.median, zip(*rows, strict=True))) for name, rows in times.items()]


def table(found: list[Cost]) -> str:
    """The costs as text."""
    lines = [f"{f'routing, {ROUTES} routes, µs per request':<44}{'usual':>8}{'first':>8}"]
    lines += [f"{one.shape:<44}{one.usual:>8.1f}{one.first:>8.1f}" for one in found]
    worst = max(found, key=lambda one: one.usual)
    return "\n".join([*lines, f"at most {worst.usual:.1f} of the {LIMIT:g} µs that a request may cost"])


def snapshot(routes: list[Route]) -> Snapshot:
    """The routes, beside a number of providers with lists of models."""
    providers = tuple(
        Provider(
            name=f"provider-{n}",
            type="openai-chat",
            api_base_url="http://127.0.0.1:9/v1",
            models=tuple(f"model-{n}-{m}" for m in range(20)),
        )
        for n in range(PROVIDERS)
    )
    return Snapshot(version=1, providers=providers, routes=tuple(routes))


def planned(router: Router, held: Snapshot, parsed: Any) -> Plan:
    """One request's plan, with all that it takes."""
    return router.plan(Asked.of(parsed, HEADERS, "key"), held)


def _time(routes: list[Route]) -> tuple[float, float]:
    """Microseconds per request; fails where the request does not take the route that it should."""
    parsed = parse(wire.coding_request(MODEL))
    held, router = snapshot(routes), Router()
    router.plan(Asked.named("provider-1/any"), held)  # makes the routes ready
    began = time.perf_counter()
    plan = planned(router, held, parsed)
    first = time.perf_counter() - began
    if plan.route != HIT:
        raise RuntimeError(f"the request went to {plan.route}")
    began = time.perf_counter()
    for _ in range(CALLS):
        planned(router, held, parsed)
    return (time.perf_counter() - began) / CALLS * 1e6, first * 1e6


def _route(name: str, **match: Any) -> Route:
    targets = (RouteTarget(provider="provider-1", model="m"), RouteTarget(provider="provider-2", model="m"))
    return Route(name=name, match=Match(**match), targets=targets)


def _others(match: Callable[[int], dict[str, Any]]) -> list[Route]:
    """All routes but one, none of which takes the request."""
    return [_route(f"other-{n}", **match(n)) for n in range(ROUTES - 1)]


def _exact(n: int) -> dict[str, Any]:
    return {"models": (f"gpt-{n}",)}


def _scenario(n: int) -> dict[str, Any]:
    known = [name for name in get_args(Scenario) if name != "default"]
    return {"scenario": known[n % len(known)]}


SHAPES: dict[str, Callable[[], list[Route]]] = {
    "exact names, the first one hits": lambda: [_route(HIT, models=(MODEL,)), *_others(_exact)],
    "exact names, the last one hits": lambda: [*_others(_exact), _route(HIT, models=(MODEL,))],
    "globs, the last one hits": lambda: [
        *_others(lambda n: {"models": (f"gpt-{n}-*",)}),
        _route(HIT, models=("claude-opus-*",)),
    ],
    "globs, none hits": lambda: [*_others(lambda n: {"models": (f"gpt-{n}-*",)}), _route(HIT, scenario="default")],
    "headers, the last one hits": lambda: [
        *_others(lambda n: {"headers": {"x-stainless-0": f"other-{n}"}}),
        _route(HIT, headers={"x-stainless-0": "value"}),
    ],
    "keys and agents, none hits": lambda: [
        *_others(lambda n: {"keys": (f"key-{n}",)} if n % 2 else {"agent": "subagent"}),
        _route(HIT, scenario="default"),
    ],
    "numbers of tokens, none hits": lambda: [
        *_others(lambda n: {"min_input_tokens": 60_000 + n}),
        _route(HIT, scenario="default"),
    ],
    "scenarios, none hits but the default": lambda: [*_others(_scenario), _route(HIT, scenario="default")],
    "headers, globs and scenarios, the last one hits": lambda: [
        *_others(
            lambda n: (
                {"headers": {"x-stainless-0": f"other-{n}"}},
                {"models": (f"gpt-{n}-*",)},
                _scenario(n),
            )[n % 3]
        ),
        _route(HIT, scenario="default"),
    ],
}


if __name__ == "__main__":
    print(table(costs()))
