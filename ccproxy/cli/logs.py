"""`ccproxy logs`: the requests that have come in, read from the database beside a running proxy, and never written."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click
from sqlalchemy import ColumnElement, Engine, Select, select

from ccproxy.cli.database import open_current
from ccproxy.cli.home import pinned
from ccproxy.cli.terminal import say
from ccproxy.errors import InvalidRequest
from ccproxy.settings import load
from ccproxy.store.models import request_logs

POLL_SECONDS = 0.5
# Where several workers write at once, the row with the lower number may come later; SQLite has one writer.
_LOOK_BACK = 200

_STATUS = re.compile(r"[1-5](?:xx|[0-9]{2})")


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with those that come, until Ctrl-C.")
@click.option("-n", "count", type=click.IntRange(0), default=20, show_default=True, help="How many of the last ones.")
@click.option("--provider", help="Only those that went to this provider.")
@click.option("--status", help="Only those with this status: 429, or 4xx.")
@click.option("--errors", is_flag=True, help="Only those that failed.")
@click.option("--json", "as_json", is_flag=True, help="All that is kept of each, one JSON object a line.")
def logs(follow: bool, count: int, provider: str | None, status: str | None, errors: bool, as_json: bool) -> None:
    """Show the last requests: when, status, where to, tokens, times, route, failed attempts, error."""
    engine = open_current(load(pinned(os.environ)).database_url)
    chosen = select(request_logs).where(*_conditions(provider, status, errors))
    show = _as_json if as_json else line
    try:
        seen = _Seen(engine)
        for row in seen.last(chosen, min(count, sys.maxsize)):  # databases count no further
            say(show(row))
        while follow:
            for row in seen.next(chosen):
                say(show(row))
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:  # whoever read has enough; nothing may be left for the interpreter's end to write
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _conditions(provider: str | None, status: str | None, errors: bool) -> Iterator[ColumnElement[bool]]:
    if provider is not None:
        if not provider.isprintable():  # bytes that are no text are not, and no database takes them
            raise InvalidRequest(f"--provider: {provider!r} is not allowed; must be a provider's name")
        yield request_logs.c.provider == provider
    if errors:
        yield request_logs.c.error_type.is_not(None)
    if status is not None:
        if not _STATUS.fullmatch(status):
            raise InvalidRequest(f"--status: {status!r} is not allowed; must be a status such as 429, or 4xx")
        lowest = int(status.replace("x", "0"))
        yield request_logs.c.status.between(lowest, lowest + (99 if status.endswith("xx") else 0))


class _Seen:
    """Reads on from where it was, each row once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._newest = 0
        self._recent: set[int] = set()
        self._back = 0 if engine.dialect.name == "sqlite" else _LOOK_BACK

    def last(self, chosen: Select[Any], count: int) -> list[Mapping[str, Any]]:
        """The last `count` rows, oldest first."""
        newest = self._read(select(request_logs).order_by(request_logs.c.id.desc()).limit(1))
        self._newest = newest[0]["id"] if newest else 0
        rows = self._read(
            chosen.where(request_logs.c.id <= self._newest).order_by(request_logs.c.id.desc()).limit(count)
        )
        if self._back:
            before = select(request_logs.c.id).where(request_logs.c.id > self._newest - self._back)
            self._recent = {row["id"] for row in self._read(before)}
        return rows[::-1]

    def next(self, chosen: Select[Any]) -> list[Mapping[str, Any]]:
        """Rows that have come since."""
        rows = [
            row
            for row in self._read(
                chosen.where(request_logs.c.id > self._newest - self._back).order_by(request_logs.c.id)
            )
            if row["id"] not in self._recent
        ]
        if rows:
            self._newest = max(self._newest, *(row["id"] for row in rows))
        if self._back:
            self._recent |= {row["id"] for row in rows}
            self._recent = {number for number in self._recent if number > self._newest - self._back}
        return rows

    def _read(self, query: Select[Any]) -> list[Mapping[str, Any]]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _as_json(row: Mapping[str, Any]) -> str:
    return json.dumps(dict(row), default=lambda value: value.isoformat() if isinstance(value, datetime) else str(value))


def line(row: Mapping[str, Any]) -> str:
    """One request in one line; what is not known is left out."""
    asked = row["model"] or "?"
    answered = "/".join(filter(None, (row["provider"], row["upstream_model"])))
    parts = [
        row["started_at"].astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        str(row["status"]),
        answered if answered in ("", asked) else f"{asked} -> {answered}",
        _tokens(row),
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
