"""Which models a key may use."""

from __future__ import annotations

import pytest

from ccproxy.errors import Forbidden
from ccproxy.gateway.permission import permitted
from ccproxy.gateway.routing import Plan
from ccproxy.store.client_keys import ClientKey
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
