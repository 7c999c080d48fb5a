"""The request log: one row for each request, written in batches by one greenlet of each worker.

Whoever records never waits: rows go into a bounded queue, and when it is full they are dropped and counted. The
writer greenlet takes up to a batch at a time and has it written on a native thread (`writer`). A database that is
locked, full or gone keeps the rows waiting; nothing ends the writer but `stop`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

import gevent
from gevent.event import Event
from sqlalchemy import Connection, Engine, update
from sqlalchemy.exc import DBAPIError

from ccproxy.store import answers, rollups
from ccproxy.store.models import CLIENT_CLOSED, request_logs, request_totals
from ccproxy.store.report import Report, to_logging
from ccproxy.store.writer import Writer, is_the_database

QUEUE_ROWS = 10_000
"""Some 15 seconds of a busy worker, and some 10 MB."""
BATCH_ROWS = 200
BATCH_SECONDS = 0.2
RETRY_SECONDS = 1.0
USE_SECONDS = 60.0
"""How exactly it is kept when a key was last used, where no row tells it."""


@dataclass(slots=True, kw_only=True)
class RequestRow:
    """What is kept of one request: no key, no prompt, no answer. Times are aware, durations in milliseconds.

    `model` is as asked, `provider` and `upstream_model` are the last target's. `error_type` is an Anthropic error
    type, None for a success; `error` says it in words of ours. `ttft_ms` is the time to the first byte of meaning.
    `client` is the program that asked. `cost_usd` is None where no price is known for what was used. `replay_of` is
    the id of the request that this one was sent again for.
    """

    request_id: str
    started_at: datetime
    caller: str | None = None
    client_ip: str | None = None
    provider: str | None = None
    model: str | None = None
    upstream_model: str | None = None
    route: str | None = None
    stream: bool = False
    status: int = 0
    error_type: str | None = None
    stop_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    thinking_tokens: int | None = None
    usage_estimated: bool = False
    ttft_ms: float | None = None
    duration_ms: float = 0.0
    dropped: list[str] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    session_id: str | None = None
    user_agent: str | None = None
    client: str | None = None
    error: str | None = None
    cost_usd: float | None = None
    replay_of: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it failed; where the client left, nobody did."""
        return self.error_type is not None and self.status != CLIENT_CLOSED

    @property
    def unpriced(self) -> bool:
        """Whether it used what nobody knows a price of."""
        return self.cost_usd is None and bool(self.input_tokens or self.output_tokens)

    def to_dict(self) -> dict[str, Any]:
        """Column to value. Lists are not copied."""
        return dict(zip(_COLUMNS, _VALUES(self), strict=True))


_COLUMNS = tuple(column.name for column in fields(RequestRow))
_VALUES = attrgetter(*_COLUMNS)


class Logbook:
    """The queue and its writer. `start` belongs into a worker process, `stop` to its end; `record` to any greenlet.

    Rows that were recorded before `start` wait for it. `report` is called, not for each row, when rows are lost or
    the database does not take them.
    """

    def __init__(self, engine: Engine, *, limit: int = QUEUE_ROWS, report: Report = to_logging) -> None:
        self._writer = Writer(engine)
        self._limit = limit
        self._report = report
        self._rows: deque[RequestRow] = deque()
        self._wake = Event()
        self._stopping = Event()
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self._dropped = 0
        self._reported = 0
        self._seen: dict[str, datetime] = {}
        self._uses: dict[str, datetime] = {}

    @property
    def queued(self) -> int:
        """Rows that are not in the database yet."""
        return len(self._rows)

    @property
    def dropped(self) -> int:
        """Rows lost since this object was made."""
        return self._dropped

    def record(self, row: RequestRow) -> None:
        """Take the row, or drop and count it when the queue is full. Never waits, never raises."""
        if len(self._rows) >= self._limit:
            self._dropped += 1
            return
        self._rows.append(row)
        if not self._wake.is_set():
            self._wake.set()

    def used(self, key: str, now: datetime) -> None:
        """Note that a key is in use: there is no row of most that it may do. Never waits, never raises."""
        seen = self._seen.get(key)
        if seen is None or (now - seen).total_seconds() >= USE_SECONDS:
            self._seen[key] = self._uses[key] = now
            self._wake.set()

    def start(self) -> None:
        """Spawn the writer greenlet, once for each process."""
        if self._greenlet is None or self._greenlet.dead:
            self._stopping.clear()
            self._greenlet = gevent.spawn(self._run)

    def stop(self, timeout: float = 5.0) -> None:
        """Write what is queued and end the writer, within `timeout` seconds; what is left then counts as dropped.

        May be called again, also meanwhile.
        """
        self._stopping.set()
        self._wake.set()
        writer = self._greenlet = self._greenlet or gevent.spawn(self._run)
        writer.join(timeout)
        writer.kill()  # and waited for: it may have written just now
        self._greenlet = None
        self._dropped += len(self._rows)
        self._rows.clear()
        self._report_drops()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            # A batch may grow for a moment, unless it is full or the end has come.
            if len(self._rows) < BATCH_ROWS:
                self._stopping.wait(BATCH_SECONDS)
            self._wake.clear()
            while (self._rows or self._uses) and self._write_batch():
                pass
            self._report_drops()
            if self._stopping.is_set() and not self._rows:
                return
            if self._rows or self._uses:  # the database did not take them
                self._stopping.wait(RETRY_SECONDS)
                gevent.sleep(0.05)
                self._wake.set()

    def _write_batch(self) -> bool:
        """Write the head of the queue; False when the database does not take rows now. They leave it only when kept."""
        batch = [self._rows[index] for index in range(min(len(self._rows), BATCH_ROWS))]
        uses = dict(self._uses)
        try:
            if uses:
                self._writer.run(lambda connection: rollups.note_uses(connection, uses))
                self._uses = {key: at for key, at in self._uses.items() if uses.get(key) != at}
            try:
                if batch:
                    self._writer.run(lambda connection: _insert(connection, batch))
            except Exception as error:
                if is_the_database(error):
                    raise
                self._write_singly(batch)
        except Exception as error:  # noqa: BLE001 - a log that cannot be written must not end the writer
            cause = error.orig if isinstance(error, DBAPIError) else error
            self._report("request log cannot be written", error=str(cause), queued=len(self._rows))
            return False
        for _ in batch:
            self._rows.popleft()
        return True

    def _write_singly(self, batch: Sequence[RequestRow]) -> None:
        def work(connection: Connection) -> list[tuple[RequestRow, Exception]]:
            refused = []
            for row in batch:
                try:
                    with connection.begin_nested():
                        _insert(connection, [row])
                except Exception as error:
                    if is_the_database(error):
                        raise
                    refused.append((row, error))
            return refused

        refused = self._writer.run(work)
        self._dropped += len(refused)
        for row, error in refused:
            self._report("request log row refused", request_id=row.request_id, error=type(error).__name__)

    def _report_drops(self) -> None:
        if self._dropped > self._reported:
            self._report("request log rows dropped", dropped=self._dropped - self._reported, total=self._dropped)
            self._reported = self._dropped


def _insert_rows(connection: Connection, rows: Sequence[RequestRow]) -> None:
    """For the driver itself, as in `rollups`: here too SQLAlchemy would take the longest of all."""
    dialect = connection.dialect
    values: list[Any] = [*zip(*map(_VALUES, rows), strict=True)]
    for place, name in enumerate(_COLUMNS):
        written = request_logs.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        if written is not None:
            values[place] = map(written, values[place])
    marks = ", ".join(["?" if dialect.name == "sqlite" else "%s"] * len(_COLUMNS))
    statement = f"INSERT INTO request_logs ({', '.join(_COLUMNS)}) VALUES ({marks})"  # noqa: S608 - words of ours
    connection.exec_driver_sql(statement, [*zip(*values, strict=True)])


def _insert(connection: Connection, rows: Sequence[RequestRow]) -> None:
    """The rows and what they add to."""
    _insert_rows(connection, rows)
    answers.note(connection, ((row.started_at, row.attempts) for row in rows))
    rollups.count(connection, rows)
    failed = sum(row.failed for row in rows)
    connection.execute(
        update(request_totals).values(total=request_totals.c.total + len(rows), failed=request_totals.c.failed + failed)
    )
