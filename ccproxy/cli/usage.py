"""`ccproxy usage`: what requests came to, from a running proxy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import click

from ccproxy.cli.api import Api
from ccproxy.cli.connection import connected
from ccproxy.cli.table import table
from ccproxy.cli.terminal import say
from ccproxy.errors import InvalidRequest

PATH = "/usage"
_TIMES = {"minute": "%Y-%m-%d %H:%M", "hour": "%Y-%m-%d %H:%M", "day": "%Y-%m-%d"}
_HEADINGS = ("REQUESTS", "ERRORS", "TOKENS IN", "CACHED", "OUT", "COST", "FIRST p50", "p95", "TOTAL p50", "p95")


@click.command()
@click.option(
    "--by", "group_by", default="key", show_default=True, help="key, provider, model, route, client, minute, hour, day."
)
@click.option("--last", help="As far back as this: 24h, 7d.  [default: 30d]")
@click.option("--from", help="From then on: a date, or 2026-11-28T06:30:00Z.")
@click.option("--to", help="Until before then.")
@click.option("--key", help="Only the client key of this name.")
@click.option("--provider", help="Only this provider.")
@click.option("--model", help="Only this model, by the provider's name of it.")
@click.option("--route", help="Only this route.")
@click.option("--client", help="Only this program, such as claude-cli.")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@click.option("--csv", "as_csv", is_flag=True, help="For a spreadsheet.")
@connected
def usage(api: Api, as_json: bool, as_csv: bool, **given: Any) -> None:
    """Show requests, tokens, cost and times of a running proxy, by key or by what else is named.

    Days and hours are those of UTC. A + behind a cost: there were requests whose price is not known.
    """
    if as_csv and as_json:
        raise InvalidRequest("--csv: cannot be given beside --json")
    query = {name: value for name, value in given.items() if value is not None}
    if as_csv:
        click.echo(api.text(f"{PATH}?{urlencode(query | {'format': 'csv'}, errors='surrogateescape')}"), nl=False)
        return
    found = api.get(f"{PATH}?{urlencode(query, errors='surrogateescape')}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif not found["data"]:
        say(f"no requests from {found['from']} to {found['to']}")
    else:
        click.echo(table(*_table(found)))


def _table(found: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    by = found["group_by"]
    rows = [[*(_group(name, row[name]) for name in by), *_cells(row)] for row in found["data"]]
    if len(rows) > 1:
        rows.append([*("ALL" if place == 0 else "" for place in range(len(by))), *_cells(found["totals"])])
    return [*(name.upper() for name in by), *_HEADINGS], rows


def _group(name: str, value: str) -> str:
    if name in _TIMES:
        return datetime.fromisoformat(value).strftime(_TIMES[name])
    return value or "-"


def _cells(row: Mapping[str, Any]) -> Iterator[str]:
    read = row["cache_read_input_tokens"]
    yield f"{row['requests']:,}"
    yield f"{row['errors']:,}"
    yield f"{row['input_tokens'] + row['cache_creation_input_tokens'] + read:,}"
    yield f"{read:,}"
    yield f"{row['output_tokens']:,}"
    yield f"${row['cost_usd']:,.4f}" + ("+" if row["unpriced"] else "")
    for name in ("ttft_p50_ms", "ttft_p95_ms", "duration_p50_ms", "duration_p95_ms"):
        yield "-" if row[name] is None else f"{row[name] / 1000:.2f} s"
