"""`ccproxy import`: what another program's config file sets up, set up in a running proxy.

`document` reads the file, one module for each form says what it comes to here (`carried`), and this one sends it.
Nothing is lost in silence: whatever is not carried is named with its place in the file and the reason.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from ccproxy.cli.api import Api, Refused
from ccproxy.cli.connection import connected
from ccproxy.cli.importing import claude_code_router, litellm, own
from ccproxy.cli.importing.carried import Carried, shown
from ccproxy.cli.importing.document import read
from ccproxy.errors import InvalidRequest

_FORMS: tuple[tuple[str, Callable[[Mapping[str, Any]], bool], Callable[..., Carried]], ...] = (
    ("LiteLLM config", litellm.recognised, litellm.carry),
    ("claude-code-router config", claude_code_router.recognised, claude_code_router.carry),
    ("ccproxy config file", own.recognised, own.carry),
)


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Print the providers and routes instead, in the config file's form.")
@click.option("--replace", is_flag=True, help="Change providers and routes that are there already.")
@connected
@click.pass_context
def import_command(ctx: click.Context, api: Api, file: Path, dry_run: bool, replace: bool) -> None:
    """Set up what a config file says: ccproxy's own, claude-code-router's (JSON) or LiteLLM's (YAML).

    References to the environment are looked up in this one. What could not be carried is listed on stderr, each with
    its place in the file and the reason. Exit status 1 where the proxy refused something.
    """
    name, carried = carry(read(file), os.environ)
    for left in carried.left:
        click.echo(str(left), err=True)
    if dry_run:
        click.echo(json.dumps({"providers": shown(carried.providers), "routes": shown(carried.routes)}, indent=2))
        return
    refused = 0
    for noun, documents in (("provider", carried.providers), ("route", carried.routes)):
        there = {document["name"] for document in api.get(f"/{noun}s")}
        for document in documents:
            refused += not _sent(api, noun, document, there, replace)
    click.echo(f"{name}: {_count(carried.providers, 'provider')}, {_count(carried.routes, 'route')} read", err=True)
    if refused:
        ctx.exit(1)


def carry(document: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, Carried]:
    """What the file is and what it comes to. Raises InvalidRequest for a file of none of the forms."""
    for name, recognised, take in _FORMS:
        if recognised(document):
            return name, take(document, environ)
    raise InvalidRequest(
        "the file is none that is known: a LiteLLM config has model_list, a claude-code-router config Providers or "
        "Router, ccproxy's own providers or routes"
    )


def _sent(api: Api, noun: str, document: Mapping[str, Any], there: set[str], replace: bool) -> bool:
    """Create one, say so, and tell whether the proxy took it."""
    name = document.get("name")
    if name in there and not replace:
        click.echo(f"not carried: {noun} {name}: is there already; --replace changes it", err=True)
        return True
    try:
        status, _ = api.ask("POST", f"/{noun}s", document)
    except Refused as error:
        click.echo(f"not carried: {noun} {name}: {error.message}", err=True)
        return False
    click.echo(f"{noun} {name} {'added' if status == 201 else 'changed'}")
    return True


def _count(documents: list[dict[str, Any]], noun: str) -> str:
    return f"{len(documents)} {noun}{'' if len(documents) == 1 else 's'}"
