"""What providers charge: USD per million tokens, as their public price lists say.

The figures lie in `prices.json`, with the day on which they were looked up and where. They are list prices for
processing at once: without batches, priority, contracts, promotions that have an end, surcharges for regions, images
and searches. Where the time of day decides or sources differ, the dearer price stands. Servers of one's own have none:
unknown is not free.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Annotated, Any

import msgspec
from msgspec import Struct, structs

_REMEMBERED = 1024  # models; their names may come from clients


class Price(Struct, frozen=True):
    """USD per million tokens of one model.

    `cache_read`, `cache_write` (for five minutes) and `cache_write_1h` (for an hour) are None where the provider has no
    price of its own for them. A request whose prompt has more than `above` tokens costs `beyond`, all of it.
    """

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    above: int | None = None
    beyond: Price | None = None
    cache_write_1h: float | None = None


_Amount = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]


class _Written(Struct, frozen=True, forbid_unknown_fields=True):
    """A price as it may be written."""

    input: _Amount
    output: _Amount
    cache_read: _Amount | None = None
    cache_write: _Amount | None = None


class _Row(Struct, frozen=True):
    """A price and the models that have it: a pattern that is searched in the lower-cased name."""

    models: str
    price: Price


class _Table(Struct, frozen=True):
    """One price list; the first row that fits counts. `source` is where it is public.

    `hour_write` is how many times as much as input it costs to write into the cache for an hour, where it says that.
    """

    source: str
    rows: tuple[_Row, ...]
    hour_write: float | None = None


class Listed(Struct, frozen=True):
    """A price, where it is public, and on which day it was looked up there."""

    price: Price
    source: str
    checked: str


class _Prices(Struct, frozen=True):
    """The whole file. `kinds` are providers' types and the tables that hold for them; `unpriced` has other units."""

    checked: str
    unpriced: str
    kinds: dict[str, tuple[str, ...]]
    tables: dict[str, _Table]


def price(kind: str, model: str) -> Price | None:
    """The price of a model of a provider of this type; None where it is not known."""
    found = listed(kind, model)
    return found.price if found is not None else None


@lru_cache(_REMEMBERED)
def listed(kind: str, model: str) -> Listed | None:
    """The same, with its source."""
    prices = _prices()
    name = model.lower()
    if re.search(prices.unpriced, name):
        return None
    for table in prices.kinds.get(kind, ()):
        for row in prices.tables[table].rows:
            if re.search(row.models, name):
                found = _with_hours(row.price, prices.tables[table].hour_write)
                return Listed(found, prices.tables[table].source, prices.checked)
    return None


def checked() -> str:
    """The day on which the price lists were looked up, `2026-11-23`."""
    return _prices().checked


def read(document: Any) -> dict[str, Price]:
    """Prices as an administrator writes them, by globs of models: `{"gpt-*": {"input": 1, "output": 4}}`.

    Raises ValueError that begins with the path of the fault.
    """
    if not isinstance(document, Mapping):
        raise ValueError(": must be an object of models (globs) and their prices")
    found = {}
    for model, said in document.items():
        try:
            found[str(model)] = msgspec.convert(said, _Written)
        except msgspec.ValidationError:
            raise ValueError(
                f".{model}: must be an object of input, output and, where they have prices of their own, cache_read "
                f"and cache_write: numbers from 0 on, in USD per million tokens"
            ) from None
    return {model: Price(said.input, said.output, said.cache_read, said.cache_write) for model, said in found.items()}


def _with_hours(price: Price, hour_write: float | None) -> Price:
    if hour_write is None:
        return price
    beyond = None if price.beyond is None else _with_hours(price.beyond, hour_write)
    return structs.replace(price, cache_write_1h=price.input * hour_write, beyond=beyond)


def cost(
    price: Price | None,
    input_tokens: int,
    output_tokens: int,
    cache_read: int = 0,
    cache_creation: int = 0,
    cache_creation_1h: int = 0,
) -> float | None:
    """What so many tokens cost in USD; None without a price.

    `input_tokens` are those without the cached ones, `cache_creation_1h` those of `cache_creation` that stay an hour.
    """
    if price is None:
        return None
    prompt = input_tokens + cache_read + cache_creation
    while price.above is not None and price.beyond is not None and prompt > price.above:
        price = price.beyond
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    hour = write if price.cache_write_1h is None else price.cache_write_1h
    total = input_tokens * price.input + output_tokens * price.output + cache_read * read
    total += (cache_creation - cache_creation_1h) * write + cache_creation_1h * hour
    return total / 1_000_000


@cache
def _prices() -> _Prices:
    """The file, read when the first price is asked for."""
    return msgspec.json.decode(resources.files(__package__).joinpath("prices.json").read_bytes(), type=_Prices)
