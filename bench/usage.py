"""What it costs to keep the log and to ask it: a month with a million requests on SQLite, in this process.

First the writer: batches of requests with their roll-ups into a database of its own. Then the month: pages of `/logs`
by every filter, alone and with another, from the top and from the middle; `/usage` of 30 days, by hours and by minutes
too; and old rows deleted.
Each question opens its own connection, as the server does.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine

from bench import history as month
from ccproxy.errors import InvalidRequest
from ccproxy.store import history, usage
from ccproxy.store.history import Filters, Position
from ccproxy.store.logbook import BATCH_ROWS, RequestRow, _insert
from ccproxy.store.migrations import migrate
from ccproxy.store.models import request_logs
from ccproxy.store.retention import STEP_ROWS, _delete
from ccproxy.store.session import open_engine, write_engine

PAGE_MS = 100.0
USAGE_MS = 200.0
"""Milliseconds that any page, and any usage of 30 days, may take."""
BATCHES = 100
ROUNDS = 3


class Cost(NamedTuple):
    """Milliseconds of one kind of question: the median of all of them, and the longest."""

    what: str
    count: int
    median: float
    longest: float
    limit: float | None = None


class Costs(NamedTuple):
    """What was measured; `rows` are rows per second of one worker's log writer."""

    rows: float
    megabytes: float
    questions: list[Cost]


def costs(rows: int = month.ROWS, batches: int = BATCHES) -> Costs:
    """Make the databases in a folder that goes away with them, and ask."""
    with tempfile.TemporaryDirectory() as folder:
        writing = _write(Path(folder) / "written.db", batches)
        path = Path(folder) / "month.db"
        engine = month.make(path, rows)
        megabytes = path.stat().st_size / 2**20
        return Costs(writing, megabytes, [_pages(engine), *_usage(engine), _deletes(engine)])


def table(found: Costs) -> str:
    """The costs as text."""
    lines = [f"{f'the log, {found.megabytes:,.0f} MB, ms per question':<44}{'number':>8}{'p50':>8}{'longest':>9}"]
    for one in found.questions:
        limit = f"  of at most {one.limit:g}" if one.limit is not None else ""
        lines.append(f"{one.what:<44}{one.count:>8}{one.median:>8.1f}{one.longest:>9.1f}{limit}")
    return "\n".join([*lines, f"the log writer keeps {found.rows:,.0f} requests a second, roll-ups included"])


def _write(path: Path, batches: int) -> float:
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    kept = [[_row(batch * BATCH_ROWS + number) for number in range(BATCH_ROWS)] for batch in range(batches)]
    writing = write_engine(engine)
    with _held(engine):
        began = time.perf_counter()
        for batch in kept:
            with writing.begin() as connection:
                _insert(connection, batch)
        return batches * BATCH_ROWS / (time.perf_counter() - began)


@contextmanager
def _held(engine: Engine) -> Iterator[None]:
    """A worker always has a connection open; without one, SQLite would tidy up after each question."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT version FROM config_version").all()
        connection.rollback()
        yield


def _row(number: int) -> RequestRow:
    way = number * 2654435761 % 2**32 // 128 % month.WAYS
    provider, model = f"provider-{way % month.PROVIDERS}", f"model-{way % month.MODELS}"
    attempt = {"provider": provider, "model": model, "key": "0123456789ab", "started_ms": 1.5, "ended_ms": 900.0}
    return RequestRow(
        request_id=str(uuid.uuid4()),
        started_at=month.END + timedelta(seconds=number / 10),
        caller=f"key-{way % month.KEYS}",
        client_ip="10.0.0.7",
        provider=provider,
        model="claude-opus-5-5",
        upstream_model=model,
        route=f"route-{way // 3 % month.ROUTES}",
        stream=True,
        status=200,
        stop_reason="end_turn",
        input_tokens=1200,
        output_tokens=300,
        cache_read_input_tokens=30_000,
        ttft_ms=100.0 + way,
        duration_ms=900.0 + way * 20,
        attempts=[attempt | {"status": 200, "error_type": None}],
        session_id=f"00000000-0000-4000-8000-{number // 40:012}",
        user_agent="claude-cli/2.1.0 (external, cli)",
        client=month.CLIENTS[way // 7 % len(month.CLIENTS)],
        cost_usd=0.0123,
    )


FILTERS: tuple[dict[str, Any], ...] = (
    *({name: f"{name}-3"} for name in ("key", "provider", "model", "route")),
    *({name: "none"} for name in ("model", "route", "client", "error_type", "error")),
    {"client": "zed"},
    {"session": "00000010-0000-4000-8000-000000000003"},
    {"statuses": (500, 599)},
    {"statuses": (404, 404)},
    {"error": "http 52"},
    {"min_duration_ms": 1e9},
    {"since": month.END - timedelta(days=20), "until": month.END - timedelta(days=10)},
)


def _pages(engine: Engine) -> Cost:
    asked = [{}, *FILTERS, *(one | other for one, other in combinations(FILTERS, 2))]
    middle = Position(month.END - timedelta(days=month.DAYS / 2), 0)
    return _cost(
        "/logs, a page by each filter and each two",
        engine,
        (
            lambda connection, filters=filters, after=after: history.page(connection, Filters(**filters), 50, after)
            for filters in asked
            for after in (None, middle)
        ),
        PAGE_MS,
    )


NAMED: tuple[dict[str, str], ...] = ({}, {"key": "key-3"}, {"provider": "provider-1"}, {"client": "zed"})


def _usage(engine: Engine) -> list[Cost]:
    month_, week, minutes = timedelta(days=30), timedelta(days=7), usage.MOST_MINUTES
    names = (*usage.DIMENSIONS, "day")
    plain = [(), *((name,) for name in names), *combinations(names, 2), usage.DIMENSIONS]
    hourly = [("hour",), *(("hour", name) for name in usage.DIMENSIONS)]
    mixed = [("hour", *two) for two in combinations(usage.DIMENSIONS, 2)]
    by_minute = [("minute",), *(("minute", name) for name in usage.DIMENSIONS)]
    alone = [*_questions(hourly, month_), *_questions([("hour",)], month_, NAMED)]
    return [
        _cost("/usage of 30 days, by each and each two", engine, _questions(plain, month_, NAMED), USAGE_MS),
        _cost("/usage of 30 days, hour by hour", engine, alone, USAGE_MS),
        _cost("/usage of 7 days, hour by hour by two more", engine, _questions(mixed, week)),
        _cost("/usage of 3 hours, minute by minute", engine, _questions(by_minute, minutes, NAMED), USAGE_MS),
    ]


def _questions(
    groups: Iterable[tuple[str, ...]], span: timedelta, filters: Iterable[dict[str, str]] = ({},)
) -> Iterator[Callable[[Connection], Any]]:
    now = month.END - timedelta(hours=9, minutes=30)  # so that neither end is a whole day
    for by in groups:
        for where in filters:
            yield partial(_ask, question=usage.Question(since=now - span, until=now, by=by, where=where), now=now)


def _ask(connection: Connection, question: usage.Question, now: datetime) -> None:
    with suppress(InvalidRequest):  # more rows than one answer has: to find that out costs time too
        usage.ask(connection, question, now)


def _deletes(engine: Engine) -> Cost:
    before = month.END - timedelta(days=month.DAYS - 1)
    column = request_logs.c.started_at
    engine = write_engine(engine)
    steps = (lambda connection: _delete(connection, request_logs, column, before) for _ in range(20))
    return _cost(f"{STEP_ROWS} old rows deleted, while writers wait", engine, steps, rounds=1)


def _cost(
    what: str,
    engine: Engine,
    questions: Iterable[Callable[[Connection], Any]],
    limit: float | None = None,
    rounds: int | None = None,
) -> Cost:
    """The best of some rounds of each question: what else the machine does is not what is asked for."""
    times = []
    with _held(engine):
        for question in questions:
            best = float("inf")
            for _ in range(rounds or ROUNDS):
                began = time.perf_counter()
                with engine.begin() as connection:
                    question(connection)
                best = min(best, time.perf_counter() - began)
            times.append(best * 1000)
    return Cost(what, len(times), statistics.median(times), max(times), limit)


if __name__ == "__main__":
    print(table(costs()))
