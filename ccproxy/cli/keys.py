"""`ccproxy keys`: the client keys of a running proxy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

import click

from ccproxy.cli.api import Api, in_path
from ccproxy.cli.connection import connected
from ccproxy.cli.table import shortened, table
from ccproxy.cli.terminal import say
from ccproxy.errors import InvalidRequest
from ccproxy.store.client_keys import Capture, Role

PATH = "/keys"
NONE = "none"
"""Takes away what there is, where something would be given."""

_MOMENT = "2026-12-31T18:00:00Z, or a day, at its beginning in UTC"
_SHOWN_LIMITS = 60
_SHOWN_OWNER = 30
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LIMITS: Mapping[str, tuple[str, Callable[[str], Any], str]] = {
    "--requests-per-minute": ("requests_per_minute", int, "Requests a minute."),
    "--tokens-per-minute": ("tokens_per_minute", int, "Tokens a minute, without those read from a cache."),
    "--concurrent": ("concurrent_requests", int, "Requests at once."),
    "--daily-usd": ("daily_budget_usd", float, "Dollars a day (UTC)."),
    "--monthly-usd": ("monthly_budget_usd", float, "Dollars a month."),
    "--daily-tokens": ("daily_token_budget", int, "Tokens a day."),
    "--monthly-tokens": ("monthly_token_budget", int, "Tokens a month."),
}
_SHORT = {
    "requests_per_minute": "{}/min",
    "tokens_per_minute": "{} tokens/min",
    "concurrent_requests": "{} at once",
    "daily_budget_usd": "${:g}/day",
    "monthly_budget_usd": "${:g}/month",
    "daily_token_budget": "{} tokens/day",
    "monthly_token_budget": "{} tokens/month",
}


@click.group()
def keys() -> None:
    """Hand out client keys of a running proxy: list, add, change, rotate, toggle, remove."""


@keys.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@connected
def list_(api: Api, as_json: bool) -> None:
    """Show every key: its beginning, what it may use, what it has spent."""
    found = api.get(PATH)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif not found:
        click.echo("there is no key yet; make one: ccproxy keys add NAME")
    else:
        headings = ("NAME", "OWNER", "KEY", "ROLE", "STATE", "LIMITS", "TODAY", "THIS MONTH", "LAST USED")
        click.echo(table(headings, [_row(key) for key in found]))


def _row(key: Mapping[str, Any]) -> list[str]:
    return [
        key["name"],
        shortened(key["owner"] or "-", _SHOWN_OWNER),
        f"{key['prefix']}…",
        key["role"],
        _state(key),
        shortened(limits_of(key), _SHOWN_LIMITS),
        *(f"${key['spend'][span]['cost_usd']:.2f}" for span in ("day", "month")),
        (key["last_used_at"] or "never")[:16].replace("T", " "),
    ]


def _state(key: Mapping[str, Any]) -> str:
    until = key["expires_at"] and datetime.fromisoformat(key["expires_at"])
    if not key["enabled"]:
        return "disabled"
    if until is None:
        return "enabled"
    return f"{'expired' if until <= datetime.now(UTC) else 'until'} {until:%Y-%m-%d %H:%M}"


def limits_of(key: Mapping[str, Any]) -> str:
    """What a key may use, in one line; `any` where nothing is limited."""
    said = [text.format(key[name]) for name, text in _SHORT.items() if key.get(name) is not None]
    return ", ".join([*key["models"], *key["addresses"], *said]) or "any"


def _fields(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what a key may do."""
    for option, (name, _, meaning) in reversed(list(_LIMITS.items())):
        command = click.option(option, name, metavar="NUMBER", help=f"{meaning} `none` takes it away.")(command)
    options = (
        click.option("--owner", help="Whose it is; `none`: nobody's."),
        click.option("--role", type=click.Choice(get_args(Role)), help="member (the default) or admin."),
        click.option("--model-glob", "models", multiple=True, help="Models that it may use; `none`: any."),
        click.option(
            "--address", "addresses", multiple=True, metavar="CIDR", help="Where it may be used; `none`: anywhere."
        ),
        click.option(
            "--expires",
            "expires_at",
            metavar="MOMENT",
            help=f"{_MOMENT}; `none`: never.",
        ),
        click.option("--capture", type=click.Choice(get_args(Capture)), help="Which of its bodies are kept."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@keys.command()
@click.argument("name")
@_fields
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@connected
def add(api: Api, name: str, as_json: bool, **given: Any) -> None:
    """Make a key and print it: this is the only time that anybody sees it."""
    made = api.ask("POST", PATH, {"name": name, **_said(given)})[1]
    _show(made, as_json, f"key {made['name']} made, {made['role']}: {limits_of(made)}")


@keys.command()
@click.argument("name")
@_fields
@connected
def change(api: Api, name: str, **given: Any) -> None:
    """Change what a key may do: what is not given stays, and `none` takes away what there is."""
    fields = _said(given)
    if not fields:
        raise InvalidRequest("nothing to change is given; see ccproxy keys change --help")
    key = api.ask("PUT", f"{PATH}/{in_path(name)}", fields)[1]
    say(f"key {key['name']} changed, {key['role']}: {limits_of(key)}")


@keys.command()
@click.argument("name")
@click.option("--grace", default="1d", show_default=True, help="How long the old one is taken too: 30m, 12h, 2d, 0.")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@connected
def rotate(api: Api, name: str, grace: str, as_json: bool) -> None:
    """Give a key a new text and print it: this is the only time that anybody sees it."""
    made = api.ask("POST", f"{PATH}/{in_path(name)}/rotate", {"grace_seconds": _seconds(grace)})[1]
    former = made["former"]
    old = f"the old one is taken until {former['until']}" if former else "the old one is not taken any more"
    _show(made, as_json, f"key {made['name']} rotated; {old}")


@keys.command()
@click.argument("name")
@connected
def toggle(api: Api, name: str) -> None:
    """Take a key out of use, or back in."""
    say(api.ask("PATCH", f"{PATH}/{in_path(name)}/toggle")[1]["message"])


@keys.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Without asking.")
@connected
def remove(api: Api, names: Iterable[str], yes: bool) -> None:
    """Delete keys; nobody gets in with them any more."""
    for name in names:
        if not yes:
            click.confirm(f"Delete key {name}?", abort=True, err=True)
        say(api.ask("DELETE", f"{PATH}/{in_path(name)}")[1]["message"])


def _show(made: Mapping[str, Any], as_json: bool, words: str) -> None:
    """The key alone on stdout, so that a script can take it; the rest for people beside it."""
    if as_json:
        click.echo(json.dumps(made, indent=2))
        return
    say(words, err=True)
    click.echo(made["secret"])


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given, as the API takes them."""
    fields: dict[str, Any] = {}
    limits = {name: (option, kind) for option, (name, kind, _) in _LIMITS.items()}
    for name, value in given.items():
        if value is None or value == ():
            continue
        if name in limits:
            option, kind = limits[name]
            fields[name] = None if value == NONE else _number(option, kind, value)
        elif name in ("models", "addresses"):
            fields[name] = [] if value == (NONE,) else list(value)
        else:
            fields[name] = None if value == NONE and name in ("owner", "expires_at") else value
    return fields


def _number(option: str, kind: Callable[[str], Any], text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise InvalidRequest(f"{option}: {text!r} is not allowed; must be a number or {NONE}") from None


def _seconds(text: str) -> int:
    """A span such as `90`, `30m` or `2d`, in seconds."""
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise InvalidRequest(f"--grace: {text!r} is not allowed; must be a span such as 30m, 12h, 2d or 0")
    return int(number) * unit
