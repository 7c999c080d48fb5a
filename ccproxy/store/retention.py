"""How long things are kept: what is too old goes, and the oldest where the database is too large.

One worker at a time sees to it (table `chores`), by deletes so small that whoever else wants to write waits for some
milliseconds, with pauses between them. What is deleted leaves room inside SQLite's file, which the next rows fill; the
file itself grows no smaller. The audit trail is never touched, and neither are the days of the usage.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import gevent
from gevent.event import Event
from sqlalchemy import Connection, Engine, Table, bindparam, delete, func, select, text, tuple_, update
from sqlalchemy.exc import SQLAlchemyError

from ccproxy.store.models import captures, chores, request_logs, usage_hours, usage_hours_by
from ccproxy.store.report import Report, to_logging
from ccproxy.store.rollups import HOUR
from ccproxy.store.storage import used_bytes
from ccproxy.store.usage import HOURS_KEPT
from ccproxy.store.writer import Writer

CHORE = "retention"
EVERY = timedelta(minutes=5)
FIRST_SECONDS = 20.0
"""After a worker's start, which has more urgent things to do."""
MOST_SECONDS = 240.0
"""A round goes on with the next one, before another worker could think that it has died."""
STEP_ROWS = 200
STEP_CAPTURES = 20
STEP_BYTES = 4 * 1024 * 1024
"""They hold whole conversations, which SQLite may write over with zeros."""
PAUSE_SECONDS = 0.05
KEPT_FREE = 16
"""Of so many parts of what the database may have, one is made free for what comes before the next round."""
SPARED_ROWS = 1_000
"""So many of the newest stay however large the database is: then it is not the log that fills it."""
_EVER = datetime.max.replace(tzinfo=UTC)

_KNOWN = text("INSERT INTO chores (name, begun_at) VALUES (:name, :begun_at) ON CONFLICT (name) DO NOTHING").bindparams(
    *(bindparam(column.name, type_=column.type) for column in chores.columns)
)


class Retention:
    """`start` belongs into a worker process, `stop` to its end; `sweep` is one round, whoever's turn it is."""

    def __init__(
        self, engine: Engine, log_days: int, capture_days: int, most_bytes: int, report: Report = to_logging
    ) -> None:
        self._writer = Writer(engine)
        self._log = timedelta(days=log_days)
        self._captures = timedelta(days=capture_days)
        self.most_bytes = most_bytes
        self._report = report
        self._stopping = Event()
        self._greenlet: gevent.Greenlet[..., None] | None = None

    def start(self) -> None:
        """Spawn the greenlet, once for each process."""
        if self._greenlet is None or self._greenlet.dead:
            self._stopping.clear()
            self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """End it after the delete that is running, if one is. Does not wait."""
        self._stopping.set()

    def sweep(self, now: datetime) -> int:
        """How many rows went, for they were too old or the database too large."""
        gone = 0
        deadline = time.monotonic() + MOST_SECONDS
        for step in self._steps(now):
            while not self._stopping.is_set() and time.monotonic() < deadline:
                found = self._writer.run(step)
                gone += found
                if not found:
                    break
                self._stopping.wait(PAUSE_SECONDS)
        return gone

    def claim(self, now: datetime) -> bool:
        """Whether this worker's turn has come: once in EVERY, of all workers one gets True."""

        def work(connection: Connection) -> bool:
            mine = chores.c.name == CHORE
            never = {"name": CHORE, "begun_at": datetime(1970, 1, 1, tzinfo=UTC)}
            connection.execute(_KNOWN, never)
            moved = update(chores).where(mine, chores.c.begun_at <= now - EVERY).values(begun_at=now)
            return connection.execute(moved).rowcount == 1

        return self._writer.run(work)

    def _run(self) -> None:
        self._stopping.wait(FIRST_SECONDS)
        while not self._stopping.is_set():
            try:
                if self.claim(datetime.now(UTC)):
                    self.sweep(datetime.now(UTC))
            except (SQLAlchemyError, sqlite3.Error) as error:
                self._report("old rows cannot be deleted", error=str(getattr(error, "orig", None) or error))
            self._stopping.wait(EVERY.total_seconds() / 4)

    def _steps(self, now: datetime) -> Iterator[Callable[[Connection], int]]:
        """Each deletes a little and says how many rows that was, 0 where nothing is left to do."""
        last_hour = int((now - HOURS_KEPT).timestamp()) // HOUR
        yield lambda connection: _delete_captures(connection, now - self._captures)
        yield lambda connection: _delete(connection, request_logs, request_logs.c.started_at, now - self._log)
        yield lambda connection: _delete(connection, usage_hours, usage_hours.c.hour, last_hour)
        yield lambda connection: _delete(connection, usage_hours_by, usage_hours_by.c.hour, last_hour)
        yield self._make_room

    def _make_room(self, connection: Connection) -> int:
        """Delete the oldest of what takes the most, while the database is larger than it may be, or nearly so."""
        used = used_bytes(connection)
        if used is None or used <= self.most_bytes - self.most_bytes // KEPT_FREE:
            return 0
        oldest = min(_oldest(connection), key=lambda one: one[0], default=None)
        if oldest is None:
            if used > self.most_bytes:
                self._report("the database is larger than CCPROXY_LOG_MAX_MB, and not for its log's sake", bytes=used)
            return 0
        _, table, dispensable = oldest
        if table is captures:
            return _delete_captures(connection, _EVER)
        return _delete(connection, table, request_logs.c.started_at, _EVER, dispensable)


def _oldest(connection: Connection) -> Iterator[tuple[datetime, Table, int]]:
    """When what takes the most began, and how many of it may go now, where any may."""
    for table, column, spared in (
        (request_logs, request_logs.c.started_at, SPARED_ROWS),
        (captures, captures.c.captured_at, 0),
    ):
        some = select(column).limit(spared + STEP_ROWS).subquery()
        dispensable = connection.execute(select(func.count()).select_from(some)).scalar_one() - spared
        if dispensable > 0:
            yield connection.execute(select(func.min(column))).scalar_one(), table, dispensable


def _delete(connection: Connection, table: Table, column: Any, before: Any, most: int = STEP_ROWS) -> int:
    """The first rows that lie before, in the order of the column's index."""
    columns = [*table.primary_key.columns]
    key: Any = tuple_(*columns) if columns[1:] else columns[0]
    oldest = select(*columns).where(column < before).order_by(column).limit(min(most, STEP_ROWS))
    return connection.execute(delete(table).where(key.in_(oldest))).rowcount


def _delete_captures(connection: Connection, before: datetime) -> int:
    """The first that were captured before, as many as are not too large together; one at least."""
    which, size = captures.c.request_id, captures.c.size
    oldest = select(which, size).where(captures.c.captured_at < before).order_by(captures.c.captured_at)
    chosen: list[str] = []
    room = STEP_BYTES
    for request_id, taken in connection.execute(oldest.limit(STEP_CAPTURES)):
        if chosen and taken > room:
            break
        chosen.append(request_id)
        room -= taken
    return connection.execute(delete(captures).where(which.in_(chosen))).rowcount if chosen else 0
