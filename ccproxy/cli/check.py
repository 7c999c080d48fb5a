"""`ccproxy check`: whether the proxy would start, and what would not work once it has."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from ccproxy.cli.api import Api, NoAnswer, Refused, Strange, in_path
from ccproxy.cli.connection import address
from ccproxy.cli.database import open_current
from ccproxy.cli.findings import Finding, of_providers, of_routes
from ccproxy.cli.home import pinned
from ccproxy.cli.providers import PATH, TEST_SECONDS
from ccproxy.cli.terminal import say
from ccproxy.settings import load
from ccproxy.store import rotation
from ccproxy.store.providers import Providers, Snapshot
from ccproxy.store.vault import open_vault
from ccproxy.web.offers import offered_providers, offered_routes


@click.command()
@click.option("--online", is_flag=True, help="Also have the running proxy test each provider, with a tiny request.")
@click.pass_context
def check(ctx: click.Context, online: bool) -> None:
    """Say whether the proxy would start with the present settings and database, and what would not work.

    One line for each finding. Exit status 1 where there is an error, 0 where there are warnings at most.
    """
    environ = pinned(os.environ)
    settings = load(environ)
    for offered in (offered_providers, offered_routes):  # as at a start, which stops at the first fault
        list(offered(settings))
    engine = open_current(settings.database_url)
    vault = open_vault(settings.secret_keys, settings.database_url)
    readable = rotation.require_readable(engine, vault)
    snapshot = Providers(engine, vault).snapshot()
    findings = [*of_providers(snapshot), *of_routes(snapshot)]
    if online:
        findings += _online(address(None, None, environ), snapshot)
    for finding in findings:
        say(str(finding))
    if any(finding.level == "error" for finding in findings):
        ctx.exit(1)
    click.echo(f"settings and database are in order; {readable} stored keys can be decrypted")


def _online(api: Api, snapshot: Snapshot) -> Iterator[Finding]:
    for provider in snapshot.enabled:
        where = f"provider {provider.name}"
        try:
            _, found = api.ask("POST", f"{PATH}/{in_path(provider.name)}/test", {}, seconds=TEST_SECONDS)
        except (NoAnswer, Strange) as error:
            yield Finding("error", "online", f"{error.message}; providers are tested by a running proxy")
            return
        except Refused as error:
            yield Finding("error", where, error.message)
            continue
        if not found["ok"]:
            yield Finding("error", where, f"the test failed: {found['error']['message']}")
