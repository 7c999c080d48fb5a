"""What requests cost, in USD, at the prices of this moment.

What an administrator said under `/prices` goes first, then what stands in the provider's option `prices`, then the
public price list of its type. A model of which none of them knows has no price: unknown is not free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from ccproxy.gateway import names
from ccproxy.presets import prices as lists
from ccproxy.presets.prices import Price
from ccproxy.store.prices import EVERY, SaidPrice
from ccproxy.store.providers import Snapshot
from ccproxy.translate.messages import Usage
from ccproxy.translate.target import Target

Source = Literal["override", "provider", "list"]

_MOST = 1000
"""Prices that are remembered at most, for a client may name any model."""


class Found(Struct, frozen=True):
    """A price and who says so; `url` and `checked` (a day) are a price list's."""

    price: Price
    source: Source
    url: str | None = None
    checked: str | None = None


class Pricing:
    """Prices for one worker.

    `held` is the snapshot that some request took last (`store.providers.Providers.held`): a request that ends need not
    look at the database again, for it took one when it began.
    """

    def __init__(self, held: Callable[[], Snapshot | None]) -> None:
        self._held = held
        self._snapshot: Snapshot | None = None
        self._found: dict[tuple[str, str], Found | None] = {}

    def find(self, target: Target) -> Found | None:
        """The price of a target's model; None where nobody knows it."""
        return self.of(target.provider, target.kind, target.model, target.options)

    def of(self, provider: str, kind: str, model: str, options: Mapping[str, Any]) -> Found | None:
        """The same for a provider's name, its type, a model and the provider's options."""
        own = options.get("prices")
        if own:  # options change with the provider, and the rest does not
            return self._by_administrators(provider, model) or _by_provider(own, model) or _by_list(kind, model)
        self._by_administrators_are_new()
        known = (f"{provider}/{kind}", model)
        if known not in self._found:
            if len(self._found) >= _MOST:
                self._found.clear()
            self._found[known] = self._by_administrators(provider, model) or _by_list(kind, model)
        return self._found[known]

    def cost(self, target: Target, usage: Usage) -> float | None:
        """What an answer of the target costs; None where no price is known."""
        found = self.find(target)
        return lists.cost(
            None if found is None else found.price,
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_input_tokens,
            usage.cache_creation_input_tokens,
            min(usage.cache_creation.ephemeral_1h_input_tokens, usage.cache_creation_input_tokens),
        )

    def estimate(self, target: Target, input_tokens: int, output_tokens: int) -> float | None:
        """What so many tokens cost at the target, none of them cached; None where no price is known."""
        found = self.find(target)
        return None if found is None else lists.cost(found.price, input_tokens, output_tokens)

    def _by_administrators_are_new(self) -> None:
        snapshot = self._held()
        if snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._found.clear()

    def _by_administrators(self, provider: str, model: str) -> Found | None:
        snapshot = self._held()
        prices = snapshot.prices if snapshot is not None else ()
        fitting = [said for said in prices if said.provider in (provider, EVERY)]
        said = _closest(fitting, model)
        if said is None:
            return None
        return Found(Price(said.input, said.output, said.cache_read, said.cache_write), "override")


def _closest(prices: Iterable[SaidPrice], model: str) -> SaidPrice | None:
    """Of the prices that fit a model the one that says most: the provider's own first, then the longest glob."""
    spellings = names.spellings(model)
    fitting = [said for said in prices if _fits(said.model, spellings)]
    return max(fitting, key=lambda said: (said.provider != EVERY, _weight(said.model)), default=None)


def _by_provider(own: Mapping[str, Any], model: str) -> Found | None:
    spellings = names.spellings(model)
    glob = max((glob for glob in own if _fits(glob, spellings)), key=_weight, default=None)
    return None if glob is None else Found(lists.read({glob: own[glob]})[glob], "provider")


def _by_list(kind: str, model: str) -> Found | None:
    listed = lists.listed(kind, model)
    return None if listed is None else Found(listed.price, "list", listed.source, listed.checked)


def _fits(glob: str, spellings: Iterable[str]) -> bool:
    pattern = names.pattern(glob)
    return any(pattern.fullmatch(name) is not None for name in spellings)


def _weight(glob: str) -> tuple[bool, int]:
    """A whole name before all globs, a longer glob before a shorter one."""
    return (not names.is_pattern(glob), len(glob))
