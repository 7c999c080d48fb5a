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

from ccproxy.cli.api import Api, NoAnswer, Refused, Strange
from ccproxy.cli.connection import connected
from ccproxy.cli.importing import claude_code_router, litellm, own
from ccproxy.cli.importing.carried import Carried, masked, shown
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
    its place in the file and the reason. Exit status 1 where something of it could not be set up.
    """
    name, carried = carry(read(file), os.environ)
    for left in carried.left:
        click.echo(str(left), err=True)
    if dry_run:
        click.echo(json.dumps({"providers": shown(carried.providers), "routes": shown(carried.routes)}, indent=2))
        return
    sent = _Sent(api, replace)
    sent.all("provider", carried.providers)
    sent.all("route", carried.routes)
    click.echo(f"{name}: {sent.summary()}", err=True)
    if sent.failed:
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


class _Sent:
    """What became of each document that was sent. Where the proxy stops answering, the rest is said to be missing."""

    def __init__(self, api: Api, replace: bool) -> None:
        self._api = api
        self._replace = replace
        self._there = {noun: {document["name"] for document in api.get(f"/{noun}s")} for noun in ("provider", "route")}
        self._gone = ""
        self.done = self.kept = self.failed = 0

    def all(self, noun: str, documents: list[dict[str, Any]]) -> None:
        """Send them one by one, and say of each what became of it."""
        for document in documents:
            name = str(document.get("name"))
            if self._gone:
                self._not(noun, name, self._gone)
            elif name in self._there[noun] and not self._replace:
                self.kept += 1
                click.echo(f"not carried: {noun} {name}: is there already; --replace changes it", err=True)
            else:
                self._send(noun, name, document)

    def summary(self) -> str:
        """The figures, in words."""
        parts = (
            f"{self.done} set up",
            self.kept and f"{self.kept} there already",
            self.failed and f"{self.failed} not",
        )
        return ", ".join(part for part in parts if part)

    def _send(self, noun: str, name: str, document: Mapping[str, Any]) -> None:
        try:
            status, _ = self._api.ask("POST", f"/{noun}s", document)
        except Refused as error:
            self._not(noun, name, error.message)
        except (NoAnswer, Strange) as error:
            self._gone = error.message
            self._not(noun, name, error.message)
        else:
            self.done += 1
            click.echo(f"{noun} {name} {'added' if status == 201 else 'changed'}")

    def _not(self, noun: str, name: str, why: str) -> None:
        self.failed += 1
        click.echo(f"not carried: {noun} {name}: {masked(why)}", err=True)
