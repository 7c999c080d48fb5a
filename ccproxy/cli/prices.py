"""`ccproxy prices`: what models cost, in a running proxy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import click

from ccproxy.cli.api import Api
from ccproxy.cli.connection import connected
from ccproxy.cli.table import table
from ccproxy.cli.terminal import say

PATH = "/prices"
_SOURCES = {"override": "said under /prices", "provider": "said in the provider's options"}


@click.group()
def prices() -> None:
    """Say what models cost in a running proxy, in USD per million tokens: list, set, show, remove."""


@prices.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@connected
def list_(api: Api, as_json: bool) -> None:
    """Show what was said in place of the price lists that ccproxy comes with."""
    found = api.get(PATH)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif not found:
        click.echo("nothing is said; the price lists hold. Say something: ccproxy prices set PROVIDER MODEL IN OUT")
    else:
        headings = ("ID", "PROVIDER", "MODEL", "INPUT", "OUTPUT", "CACHE READ", "CACHE WRITE")
        names = ("id", "provider", "model", "input", "output", "cache_read", "cache_write")
        click.echo(table(headings, [[_cell(price[name]) for name in names] for price in found]))


@prices.command(name="set")
@click.argument("provider")
@click.argument("model")
@click.argument("input", type=float)
@click.argument("output", type=float)
@click.option("--cache-read", type=float, help="Reading from the prompt cache; else it costs what input does.")
@click.option("--cache-write", type=float, help="Writing into it.")
@connected
def set_(
    api: Api,
    provider: str,
    model: str,
    input: float,
    output: float,
    cache_read: float | None,
    cache_write: float | None,
) -> None:
    """Say what a provider's models (a glob) cost; '*', in quotes, is every provider. From now on, not for what was."""
    fields = {"provider": provider, "model": model, "input": input, "output": output}
    status, price = api.ask("POST", PATH, {**fields, "cache_read": cache_read, "cache_write": cache_write})
    say(f"price {price['id']} {'set' if status == 201 else 'changed'}: {price['model']} at {price['provider']}")


@prices.command()
@click.argument("provider")
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@connected
def show(api: Api, provider: str, model: str, as_json: bool) -> None:
    """Show which price holds for a model of a provider, and who says so."""
    found = api.get(f"{PATH}/known?{urlencode({'provider': provider, 'model': model}, errors='surrogateescape')}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif found["price"] is None:
        say(f"no price of {model} at {provider} is known: its requests have no cost")
    else:
        said = _SOURCES.get(found["source"]) or f"{found['url']}, looked up on {found['checked']}"
        say(f"{_priced(found['price'])} ({said})")


def _priced(price: Mapping[str, Any]) -> str:
    cached = [(name, price[name]) for name in ("cache_read", "cache_write") if price.get(name) is not None]
    named = [("input", price["input"]), ("output", price["output"]), *cached]
    return ", ".join(f"{name} ${value:g}" for name, value in named)


@prices.command()
@click.argument("numbers", nargs=-1, required=True, type=int)
@connected
def remove(api: Api, numbers: tuple[int, ...]) -> None:
    """Take back what was said, by its id."""
    for number in numbers:
        say(api.ask("DELETE", f"{PATH}/{number}")[1]["message"])


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
