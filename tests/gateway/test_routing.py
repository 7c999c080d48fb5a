"""Where requests go: what their names say outright, the routes' plans, and what there is where nothing fits."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import NoProvider, NotFound
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.keepsakes import Keepsakes
from ccproxy.gateway.routing import Plan, Router, advice
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Match, Route, RouteTarget

KEY = "sk-a-secret-key-0123456789"


def provider(name: str, models: tuple[str, ...] = (), **more: Any) -> Provider:
    fields = {"type": "openai-chat", "api_base_url": "http://127.0.0.1:9/v1", "api_key": KEY, **more}
    return Provider(name=name, models=models, **fields)


def route(name: str, *targets: str | RouteTarget, match: Match | None = None, **more: Any) -> Route:
    """A route to targets written as `provider/model`."""
    made = tuple(
        RouteTarget(provider=one.partition("/")[0], model=one.partition("/")[2]) if isinstance(one, str) else one
        for one in targets
    )
    return Route(name=name, match=match or Match(), targets=made, **more)


def snapshot(*providers: Provider, version: int = 1, routes: tuple[Route, ...] = ()) -> Snapshot:
    return Snapshot(version=version, providers=providers, routes=routes)


def labels(plan: Plan) -> list[str]:
    return [target.label for target in plan.targets]


PROVIDERS = (
    provider("alpha", ("small", "org/large", "shared", "Mixed-Case")),
    provider("beta", ("shared", "other")),
    provider("off", ("hidden",), enabled=False),
)
TWO = snapshot(*PROVIDERS)
ROUTES = (
    route("default", "beta/fallback", match=Match(scenario="default")),
    route("claude-x", "alpha/small", match=Match(models=("claude-x",))),
)
ROUTED = snapshot(*PROVIDERS, routes=ROUTES)


@pytest.mark.parametrize(
    ("asked", "label", "rule"),
    [
        ("alpha/anything", "alpha/anything", "outright"),
        ("alpha/org/large", "alpha/org/large", "outright"),
        ("alpha,org/large", "alpha/org/large", "outright"),
        ("beta,a,b", "beta/a,b", "outright"),
        ("beta, a b", "beta/a b", "outright"),
        ("alpha/", "alpha/small", "outright"),
        ("claude-alpha-small", "alpha/small", "outright"),
        ("claude-beta-org/any-thing", "beta/org/any-thing", "outright"),
        ("small", "alpha/small", "models"),
        ("org/large", "alpha/org/large", "models"),
        ("shared", "alpha/shared", "models"),
        ("other", "beta/other", "models"),
        ("OTHER", "beta/other", "models"),
        ("mixed-case", "alpha/Mixed-Case", "models"),
        ("other[1m]", "beta/other", "models"),
        ("other-20251001", "beta/other", "models"),
    ],
)
def test_names_that_lead_somewhere_by_themselves(asked: str, label: str, rule: str) -> None:
    for there in (TWO, ROUTED):
        plan = Router().plan(Asked.named(asked), there)
        assert plan.route == rule
        assert labels(plan) == [label]
        assert (plan.retries, plan.strategy, plan.weights, plan.resume) == (0, "fallback", (), False)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("alpha/any", 'the model\'s name says the provider: "alpha"'),
        ("claude-alpha-any", '"claude-alpha-any" is the alias of "alpha/any"'),
        ("other", 'provider "beta" lists "other"'),
        ("claude-x", 'route "claude-x": its match.model is "claude-x"'),
        ("nobody-knows", 'route "default": scenario default'),
    ],
)
def test_a_plan_says_why(asked: str, why: str) -> None:
    assert Router().plan(Asked.named(asked), ROUTED).why == why


def test_routes_come_before_listed_models_and_the_default_after() -> None:
    router = Router()
    assert labels(router.plan(Asked.named("claude-x"), ROUTED)) == ["alpha/small"]
    assert labels(router.plan(Asked.named("never-heard-of"), ROUTED)) == ["beta/fallback"]
    assert router.plan(Asked.named("default"), ROUTED).route == "default"


def test_a_plan_carries_all_that_its_route_says() -> None:
    targets = (
        RouteTarget(provider="beta", model="x", weight=3, parameters={"temperature": 0.2}),
        RouteTarget(provider="gone", model="y", weight=5),
        RouteTarget(provider="alpha", model="z", weight=0),
    )
    told = {"strategy": "weighted", "retries": 2, "first_byte_timeout": 7.5, "resume": True, "capture": "all"}
    there = snapshot(*PROVIDERS, routes=(route("all", *targets, match=Match(models=("m",)), **told),))
    router = Router()
    plan = router.plan(Asked.named("m"), there)
    assert plan.route == "all"
    assert labels(plan) == ["beta/x", "alpha/z"]
    assert plan.weights == (3, 0)
    assert [target.parameters for target in plan.targets] == [{"temperature": 0.2}, {}]
    assert {name: getattr(plan, name) for name in told} == told
    assert "left out, as provider 'gone' is not set up" in plan.why
    assert router.plan(Asked.named("beta/x"), there).targets[0].parameters == {}  # those are the route's alone


def test_targets_are_made_once() -> None:
    router = Router()
    for asked in ("claude-x", "alpha/small", "other"):
        first, second = (router.plan(Asked.named(asked), ROUTED).targets[0] for _ in range(2))
        assert first is second
    assert (
        router.plan(Asked.named("claude-x"), ROUTED).targets[0] is router.plan(Asked.named("small"), ROUTED).targets[0]
    )


def test_any_number_of_names_may_be_asked_for() -> None:
    router = Router()
    for number in range(2500):
        assert labels(router.plan(Asked.named(f"alpha/m{number}"), ROUTED)) == [f"alpha/m{number}"]
        assert labels(router.plan(Asked.named(f"m{number}"), ROUTED)) == ["beta/fallback"]
    assert len(router._targets) <= 1000


def test_rows_that_nothing_can_be_made_of_are_left_out_of_routes() -> None:
    bad = (provider("bad", type="no-such-type"), provider("worse", api_base_url="ftp://x"), provider("good"))
    there = snapshot(*bad, routes=(route("r", "bad/m", "good/m", "worse/m", match=Match(models=("m",))),))
    plan = Router().plan(Asked.named("m"), there)
    assert labels(plan) == ["good/m"]
    assert "no-such-type" in plan.why
    assert "'worse' is set up wrongly" in plan.why


@pytest.mark.parametrize(
    ("models", "label"), [((), "one/claude-opus-5-5"), (("first", "second"), "one/first")], ids=["any", "listed"]
)
def test_the_only_provider_takes_what_is_left(models: tuple[str, ...], label: str) -> None:
    only = snapshot(provider("one", models), provider("off", enabled=False))
    assert Router().plan(Asked.named("claude-opus-5-5"), only).targets[0].label == label


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("nope", ["'nope'", "alpha/small", "alpha/org/large", "beta/other"]),
        ("off/hidden", ["'off'", "not enabled", "alpha/small"]),
        ("hidden", ["'hidden'", "alpha/small"]),
        ("nobody/x", ["'nobody/x'"]),
    ],
)
def test_what_is_not_there_is_said_with_what_is(asked: str, words: list[str]) -> None:
    with pytest.raises(NotFound) as caught:
        Router().plan(Asked.named(asked), TWO)
    for word in words:
        assert word in caught.value.message


def test_a_long_list_is_cut() -> None:
    many = snapshot(provider("a", tuple(f"m{i}" for i in range(40))), provider("b"))
    with pytest.raises(NotFound, match=r"a/m0, a/m1, .* and 21 more"):
        Router().plan(Asked.named("x"), many)


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("gone/m", "provider 'gone' is not set up"),
        ("off/m", "provider 'off' is not enabled"),
        ("bad/m", "provider 'bad' is of type 'no-such-type', which this version does not know"),
    ],
)
def test_a_route_that_leads_nowhere_says_why(to: str, why: str) -> None:
    rows = (*PROVIDERS, provider("bad", type="no-such-type", enabled=True))
    there = snapshot(*rows, routes=(route("default", to, match=Match(scenario="default")),))
    with pytest.raises(NotFound, match=f'route "default" leads nowhere, as {why}; there is: alpha'):
        Router().plan(Asked.named("x"), there)


def test_a_provider_without_models_needs_a_models_name() -> None:
    with pytest.raises(NotFound, match="names no model"):
        Router().plan(Asked.named("a/"), snapshot(provider("a")))


def test_without_an_enabled_provider_there_is_advice() -> None:
    with pytest.raises(NoProvider, match="do this") as caught:
        Router(advice="do this").plan(Asked.named("x"), snapshot(provider("off", enabled=False)))
    assert caught.value.status == 503


@pytest.mark.parametrize(
    ("host", "key", "words"),
    [
        ("127.0.0.1", False, "curl -X POST http://127.0.0.1:3456/providers -H 'content-type"),
        ("0.0.0.0", True, "curl -X POST http://127.0.0.1:3456/providers -H 'x-api-key: YOUR_CCPROXY_KEY' -H 'content-"),
        ("::1", False, "http://[::1]:3456/providers"),
    ],
)
def test_the_advice_can_be_pasted(host: str, key: bool, words: str) -> None:
    assert words in advice(host, 3456, key)


def test_a_new_snapshot_is_seen_at_once() -> None:
    router = Router()
    assert router.plan(Asked.named("a/m"), snapshot(provider("a"))).targets[0].base_url == "http://127.0.0.1:9/v1"
    moved = snapshot(provider("a", api_base_url="http://127.0.0.1:10/v1"), version=2)
    assert router.plan(Asked.named("a/m"), moved).targets[0].base_url == "http://127.0.0.1:10/v1"


def test_keys_that_were_rotated_are_taken_with_the_next_version() -> None:
    keys = [b"old"]
    router = Router(lambda: tuple(keys))
    assert router.plan(Asked.named("a/m"), snapshot(provider("a"))).targets[0].seal_keys == (b"old",)
    keys.insert(0, b"new")
    assert router.plan(Asked.named("a/m"), snapshot(provider("a"), version=2)).targets[0].seal_keys == (b"new", b"old")


def test_one_bad_row_harms_nobody_else() -> None:
    mixed = snapshot(provider("bad", type="no-such-type"), provider("worse", api_base_url="ftp://x"), provider("good"))
    router = Router()
    with pytest.raises(NotFound, match="no-such-type"):
        router.plan(Asked.named("bad/m"), mixed)
    with pytest.raises(NotFound, match="'worse' is set up wrongly"):
        router.plan(Asked.named("worse/m"), mixed)
    assert router.plan(Asked.named("good/m"), mixed).targets[0].label == "good/m"


def test_a_target_speaks_the_dialect_of_its_model_with_the_providers_options_on_top() -> None:
    both = snapshot(provider("openai", type="openai", options={"stop_limit": 2}))
    plain, reasoning = (
        Router().plan(Asked.named(f"openai/{model}"), both).targets[0].dialect for model in ("gpt-4o", "o3")
    )
    assert (plain.system_role, reasoning.system_role) == ("system", "developer")
    assert (plain.stop_limit, reasoning.stop_limit) == (2, 2)


def test_all_targets_share_one_store_of_keepsakes() -> None:
    store = Keepsakes()
    router = Router(keepsakes=store)
    assert router.plan(Asked.named("alpha/small"), TWO).targets[0].keepsakes is store
    assert router.plan(Asked.named("beta/other"), TWO).targets[0].keepsakes is store
