"""What providers charge: USD per million tokens, as their public price lists say.

The figures lie in `prices.json`, with the day on which they were looked up and where. They are list prices for
processing at once: without batches, priority, contracts, promotions that have an end, surcharges for regions, images
and searches. Where the time of day decides or sources differ, the dearer price stands. Servers of one's own have none:
unknown is not free.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import resources

import msgspec
from msgspec import Struct

_REMEMBERED = 1024  # models; their names may come from clients


class Price(Struct, frozen=True):
    """USD per million tokens of one model.

    `cache_read` and `cache_write` (for five minutes) are None where the provider has no price of its own for them.
    A request whose prompt has more than `above` tokens costs `beyond`, all of it.
    """

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    above: int | None = None
    beyond: Price | None = None


class _Row(Struct, frozen=True):
    """A price and the models that have it: a pattern that is searched in the lower-cased name."""

    models: str
    price: Price


class _Table(Struct, frozen=True):
    """One price list; the first row that fits counts. `source` is where it is public."""

    source: str
    rows: tuple[_Row, ...]


class _Prices(Struct, frozen=True):
    """The whole file. `kinds` are providers' types and the tables that hold for them; `unpriced` has other units."""

    checked: str
    unpriced: str
    kinds: dict[str, tuple[str, ...]]
    tables: dict[str, _Table]


@lru_cache(_REMEMBERED)
def price(kind: str, model: str) -> Price | None:
    """The price of a model of a provider of this type; None where it is not known."""
    prices = _prices()
    name = model.lower()
    if re.search(prices.unpriced, name):
        return None
    for table in prices.kinds.get(kind, ()):
        for row in prices.tables[table].rows:
            if re.search(row.models, name):
                return row.price
    return None


def cost(
    price: Price | None, input_tokens: int, output_tokens: int, cache_read: int = 0, cache_creation: int = 0
) -> float | None:
    """What so many tokens cost in USD, `input_tokens` being those without the cached ones; None without a price."""
    if price is None:
        return None
    prompt = input_tokens + cache_read + cache_creation
    while price.above is not None and price.beyond is not None and prompt > price.above:
        price = price.beyond
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    total = input_tokens * price.input + output_tokens * price.output + cache_read * read + cache_creation * write
    return total / 1_000_000


@cache
def _prices() -> _Prices:
    """The file, read when the first price is asked for."""
    return msgspec.json.decode(resources.files(__package__).joinpath("prices.json").read_bytes(), type=_Prices)
