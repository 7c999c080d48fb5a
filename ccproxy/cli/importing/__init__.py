"""`ccproxy import`: what another program's config file sets up, set up in a running proxy.

`document` reads the file, one module for each form says what it comes to (`carried`) beside what is `there` already,
and `sending` sends it. Nothing is lost in silence: whatever is not carried is named with its place and the reason.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from ccproxy.cli.api import Api
from ccproxy.cli.connection import connected
from ccproxy.cli.importing import claude_code_router, litellm, own
from ccproxy.cli.importing.carried import Carried, shown
from ccproxy.cli.importing.document import read
from ccproxy.cli.importing.sending import Sent
from ccproxy.cli.importing.there import There
from ccproxy.cli.terminal import say
from ccproxy.errors import InvalidRequest

Carry = Callable[[Mapping[str, Any], Mapping[str, str], There], Carried]
"""What a document comes to, with this environment, beside what there is."""

_FORMS: tuple[tuple[str, Callable[[Mapping[str, Any]], bool], Carry], ...] = (
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
    its place in the file and the reason. Exit status 1 where something of it could not be set up.
    """
    document = read(file)
    name, carry = form_of(document)
    there = There() if dry_run else There.at(api)
    try:
        carried = carry(document, os.environ, there)
    except RecursionError:  # YAML's anchors can put a thing into itself
        raise InvalidRequest(f"{file}: nested too deeply") from None
    for left in carried.left:
        say(str(left), err=True)
    if dry_run:
        click.echo(json.dumps({"providers": shown(carried.providers), "routes": shown(carried.routes)}, indent=2))
        return
    sent = Sent(api, there, replace)
    sent.providers(carried.providers)
    sent.routes(carried.routes)
    say(f"{name}: {sent.summary()}", err=True)
    if sent.failed:
        ctx.exit(1)


def form_of(document: Mapping[str, Any]) -> tuple[str, Carry]:
    """Whose file it is, and what reads it. Raises InvalidRequest for a file of none of the forms."""
    for name, recognised, carry in _FORMS:
        if recognised(document):
            return name, carry
    raise InvalidRequest(
        "the file is none that is known: a LiteLLM config has model_list, a claude-code-router config Providers or "
        "Router, ccproxy's own providers or routes"
    )
