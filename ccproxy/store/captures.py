"""Captured bodies: compressed, encrypted and written beside the hub by one greenlet of each worker, and read again.

Whoever keeps one never waits: what is not written yet is bounded by its bytes, and what is too much is dropped and
counted. Nobody reads one without the audit's knowing. Bodies reach the database without keys; how those are taken out
is handed in. Which requests are captured, and for how long, is not known here.
"""

from __future__ import annotations

import json
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import gevent
from gevent.event import Event
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import DBAPIError

from ccproxy.store import audit
from ccproxy.store.audit import Actor
from ccproxy.store.models import captures, request_logs
from ccproxy.store.report import Report, to_logging
from ccproxy.store.storage import used_bytes
from ccproxy.store.thread import Thread
from ccproxy.store.vault import Undecryptable, Vault
from ccproxy.store.writer import Writer, is_the_database

QUEUE_BYTES = 64 * 1024 * 1024
"""Bytes that wait for being written; one capture is always taken, however large."""
BATCH = 20
BATCH_BYTES = 4 * 1024 * 1024
"""What is written in one transaction, unless one alone is larger: whoever else wants to write waits meanwhile."""
BATCH_SECONDS = 0.5
"""Longer than the request log waits, so that a request that is captured has its row."""
RETRY_SECONDS = 1.0

T = TypeVar("T")

_LEVEL = 3  # conversations shrink to a third; more effort gains a tenth


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One request's bodies as they went over the wire. `captured_at` is aware, header names are lower case.

    `answer` is JSON or an event stream, empty where nothing was sent; `truncated`: it was longer.
    """

    request_id: str
    captured_at: datetime
    headers: Mapping[str, str] = field(repr=False)
    request: bytes = field(repr=False)
    answer: bytes = field(default=b"", repr=False)
    truncated: bool = False

    @property
    def streamed(self) -> bool:
        """Whether the answer is an event stream."""
        return self.answer.lstrip()[:1] not in (b"", b"{")

    @property
    def size(self) -> int:
        """Bytes of both bodies."""
        return len(self.request) + len(self.answer)


class NoRoom(Exception):
    """The database is as large as it may be."""


class Captures:
    """The queue, its writer and the table. `start` belongs into a worker process, `stop` to its end.

    `cleaned` takes keys out of a capture: `secrets` says those that are known, asked on the hub for each. Where more
    than `most_bytes` of the database would be in use, no more of them go into it. `report` is called when captures are
    lost or the database does not take them.
    """

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        cleaned: Callable[[Capture, Sequence[str]], Capture],
        secrets: Callable[[], Sequence[str]] = tuple,
        *,
        limit: int = QUEUE_BYTES,
        most_bytes: int | None = None,
        report: Report = to_logging,
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._cleaned = cleaned
        self._secrets = secrets
        self._limit = limit
        self._most_bytes = most_bytes
        self._full = False
        self._report = report
        self._writer = Writer(engine)
        self._packing = Thread()
        self._reading = Thread()
        self._waiting: deque[Capture] = deque()
        self._packed: list[tuple[dict[str, Any], int]] = []
        self._bytes = 0
        self._wake = Event()
        self._stopping = Event()
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self._dropped = 0
        self._reported = 0

    @property
    def queued(self) -> int:
        """Captures that are not in the database yet."""
        return len(self._waiting) + len(self._packed)

    @property
    def queued_bytes(self) -> int:
        """What the bodies of those take in memory."""
        return self._bytes

    @property
    def dropped(self) -> int:
        """Captures lost since this object was made."""
        return self._dropped

    def keep(self, capture: Capture) -> None:
        """Take the capture, or drop and count it when too much is waiting. Never waits, never raises."""
        if self._bytes and self._bytes + capture.size > self._limit:
            self._dropped += 1
        else:
            self._bytes += capture.size
            self._waiting.append(capture)
        self._wake.set()

    def start(self) -> None:
        """Spawn the writer greenlet, once for each process."""
        if self._greenlet is None or self._greenlet.dead:
            self._stopping.clear()
            self._greenlet = gevent.spawn(self._run)

    def stop(self, timeout: float = 5.0) -> None:
        """Write what waits and end the writer, within `timeout` seconds; what is left then counts as dropped.

        May be called again, also meanwhile.
        """
        self._stopping.set()
        self._wake.set()
        writer = self._greenlet = self._greenlet or gevent.spawn(self._run)
        writer.join(timeout)
        writer.kill()  # and waited for: it may have written just now
        self._greenlet = None
        self._dropped += self.queued
        self._waiting.clear()
        self._packed.clear()
        self._bytes = 0
        self._report_drops()

    def find(
        self,
        request_id: str,
        then: Callable[[Capture, Mapping[str, Any] | None], T],
        actor: Actor,
        target: str | None = None,
    ) -> T | None:
        """What `then` makes of a request's capture, and of its row in the log if that is there; None without a capture.

        The audit is told first whose words `actor` reads, and for which `target` they are to be sent again if they are.
        All of it happens in threads: blocks the calling greenlet, not its hub. Raises what `then` raises,
        Undecryptable, and SQLAlchemy's errors.
        """
        found = self._reading.run(lambda: self._find(request_id))
        if found is None:
            return None
        capture, row = found
        self._writer.run(lambda connection: _tell(connection, actor, request_id, row, target))
        return self._reading.run(lambda: then(capture, row))

    def close(self) -> None:
        """End the threads once they are idle; they come again when they are needed."""
        for one in (self._writer, self._packing, self._reading):
            one.close()

    def _find(self, request_id: str) -> tuple[Capture, Mapping[str, Any] | None] | None:
        with self._engine.connect() as connection:
            found = connection.execute(select(captures).where(captures.c.request_id == request_id)).first()
            if found is None:
                return None
            row = connection.execute(select(request_logs).where(request_logs.c.request_id == request_id)).first()
        capture = Capture(
            request_id=found.request_id,
            captured_at=found.captured_at,
            headers=json.loads(self._unpacked(found.headers)) if found.headers else {},
            request=self._unpacked(found.request),
            answer=self._unpacked(found.answer) if found.answer else b"",
            truncated=found.truncated,
        )
        return capture, None if row is None else dict(row._mapping)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._stopping.wait(BATCH_SECONDS)
            self._wake.clear()
            while self.queued and self._write_batch():
                pass
            self._report_drops()
            if self._stopping.is_set() and not self.queued:
                return
            if self.queued:  # the database did not take them
                self._stopping.wait(RETRY_SECONDS)
                gevent.sleep(0.05)
                self._wake.set()

    def _write_batch(self) -> bool:
        """Write the head of the queue; False when the database does not take it now."""
        try:
            while self._waiting and len(self._packed) < BATCH and self._packed_size < BATCH_BYTES:
                self._pack(self._waiting[0])
            rows = [row for row, _ in self._packed]
            if rows:
                self._writer.run(lambda connection: self._insert(connection, rows))
                self._full = False
        except NoRoom:
            self._dropped += len(self._packed)
            if not self._full:  # said once, and then only how many are lost
                self._full = True
                self._report("the database is as large as it may be: nothing is captured", most_bytes=self._most_bytes)
        except Exception as error:  # noqa: BLE001 - what cannot be written must not end the writer
            cause = error.orig if isinstance(error, DBAPIError) else error
            self._report("captured bodies cannot be written", error=type(cause).__name__, queued=self.queued)
            if is_the_database(error):
                return False
            self._dropped += len(self._packed)
        self._bytes -= sum(size for _, size in self._packed)
        self._packed.clear()
        return True

    @property
    def _packed_size(self) -> int:
        return sum(row["size"] for row, _ in self._packed)

    def _insert(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Raises NoRoom: retention deletes now and then, and the disk may be full before."""
        if self._most_bytes is not None and (used_bytes(connection) or 0) + self._packed_size > self._most_bytes:
            raise NoRoom
        connection.execute(insert(captures), rows)

    def _pack(self, capture: Capture) -> None:
        """Move the capture from those that wait to those that are packed; what nothing can be made of is dropped."""
        try:
            secrets = self._secrets()
            row = self._packing.run(lambda: self._row(self._cleaned(capture, secrets)))
        except Exception as error:  # noqa: BLE001 - better none than one with a key in it
            self._report("a capture was refused", request_id=capture.request_id, error=type(error).__name__)
            self._dropped += 1
            self._bytes -= capture.size
        else:
            self._packed.append((row, capture.size))
        self._waiting.popleft()

    def _row(self, capture: Capture) -> dict[str, Any]:
        bodies = {
            "headers": self._packed_bytes(json.dumps(dict(capture.headers)).encode()),
            "request": self._packed_bytes(capture.request),
            "answer": self._packed_bytes(capture.answer) if capture.answer else None,
        }
        return {
            "request_id": capture.request_id,
            "captured_at": capture.captured_at,
            "truncated": capture.truncated,
            "size": sum(len(body) for body in bodies.values() if body is not None),
            **bodies,
        }

    def _packed_bytes(self, data: bytes) -> bytes:
        return self._vault.encrypt_bytes(zlib.compress(data, _LEVEL))

    def _unpacked(self, token: bytes) -> bytes:
        try:
            return zlib.decompress(self._vault.decrypt_bytes(token))
        except zlib.error:
            raise Undecryptable from None

    def _report_drops(self) -> None:
        if self._dropped > self._reported:
            self._report("captured bodies dropped", dropped=self._dropped - self._reported, total=self._dropped)
            self._reported = self._dropped


def _tell(
    connection: Connection, actor: Actor, request_id: str, row: Mapping[str, Any] | None, target: str | None
) -> None:
    """Have the audit know who reads whose words; the log may have lost whose they are."""
    told = [] if row is None else [f"a request of {row['caller']}"]
    if target is not None:
        told.append(f"to {target}")
    action = "capture.read" if target is None else "capture.replay"
    audit.record(connection, actor, action, request_id, detail=", ".join(told) or None)
