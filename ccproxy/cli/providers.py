"""`ccproxy providers`: the providers of a running proxy."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from ccproxy import presets
from ccproxy.cli.api import SECONDS, Api, in_path
from ccproxy.cli.connection import connected
from ccproxy.cli.table import shortened, table
from ccproxy.cli.terminal import say
from ccproxy.errors import InvalidRequest
from ccproxy.gateway.trial import TOTAL

TEST_SECONDS = TOTAL + SECONDS
"""The proxy ends a test by itself, and then has as long as for any other answer."""
_SHOWN_MODELS = 60

PATH = "/providers"


@click.group()
def providers() -> None:
    """Set up providers in a running proxy: list, add, test, toggle, remove."""


@providers.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@connected
def list_(api: Api, as_json: bool) -> None:
    """Show every provider."""
    found = api.get(PATH)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif not found:
        click.echo("there is no provider yet; add one: ccproxy providers add groq")
    else:
        headings = ("NAME", "TYPE", "STATE", "KEY", "MODELS", "ADDRESS")
        click.echo(table(headings, [_row(provider) for provider in found]))


def _row(provider: Mapping[str, Any]) -> list[str]:
    models = ", ".join(provider["models"]) or "any"
    return [
        provider["name"],
        provider["type"],
        state_of(provider),
        _key(provider),
        shortened(models, _SHOWN_MODELS),
        provider["api_base_url"],
    ]


def state_of(provider: Mapping[str, Any]) -> str:
    """`disabled`, or how it does where the proxy tells: `ok`, `resting`, `probing`; else `enabled`."""
    if not provider["enabled"]:
        return "disabled"
    health = provider.get("health")
    state = health.get("state") if isinstance(health, Mapping) else None
    return str(state) if state and state != "ok" else "enabled"


def _key(provider: Mapping[str, Any]) -> str:
    hints = provider.get("api_key_hints") or []
    if len(hints) > 1:
        return f"{len(hints)} keys"
    if not provider["api_key_set"]:
        return "none"
    return f"…{provider['api_key_hint']}" if provider["api_key_hint"] else "set"


@providers.command()
@click.argument("name")
@click.option("--type", "kind", help="A known provider or a bare API; default: the name, where it is a known one.")
@click.option("--base-url", help="Its address; needed where the type has none of its own.")
@click.option("--key", "given", multiple=True, help="An API key; several for several. `-` reads one line from stdin.")
@click.option("--key-env", "named", multiple=True, metavar="NAME", help="The environment variable that holds a key.")
@click.option("--no-key", is_flag=True, help="It needs none, or has the machine's own credentials: do not ask.")
@click.option("--model", "models", multiple=True, help="A model that it has; none said: any.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="An extra header.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of its type; JSON or text.")
@click.option("--disabled", is_flag=True, help="Not in use yet.")
@connected
def add(
    api: Api,
    name: str,
    kind: str | None,
    base_url: str | None,
    given: tuple[str, ...],
    named: tuple[str, ...],
    no_key: bool,
    models: tuple[str, ...],
    headers: tuple[str, ...],
    options: tuple[str, ...],
    disabled: bool,
) -> None:
    """Add a provider, or change the one of that name: fields that are not given stay.

    Without a key option the key is asked for, unseen. A key on the command line stays in the shell's history.
    """
    fields: dict[str, Any] = {"name": name}
    if kind is not None:
        fields["type"] = kind
    if base_url is not None:
        fields["api_base_url"] = base_url
    if models:
        fields["models"] = list(models)
    if headers:
        fields["headers"] = dict(_split(header, ":", "--header") for header in headers)
    if options:
        fields["options"] = {key: _value(text) for key, text in (_split(each, "=", "--option") for each in options)}
    if disabled:
        fields["enabled"] = False
    keys = [*(_typed(key) for key in given), *(_from_environment(variable) for variable in named)]
    if not keys and not no_key and _wants_key(kind or name):
        keys = _asked(name)
    fields |= {"api_key": keys[0]} if len(keys) == 1 else {"api_keys": keys} if keys else {}
    status, provider = api.ask("POST", PATH, fields)
    done = "added" if status == 201 else "changed"
    say(f"provider {provider['name']} {done}: {provider['type']} at {provider['api_base_url']}")


def _wants_key(kind: str) -> bool:
    preset = presets.find(kind)
    return preset is None or preset.key_required


def _typed(key: str) -> str:
    given = (sys.stdin.readline() if key == "-" else key).strip()
    if not given:  # an unset variable of the shell; to the proxy it would mean to forget the key that is there
        raise InvalidRequest("--key: must not be empty; --no-key is for a provider that needs none")
    return given


def _from_environment(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InvalidRequest(f"--key-env: the environment variable {variable} is not set")
    return key


def _asked(name: str) -> list[str]:
    """The key as it is typed, unseen; nothing where nobody is there to type it."""
    if not _is_typed():
        return []
    key = click.prompt(f"API key of {name} (empty for none)", hide_input=True, default="", show_default=False, err=True)
    return [key.strip()] if key.strip() else []


def _is_typed() -> bool:
    return sys.stdin.isatty()


def _split(text: str, mark: str, option: str) -> tuple[str, str]:
    name, found, value = text.partition(mark)
    if not found or not name.strip():
        raise InvalidRequest(f"{option}: {text!r} is not allowed; must be NAME{mark}VALUE")
    return name.strip(), value.strip()


def _value(text: str) -> Any:
    """An option's value: what it says as JSON, else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


@providers.command()
@click.argument("name")
@click.option("--model", help="The model to ask; default: its first.")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@connected
@click.pass_context
def test(ctx: click.Context, api: Api, name: str, model: str | None, as_json: bool) -> None:
    """Send one tiny real request to a provider and say what came of it. Exit status 1 where it failed."""
    body = {"model": model} if model else {}
    _, found = api.ask("POST", f"{PATH}/{in_path(name)}/test", body, seconds=TEST_SECONDS)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        say(*_tested(found))
    if not found["ok"]:
        ctx.exit(1)


def _tested(found: Mapping[str, Any]) -> Iterator[str]:
    """One line for each thing that was tried, in the provider's own words where it failed."""
    yield _step(f"answer of {found['model']}" if found["model"] else "answer", found)
    for name in ("streaming", "tools"):
        if found[name] is not None:
            yield _step(name, found[name])
    models = found["models"]
    if models["error"]:
        yield f"failed  models: {models['error']['message']}"
    else:
        more = ", …" if models["count"] > len(models["first"]) else ""
        yield f"ok      models: {models['count']} listed: {', '.join(models['first'])}{more}"


def _step(name: str, step: Mapping[str, Any]) -> str:
    if not step["ok"]:
        status = f" (HTTP {step['error']['status']})" if step["error"]["status"] else ""
        return f"failed  {name}: {step['error']['message']}{status}"
    first = step.get("first_byte_ms")
    return f"ok      {name}: {step['latency_ms']:.0f} ms" + (f", first byte after {first:.0f} ms" if first else "")


@providers.command()
@click.argument("name")
@connected
def toggle(api: Api, name: str) -> None:
    """Take a provider out of use, or back in."""
    say(api.ask("PATCH", f"{PATH}/{in_path(name)}/toggle")[1]["message"])


@providers.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Without asking.")
@connected
def remove(api: Api, names: Iterable[str], yes: bool) -> None:
    """Delete providers, with their keys."""
    for name in names:
        if not yes:
            click.confirm(f"Delete provider {name} and its keys?", abort=True, err=True)
        say(api.ask("DELETE", f"{PATH}/{in_path(name)}")[1]["message"])
