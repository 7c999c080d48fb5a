"""Which models a key may use."""

from __future__ import annotations

import pytest

from ccproxy.errors import Forbidden, NotFound
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.permission import permitted, planned
from ccproxy.gateway.routing import Plan, Router
from ccproxy.store.client_keys import ClientKey
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Match, Route, RouteTarget
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.target import Target


def target(label: str) -> Target:
    provider, _, model = label.partition("/")
    return Target(provider=provider, kind="openai", wire="openai-chat", model=model, base_url="", dialect=Dialect())


def plan(route: str, *labels: str, weights: tuple[int, ...] = ()) -> Plan:
    return Plan(route, tuple(target(label) for label in labels), weights=weights)


def key(*models: str) -> ClientKey:
    return ClientKey(name="anna", prefix="", digest="", models=models)


def labels(plan: Plan) -> list[str]:
    return [target.label for target in plan.targets]


TWO = plan("cheap", "groq/llama-3", "openai/gpt-6", weights=(1, 3))


@pytest.mark.parametrize(
    ("models", "asked", "of", "left"),
    [
        ((), "anything", TWO, ["groq/llama-3", "openai/gpt-6"]),
        (("claude-*",), "claude-opus-5", TWO, ["groq/llama-3", "openai/gpt-6"]),
        (("claude-*",), "Claude-Opus-5[1m]", TWO, ["groq/llama-3", "openai/gpt-6"]),
        (("opus",), "claude-opus-5-20260101", TWO, ["groq/llama-3", "openai/gpt-6"]),
        (("opus",), "claude-sonnet-5", TWO, None),
        (("groq/*",), "claude-opus-5", TWO, ["groq/llama-3"]),
        (("x", "GROQ/*", "openai/gpt-*"), "claude-opus-5", TWO, ["groq/llama-3", "openai/gpt-6"]),
        (("groq/*",), "llama-3", plan("models", "groq/llama-3"), ["groq/llama-3"]),
        (("groq/*",), "groq/llama-3", plan("outright", "groq/llama-3"), ["groq/llama-3"]),
        (("groq/*",), "openai/gpt-6", plan("outright", "openai/gpt-6"), None),
        # an alias begins like a model of Claude's and is none
        (("claude-*",), "claude-openai-gpt-6", plan("outright", "openai/gpt-6"), None),
        (("*",), "claude-openai-gpt-6", plan("outright", "openai/gpt-6"), ["openai/gpt-6"]),
        (("gpt-6",), "gpt-6", plan("only", "openai/gpt-6"), ["openai/gpt-6"]),
        # a provider that is gone leaves no name behind that leads to others
        (("gone/*",), "gone/gpt-6", plan("only", "openai/gpt-6"), None),
    ],
)
def test_what_a_key_may_use(models, asked, of, left):
    if left is None:
        with pytest.raises(Forbidden, match="the key 'anna' may not use") as caught:
            permitted(of, asked, key(*models))
        assert caught.value.message.endswith("it may use " + ", ".join(models))
    else:
        assert labels(permitted(of, asked, key(*models))) == left


def test_who_needs_no_key_may_use_everything():
    assert permitted(TWO, "x", None) is TWO


def test_weights_stay_with_their_targets():
    left = permitted(TWO, "claude-opus-5", key("openai/*"))
    assert (labels(left), left.weights, left.route) == (["openai/gpt-6"], (3,), "cheap")


def test_a_long_list_is_not_told_whole():
    with pytest.raises(Forbidden, match=r"m19 and 5 more$"):
        permitted(TWO, "x", key(*(f"m{number}" for number in range(25))))


PROVIDERS = tuple(
    Provider(name=name, type="openai-chat", api_base_url="http://127.0.0.1:9/v1", models=models, enabled=enabled)
    for name, models, enabled in (
        ("groq", ("llama-3", "claude-like"), True),
        ("openai", ("gpt-6",), True),
        ("hidden", ("secret",), False),
    )
)
SNAPSHOT = Snapshot(
    version=1,
    providers=PROVIDERS,
    routes=(
        Route(name="dead", match=Match(models=("dead",)), targets=(RouteTarget(provider="hidden", model="secret"),)),
    ),
)


def test_a_plan_as_far_as_the_key_may_use_it():
    router = Router()
    assert labels(planned(router, Asked.named("gpt-6"), SNAPSHOT, None)) == ["openai/gpt-6"]
    assert labels(planned(router, Asked.named("gpt-6"), SNAPSHOT, key("openai/*"))) == ["openai/gpt-6"]
    with pytest.raises(Forbidden):
        planned(router, Asked.named("llama-3"), SNAPSHOT, key("openai/*"))


@pytest.mark.parametrize("models", [None, ()])
def test_who_may_use_everything_is_told_of_everything(models):
    with pytest.raises(NotFound, match=r"there is: groq/llama-3, groq/claude-like, openai/gpt-6$"):
        planned(Router(), Asked.named("nothing"), SNAPSHOT, models if models is None else key(*models))


@pytest.mark.parametrize("asked", ["nothing", "hidden/secret", "dead"])
@pytest.mark.parametrize(
    ("models", "told"),
    [
        (("openai/*",), "openai/*, of which there is: openai/gpt-6"),
        (("claude-*", "*/gpt-*"), "claude-*, */gpt-*, of which there is: claude-like, openai/gpt-6"),
        (("*llama*",), "*llama*, of which there is: groq/llama-3"),
        (("gone/*",), "gone/*"),
    ],
)
def test_of_what_leads_nowhere_a_key_hears_only_what_it_may_use(asked, models, told):
    with pytest.raises(NotFound) as caught:
        planned(Router(), Asked.named(asked), SNAPSHOT, key(*models))
    assert caught.value.message == f"model: {asked!r} leads nowhere here; the key 'anna' may use {told}"
