"""`ccproxy routes`: the routes of a running proxy, and what they would do with a request."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

import click

from ccproxy.cli.api import Api, in_path
from ccproxy.cli.connection import connected
from ccproxy.cli.table import table
from ccproxy.cli.terminal import say
from ccproxy.errors import InvalidRequest
from ccproxy.store.client_keys import Capture
from ccproxy.store.routes import Agent, Scenario, Strategy
from ccproxy.web.schemas import HEADER_NAME, HEADER_VALUE

PATH = "/routes"


@click.group()
def routes() -> None:
    """Set up routes in a running proxy: list, add, test, toggle, remove."""


@routes.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@connected
def list_(api: Api, as_json: bool) -> None:
    """Show every route."""
    found = api.get(PATH)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif not found:
        click.echo("there is no route; add one: ccproxy routes add default --scenario default --target PROVIDER/MODEL")
    else:
        headings = ("NAME", "STATE", "PRIORITY", "MATCH", "STRATEGY", "TARGETS")
        click.echo(table(headings, [_row(route) for route in found]))


def _row(route: Mapping[str, Any]) -> list[str]:
    return [
        route["name"],
        "enabled" if route["enabled"] else "disabled",
        str(route["priority"]),
        described(route["match"]),
        route["strategy"],
        ", ".join(f"{target['provider']}/{target['model']}" for target in route["targets"]),
    ]


def described(match: Mapping[str, Any]) -> str:
    """A route's match in one line; `everything` where it says nothing."""
    parts = []
    for name, value in match.items():
        match value:
            case _ if not value:  # `{}` as a pattern would be any object
                continue
            case list():
                parts.append(f"{name} {' or '.join(map(str, value))}")
            case dict():
                parts.extend(f"{key}: {text}" for key, text in value.items())
            case _:
                parts.append(f"{name} {value}")
    return ", ".join(parts) or "everything"


@routes.command()
@click.argument("name", required=False)
@click.option(
    "--target", "targets", multiple=True, metavar="PROVIDER/MODEL", help="In their order; several for several."
)
@click.option("--weight", "weights", multiple=True, type=int, help="With --strategy weighted: one for each target.")
@click.option(
    "--model-glob", "globs", multiple=True, help="A model's name, with * and ?; or opus, sonnet, haiku, fable."
)
@click.option("--scenario", type=click.Choice(get_args(Scenario)), help="The kind of request.")
@click.option("--min-input-tokens", type=int, help="Requests that are longer than this.")
@click.option("--min-effort", help="With --scenario think: the effort from which on adaptive thinking counts.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header that the request has.")
@click.option("--client-key", "keys", multiple=True, help="The name of the key that the client sends.")
@click.option("--agent", type=click.Choice(get_args(Agent)))
@click.option("--strategy", type=click.Choice(get_args(Strategy)))
@click.option("--priority", type=int, help="Higher ones are looked at first.")
@click.option("--retries", type=int, help="How often one target is asked again.")
@click.option("--first-byte-timeout", type=float, help="Seconds until the next target is asked.")
@click.option(
    "--resume/--no-resume", default=None, help="Whether another target goes on with an answer that broke off."
)
@click.option("--capture", type=click.Choice(get_args(Capture)), help="Which bodies of its requests are kept.")
@click.option("--disabled", is_flag=True, help="Not in use yet.")
@click.option("--json", "document", type=click.File("r", encoding="utf-8"), metavar="FILE|-", help="The route as JSON.")
@connected
def add(api: Api, name: str | None, document: Any, **given: Any) -> None:
    """Add a route, or change the one of that name: fields that are not given stay."""
    fields = _read(document, "--json") if document else {}
    if name is not None:
        fields["name"] = name
    fields |= {key: given[key] for key in _SINGLE if given[key] is not None}
    if given["disabled"]:
        fields["enabled"] = False
    if given["targets"]:
        fields["targets"] = _targets(given["targets"], given["weights"])
    elif given["weights"]:
        raise InvalidRequest("--weight: belongs to a --target")
    match = {key: value for key, value in _match(given).items() if value not in (None, [], {})}
    if match:
        said = fields.get("match", {})
        if not isinstance(said, dict):
            raise InvalidRequest("--json: match: must be an object")
        fields["match"] = {**said, **match}
    if "name" not in fields:
        raise InvalidRequest("a route needs a name: ccproxy routes add NAME …")
    status, route = api.ask("POST", PATH, fields)
    leads = ", ".join(f"{target['provider']}/{target['model']}" for target in route["targets"])
    done = "added" if status == 201 else "changed"
    say(f"route {route['name']} {done}: {described(route['match'])} -> {leads}")


_SINGLE = ("strategy", "priority", "retries", "first_byte_timeout", "resume", "capture")


def _match(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model": list(given["globs"]),
        "scenario": given["scenario"],
        "min_input_tokens": given["min_input_tokens"],
        "min_effort": given["min_effort"],
        "headers": dict(_header(text) for text in given["headers"]),
        "key": list(given["keys"]),
        "agent": given["agent"],
    }


def _header(text: str) -> tuple[str, str]:
    name, found, value = text.partition(":")
    if not found or not name.strip():
        raise InvalidRequest(f"--header: {text!r} is not allowed; must be NAME:VALUE")
    return name.strip().lower(), value.strip()


def _sendable(text: str) -> tuple[str, str]:
    """A header that is sent here and now; of those of a route the proxy says what they may be. No value is repeated."""
    name, value = _header(text)
    if not HEADER_NAME.fullmatch(name):
        raise InvalidRequest("--header: what stands before the colon is not a header name")
    if not HEADER_VALUE.fullmatch(value):
        raise InvalidRequest(f"--header: {name}: must be one line of Latin-1 characters")
    return name, value


def _targets(targets: Iterable[str], weights: tuple[int, ...]) -> list[dict[str, Any]]:
    made = []
    for target in targets:
        provider, found, model = target.partition("/")
        if not (provider and found and model):
            raise InvalidRequest(f"--target: {target!r} is not allowed; must be PROVIDER/MODEL")
        made.append({"provider": provider, "model": model})
    if weights and len(weights) != len(made):
        raise InvalidRequest(f"--weight: {len(weights)} given for {len(made)} targets; give one for each, or none")
    return [target | {"weight": weight} for target, weight in zip(made, weights, strict=True)] if weights else made


def _read(file: Any, where: str) -> dict[str, Any]:
    try:
        document = json.load(file)
    except ValueError as error:
        raise InvalidRequest(f"{where}: not JSON: {error}") from None
    except RecursionError:
        raise InvalidRequest(f"{where}: nested too deeply") from None
    if not isinstance(document, dict):
        raise InvalidRequest(f"{where}: must be an object")
    return document


@routes.command()
@click.argument("asked", metavar="MODEL|FILE|-")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header that the client would send.")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@connected
def test(api: Api, asked: str, headers: tuple[str, ...], as_json: bool) -> None:
    """Say where a request would go, and why; nothing is sent to a provider.

    The argument is a model's name, or a file with a request's body as clients send it to /v1/messages.
    """
    sent = dict(_sendable(text) for text in headers)
    _, found = api.ask("POST", "/v1/messages/explain", _request(asked), headers=sent)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        say(*_explained(found))


def _explained(found: Mapping[str, Any]) -> Iterator[str]:
    """The route and why, then each target in the order of trying; the requests themselves are in the JSON."""
    yield f"route {found['route']}, {found['strategy']}: {found['why']}"
    for place, target in enumerate(found["targets"], 1):
        parts = [
            f"{place}. {target['provider']}/{target['model']}",
            "" if target["state"] == "ok" else f"{target['state']}: {target['reason']}",
            f"key …{target['key']}" if target["key"] else "",
            f"about {target['input_tokens']:,} tokens",
            _cost(target["cost"]),
            f"loses {', '.join(target['losses'])}" if target["losses"] else "",
            f"refused: {target['refused']}" if target["refused"] else "",
            "answered here, without the provider" if target["ready"] else "",
        ]
        yield ", ".join(filter(None, parts))


def _cost(cost: Mapping[str, Any] | None) -> str:
    if cost is None:
        return ""
    most = cost["output_at_most"]
    return f"${cost['input']:.6f}" + (f" and at most ${most:.6f} for the answer" if most is not None else "")


def _request(asked: str) -> dict[str, Any]:
    if asked == "-" or os.path.isfile(asked):
        try:
            with click.open_file(asked, encoding="utf-8") as file:
                return _read(file, asked)
        except OSError as error:
            raise InvalidRequest(f"{asked}: {error.strerror}") from None
    return {"model": asked, "max_tokens": 1024, "messages": [{"role": "user", "content": "Hello!"}]}


@routes.command()
@click.argument("name")
@connected
def toggle(api: Api, name: str) -> None:
    """Take a route out of use, or back in."""
    say(api.ask("PATCH", f"{PATH}/{in_path(name)}/toggle")[1]["message"])


@routes.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Without asking.")
@connected
def remove(api: Api, names: Iterable[str], yes: bool) -> None:
    """Delete routes."""
    for name in names:
        if not yes:
            click.confirm(f"Delete route {name}?", abort=True, err=True)
        say(api.ask("DELETE", f"{PATH}/{in_path(name)}")[1]["message"])
