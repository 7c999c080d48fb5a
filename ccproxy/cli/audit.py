"""`ccproxy audit`: what was changed in a running proxy, and who was refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import click

from ccproxy.cli.api import Api
from ccproxy.cli.connection import connected
from ccproxy.cli.table import shortened, table

PATH = "/audit"
_PAGE = 500
_SHOWN = 100


@click.command()
@click.option("-n", "count", type=click.IntRange(1), default=20, show_default=True, help="How many of the last ones.")
@click.option("--from", "since", metavar="TIME", help="Only those from this time on: 2026-12-31T18:00:00Z, or a day.")
@click.option("--to", "until", metavar="TIME", help="Only those before this time.")
@click.option("--last", help="Only those of this time: 24h, 7d.")
@click.option("--actor", help="Only what this key did; `cli` is the command line.")
@click.option("--action", help="Only this: provider.create, route.change, sign_in.refused, …")
@click.option("--subject", help="Only what was done to the one of this name.")
@click.option("--json", "as_json", is_flag=True, help="All of each, one JSON object a line.")
@connected
def audit(
    api: Api,
    count: int,
    since: str | None,
    until: str | None,
    last: str | None,
    actor: str | None,
    action: str | None,
    subject: str | None,
    as_json: bool,
) -> None:
    """Show what administrators changed and who was refused, newest first."""
    filters = {"from": since, "to": until, "last": last, "actor": actor, "action": action, "subject": subject}
    events = list(_events(api, {name: said for name, said in filters.items() if said}, count))
    if as_json:
        for event in events:
            click.echo(json.dumps(event))
    elif not events:
        click.echo("nothing of that was done yet")
    else:
        headings = ("WHEN", "WHO", "FROM", "WHAT", "TO WHAT", "HOW")
        click.echo(table(headings, [_row(event) for event in events]))


def _events(api: Api, filters: Mapping[str, str], count: int) -> Iterator[Mapping[str, Any]]:
    """The newest `count` events, page by page."""
    cursor: str | None = ""
    while count > 0 and cursor is not None:
        asked = {**filters, "limit": str(min(count, _PAGE)), **({"cursor": cursor} if cursor else {})}
        page = api.get(f"{PATH}?{urlencode(asked, errors='surrogateescape')}")
        yield from page["data"]
        count -= len(page["data"])
        cursor = page["next"]


def _row(event: Mapping[str, Any]) -> list[str]:
    return [
        event["at"],
        event["actor"] or "-",
        event["address"] or "-",
        event["action"],
        event["subject"] or "-",
        shortened(_how(event), _SHOWN),
    ]


def _how(event: Mapping[str, Any]) -> str:
    """What changed, in one line: of a change each field before and after."""
    before, after = event["before"], event["after"]
    told = [event["detail"]] if event["detail"] else []
    if before is not None and after is not None:
        told = [f"{name}: {_brief(before.get(name))} -> {_brief(said)}" for name, said in after.items()] + told
    return "; ".join(told)


def _brief(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
