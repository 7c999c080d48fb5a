"""What requests cost, and who says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ccproxy.gateway import pricing as pricing_module
from ccproxy.gateway.pricing import Pricing
from ccproxy.presets import prices as lists
from ccproxy.store.prices import SaidPrice
from ccproxy.store.providers import Snapshot
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.messages import CacheCreation, Usage
from ccproxy.translate.target import Target

NOW = datetime.now(UTC)


def target(provider: str = "groq", kind: str = "groq", model: str = "openai/gpt-oss-120b", **options: Any) -> Target:
    return Target(
        provider=provider, kind=kind, wire="openai-chat", model=model, base_url="", dialect=Dialect(), options=options
    )


def said(provider: str, model: str, input: float, **more: float) -> SaidPrice:
    number = {"id": 1, "created_at": NOW, "updated_at": NOW}
    return SaidPrice(provider=provider, model=model, input=input, output=2.0, **more, **number)  # type: ignore[arg-type]


def pricing(*prices: SaidPrice) -> Pricing:
    snapshot = Snapshot(version=1, providers=(), prices=prices)
    return Pricing(lambda: snapshot)


def test_without_a_word_of_anybody_s_the_price_list_holds():
    found = pricing().find(target())
    assert found is not None
    assert found.price == lists.price("groq", "openai/gpt-oss-120b")
    assert (found.source, found.url, found.checked) == ("list", "https://groq.com/pricing", lists.checked())
    assert pricing().find(target("mine", "vllm", "my-model")) is None


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([said("groq", "*", 7)], 7),
        ([said("*", "*", 7)], 7),
        ([said("other", "*", 7)], None),
        ([said("groq", "gpt-*", 7)], None),
        ([said("groq", "openai/*", 7), said("groq", "openai/gpt-oss*", 8)], 8),
        ([said("groq", "openai/gpt-oss-120b", 8), said("groq", "openai/gpt-oss-120*", 7)], 8),
        ([said("groq", "*", 7), said("*", "openai/gpt-oss-120b", 8)], 7),
        ([said("groq", "OpenAI/GPT-OSS-120B", 7)], 7),
    ],
)
def test_what_administrators_say_goes_first_and_of_that_what_says_most(prices, expected):
    found = pricing(*prices).find(target())
    assert found is not None
    assert (found.price.input, found.source) == ((expected, "override") if expected else (0.15, "list"))


def test_a_provider_s_own_option_goes_before_the_list():
    own = {"prices": {"openai/*": {"input": 3, "output": 4}, "openai/gpt-oss-120b": {"input": 5, "output": 6}}}
    found = pricing().find(target(**own))
    assert found is not None
    assert (found.price.input, found.source) == (5, "provider")
    assert pricing(said("groq", "*", 7)).find(target(**own)).price.input == 7
    assert pricing().find(target(prices={"x": {"input": 3, "output": 4}})).source == "list"
    assert pricing().find(target("mine", "vllm", "m", prices={"x": {"input": 3, "output": 4}})) is None


def test_a_new_price_holds_for_the_next_request():
    now = None
    one = Pricing(lambda: now)
    assert one.find(target()).source == "list"
    now = Snapshot(version=2, providers=(), prices=(said("groq", "*", 7),))
    assert one.find(target()).source == "override"


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(pricing_module, "_MOST", 10)
    one = pricing()
    for number in range(35):
        one.find(target(model=str(number)))
    assert 0 < len(one._found) <= 10


def test_every_kind_of_token_has_its_price():
    one = pricing(said("groq", "*", 1.0, cache_read=0.1, cache_write=1.25))
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000, cache_read_input_tokens=1_000_000)
    usage.cache_creation_input_tokens = 1_000_000
    assert one.cost(target(), usage) == pytest.approx(1.0 + 2.0 + 0.1 + 1.25)
    assert one.estimate(target(), 1_000_000, 0) == pytest.approx(1.0)
    unknown = target("mine", "vllm", "my-model")
    assert pricing().cost(unknown, usage) is None
    assert pricing().estimate(unknown, 1, 1) is None


def test_an_hour_in_claude_s_cache_costs_twice_the_input():
    claude = target("anthropic", "anthropic", "claude-opus-4-8")
    price = lists.price("anthropic", "claude-opus-4-8")
    assert price is not None
    usage = Usage(
        cache_creation_input_tokens=1_000_000,
        cache_creation=CacheCreation(ephemeral_5m_input_tokens=250_000, ephemeral_1h_input_tokens=750_000),
    )
    expected = 0.25 * (price.cache_write or 0) + 0.75 * 2 * price.input
    assert pricing().cost(claude, usage) == pytest.approx(expected)
    # whatever a provider says, no more than there are
    usage.cache_creation_input_tokens = 100
    assert pricing().cost(claude, usage) == pytest.approx(100 * 2 * price.input / 1e6)
