"""`ccproxy logs`: the requests that have come in, from a running proxy's API, or from the database of this machine.

Both are asked the same and answer the same; the database also where no proxy runs. It is never written.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import click
from click.core import ParameterSource
from sqlalchemy import Connection, Engine
from werkzeug.datastructures import MultiDict

from ccproxy.cli.connection import address
from ccproxy.cli.database import open_current
from ccproxy.cli.home import pinned
from ccproxy.cli.terminal import say
from ccproxy.errors import InvalidRequest
from ccproxy.settings import load
from ccproxy.web import log_queries

POLL_SECONDS = 0.5
# Where several workers write at once, the row with the lower number may come later.
_LOOK_BACK = 200

Ask = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""A query in the words of `/logs`, and its answer."""


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with those that come, until Ctrl-C.")
@click.option("-n", "count", type=click.IntRange(0), default=20, show_default=True, help="How many of the last ones.")
@click.option("--key", help="Only those of the client key of this name.")
@click.option("--provider", help="Only those that went to this provider.")
@click.option("--model", help="Only those for this model, by the provider's name of it or the client's.")
@click.option("--route", help="Only those that took this route.")
@click.option("--client", help="Only those of this program, such as claude-cli.")
@click.option("--session", help="Only those of this session.")
@click.option("--status", help="Only those with this status: 429, or 4xx.")
@click.option("--errors", is_flag=True, help="Only those that failed.")
@click.option("--error-type", help="Only those that failed like this: rate_limit_error.")
@click.option("--error", help="Only those whose error holds this text.")
@click.option("--min-duration-ms", type=click.IntRange(0), help="Only those that took at least so long.")
@click.option("--last", help="Only those that began within this time: 24h, 7d.")
@click.option("--from", help="Only those that began then or later: a date, or 2026-11-28T06:30:00Z.")
@click.option("--to", help="Only those that began before.")
@click.option("--json", "as_json", is_flag=True, help="All that is kept of each, one JSON object a line.")
@click.option("--url", envvar="CCPROXY_URL", help="Ask the proxy at this address; else the database here is read.")
@click.option(
    "--api-key", envvar="CCPROXY_APIKEY", help="The proxy's own key; else CCPROXY_APIKEY or the config file's."
)
def logs(
    follow: bool, count: int, errors: bool, as_json: bool, url: str | None, api_key: str | None, **given: Any
) -> None:
    """Show the last requests: when, status, where to, tokens, cost, times, route, failed attempts, error."""
    query = {name: _printable(name, value) for name, value in given.items() if value is not None}
    if errors:
        if "status" in query:
            raise InvalidRequest("--errors: cannot be given beside --status")
        query["status"] = "error"
    if url is None and click.get_current_context().get_parameter_source("api_key") is ParameterSource.COMMANDLINE:
        raise InvalidRequest("--api-key: needs --url, for without it the database of this machine is read")
    ask = _here(open_current(load(pinned(os.environ)).database_url)) if url is None else _there(url, api_key)
    show = json.dumps if as_json else line
    try:
        newest = ask({"limit": 1})["newest"]
        shown = [*_last(ask, query, min(count, sys.maxsize))]
        for row in reversed(shown):
            say(show(row))
        for row in _next(ask, query, newest, {row["id"] for row in shown}) if follow else ():
            say(show(row))
    except KeyboardInterrupt:
        return
    if not (shown or follow or as_json):
        say("no such request is in the log")


def _printable(name: str, value: Any) -> Any:
    if isinstance(value, str) and not value.isprintable():  # bytes that are no text are not
        raise InvalidRequest(f"--{name.replace('_', '-')}: {value!r} is not allowed; must be printable characters")
    return value


def _here(engine: Engine) -> Ask:
    def read(work: Callable[[Connection], Any]) -> Any:
        with engine.connect() as connection:
            return work(connection)

    return lambda query: log_queries.page(read, MultiDict({name: str(value) for name, value in query.items()}))


def _there(url: str, key: str | None) -> Ask:
    api = address(url, key, os.environ)
    return lambda query: api.get(f"/logs?{urlencode(query)}")


def _last(ask: Ask, query: Mapping[str, Any], count: int) -> Iterator[Mapping[str, Any]]:
    """The newest rows, the newest first, from as many pages as it takes."""
    cursor: dict[str, Any] = {}
    while count > 0:
        page = ask({**query, **cursor, "limit": min(count, log_queries.MOST_ROWS)})
        yield from page["data"]
        count -= len(page["data"])
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def _next(ask: Ask, query: Mapping[str, Any], newest: int, seen: set[int]) -> Iterator[Mapping[str, Any]]:
    """Rows that are written after that one, each once, without those that were seen."""
    behind = ask({**query, "after": max(0, newest - _LOOK_BACK), "limit": log_queries.MOST_ROWS})
    seen = seen | {row["id"] for row in behind["data"] if row["id"] <= newest}
    while True:
        page = ask({**query, "after": max(0, newest - _LOOK_BACK), "limit": log_queries.MOST_ROWS})
        yield from (row for row in page["data"] if row["id"] not in seen)
        newest = page["newest"]
        seen = {row["id"] for row in page["data"]} | {number for number in seen if number > newest - _LOOK_BACK}
        if len(page["data"]) < log_queries.MOST_ROWS:
            time.sleep(POLL_SECONDS)


def line(row: Mapping[str, Any]) -> str:
    """One request in one line; what is not known is left out."""
    asked = row["model"] or "?"
    answered = "/".join(filter(None, (row["provider"], row["upstream_model"])))
    parts = [
        datetime.fromisoformat(row["started_at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        str(row["status"]),
        answered if answered in ("", asked) else f"{asked} -> {answered}",
        _tokens(row),
        "" if row["cost_usd"] is None else f"${row['cost_usd']:.4f}",
        _times(row),
        f"route {row['route']}" if row["route"] else "",
        _attempts(row["attempts"] or []),
        f"dropped {', '.join(row['dropped'])}" if row["dropped"] else "",
        row["error_type"] or "",
    ]
    parts[2] = parts[2] or asked
    return "  ".join(filter(None, parts))


def _tokens(row: Mapping[str, Any]) -> str:
    if row["input_tokens"] is None and row["output_tokens"] is None:
        return ""
    read = row["cache_read_input_tokens"] or 0
    taken = (row["input_tokens"] or 0) + read + (row["cache_creation_input_tokens"] or 0)
    cached = f" ({read:,} cached)" if read else ""
    return f"{taken:,}{cached} in, {row['output_tokens'] or 0:,} out"


def _times(row: Mapping[str, Any]) -> str:
    first = f"{row['ttft_ms'] / 1000:.2f} s to first, " if row["ttft_ms"] is not None else ""
    return f"{first}{row['duration_ms'] / 1000:.2f} s"


def _attempts(attempts: list[Mapping[str, Any]]) -> str:
    """Only where there was more than one."""
    if len(attempts) < 2:
        return ""
    tried = (f"{one.get('provider')}/{one.get('model')} {one.get('status')}" for one in attempts)
    return "tried " + ", ".join(tried)
