"""Names of models and where they lead."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import NoProvider, NotFound
from ccproxy.gateway.keepsakes import Keepsakes
from ccproxy.gateway.routing import Router, advice
from ccproxy.store.providers import Provider, Snapshot

KEY = "sk-a-secret-key-0123456789"


def provider(name: str, models: tuple[str, ...] = (), **more: Any) -> Provider:
    fields = {"type": "openai-chat", "api_base_url": "http://127.0.0.1:9/v1", "api_key": KEY, **more}
    return Provider(name=name, models=models, **fields)


def snapshot(*providers: Provider, version: int = 1) -> Snapshot:
    return Snapshot(version=version, providers=providers)


TWO = snapshot(
    provider("alpha", ("small", "org/large", "shared")),
    provider("beta", ("shared", "other")),
    provider("off", ("hidden",), enabled=False),
)
ROUTES = {"default": {"provider": "beta", "model": "fallback"}, "claude-x": {"provider": "alpha", "model": "small"}}


@pytest.mark.parametrize(
    ("asked", "label", "route"),
    [
        ("alpha/anything", "alpha/anything", "outright"),
        ("alpha/org/large", "alpha/org/large", "outright"),
        ("alpha,org/large", "alpha/org/large", "outright"),
        ("beta,a,b", "beta/a,b", "outright"),
        ("beta, a b", "beta/a b", "outright"),
        ("alpha/", "alpha/small", "outright"),
        ("small", "alpha/small", "models"),
        ("org/large", "alpha/org/large", "models"),
        ("shared", "alpha/shared", "models"),
        ("other", "beta/other", "models"),
    ],
)
def test_names_that_lead_somewhere_by_themselves(asked: str, label: str, route: str) -> None:
    for routes in ({}, ROUTES):
        plan = Router(routes=routes).plan(asked, TWO)
        assert plan.route == route
        assert [target.label for target in plan.targets] == [label]


def test_routes_come_before_listed_models_and_the_default_after() -> None:
    router = Router(routes=ROUTES)
    assert router.plan("claude-x", TWO).targets[0].label == "alpha/small"
    assert router.plan("never-heard-of", TWO).targets[0].label == "beta/fallback"
    assert router.plan("default", TWO).route == "default"


@pytest.mark.parametrize(
    ("models", "label"), [((), "one/claude-opus-5-5"), (("first", "second"), "one/first")], ids=["any", "listed"]
)
def test_the_only_provider_takes_what_is_left(models: tuple[str, ...], label: str) -> None:
    only = snapshot(provider("one", models), provider("off", enabled=False))
    assert Router().plan("claude-opus-5-5", only).targets[0].label == label


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
        Router().plan(asked, TWO)
    for word in words:
        assert word in caught.value.message


def test_a_long_list_is_cut() -> None:
    many = snapshot(provider("a", tuple(f"m{i}" for i in range(40))), provider("b"))
    with pytest.raises(NotFound, match=r"a/m0, a/m1, .* and 21 more"):
        Router().plan("x", many)


def test_a_route_to_a_provider_that_is_gone_says_so() -> None:
    router = Router(routes={"default": {"provider": "gone", "model": "m"}})
    with pytest.raises(NotFound, match="route 'default' leads to provider 'gone'"):
        router.plan("x", TWO)


def test_a_provider_without_models_needs_a_models_name() -> None:
    with pytest.raises(NotFound, match="names no model"):
        Router().plan("a/", snapshot(provider("a")))


def test_without_an_enabled_provider_there_is_advice() -> None:
    with pytest.raises(NoProvider, match="do this") as caught:
        Router(advice="do this").plan("x", snapshot(provider("off", enabled=False)))
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
    assert router.plan("a/m", snapshot(provider("a"))).targets[0].base_url == "http://127.0.0.1:9/v1"
    moved = snapshot(provider("a", api_base_url="http://127.0.0.1:10/v1"), version=2)
    assert router.plan("a/m", moved).targets[0].base_url == "http://127.0.0.1:10/v1"


def test_keys_that_were_rotated_are_taken_with_the_next_version() -> None:
    keys = [b"old"]
    router = Router(lambda: tuple(keys))
    assert router.plan("a/m", snapshot(provider("a"))).targets[0].seal_keys == (b"old",)
    keys.insert(0, b"new")
    assert router.plan("a/m", snapshot(provider("a"), version=2)).targets[0].seal_keys == (b"new", b"old")


def test_one_bad_row_harms_nobody_else() -> None:
    mixed = snapshot(provider("bad", type="no-such-type"), provider("worse", api_base_url="ftp://x"), provider("good"))
    router = Router()
    with pytest.raises(NotFound, match="no-such-type"):
        router.plan("bad/m", mixed)
    with pytest.raises(NotFound, match="'worse' is set up wrongly"):
        router.plan("worse/m", mixed)
    assert router.plan("good/m", mixed).targets[0].label == "good/m"


def test_a_target_speaks_the_dialect_of_its_model_with_the_providers_options_on_top() -> None:
    both = snapshot(provider("openai", type="openai", options={"stop_limit": 2}))
    plain, reasoning = (Router().plan(f"openai/{model}", both).targets[0].dialect for model in ("gpt-4o", "o3"))
    assert (plain.system_role, reasoning.system_role) == ("system", "developer")
    assert (plain.stop_limit, reasoning.stop_limit) == (2, 2)


def test_all_targets_share_one_store_of_keepsakes() -> None:
    store = Keepsakes()
    router = Router(keepsakes=store)
    assert router.plan("alpha/small", TWO).targets[0].keepsakes is store
    assert router.plan("beta/other", TWO).targets[0].keepsakes is store
