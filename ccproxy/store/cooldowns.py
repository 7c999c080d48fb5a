"""What rests after failures: the board on which each worker reads what the others found.

Only kept here. What makes a target or a key rest, for how long, and what follows from it is the gateway's. A failure
of the database never reaches a request: it is reported, and each worker goes on with what it knows itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from ccproxy.store import version
from ccproxy.store.models import cooldowns
from ccproxy.store.report import Report, to_logging
from ccproxy.store.writer import Writer, is_the_database

WAIT_SECONDS = 0.25
"""How long a write waits for the database's lock. A request waits with it, and the news is worth no more."""

KEPT = timedelta(minutes=10)
"""For how long the end of a rest is kept that nobody came back to; its target may be gone for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """Somebody rests from `since` until `until`, both aware.

    `model` "" is all of the provider's, `key` "" is all of its keys; else it is a fingerprint, never the key. `status`
    is the provider's HTTP status, None where it gave none. `reason` may be shown to administrators.
    """

    provider: str
    model: str = ""
    key: str = ""
    reason: str
    status: int | None = None
    since: datetime
    until: datetime


class Cooldowns:
    """The table of rests. Reads happen where they are called, writes in a thread of their own."""

    def __init__(self, engine: Engine, report: Report = to_logging) -> None:
        self._engine = engine
        self._report = report
        self._writer = Writer(engine, WAIT_SECONDS)
        self._version = version.VersionReader(engine, version.RESTS)
        self._seen: int | None = None

    def news(self) -> tuple[Cooldown, ...] | None:
        """All rests, ended ones included (those are half-open until somebody drops them), if something has changed.

        None where nothing has since the last call, or the database cannot be read: what was read before would pass for
        news. Where there is none it costs some microseconds.
        """
        try:
            now = self._version.read()
            if now == self._seen:
                return None
            with self._engine.connect() as connection:
                rows = connection.execute(select(cooldowns)).all()
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._report("cool-downs cannot be read", error=str(error))
            return None
        self._seen = now
        return tuple(Cooldown(**row._mapping) for row in rows)

    def put(self, cooldown: Cooldown) -> bool:
        """Keep it in place of what is known of the same target and key. False: not now, for the database is busy."""
        columns = {name: getattr(cooldown, name) for name in Cooldown.__dataclass_fields__}

        def work(connection: Connection) -> bool:
            connection.execute(delete(cooldowns).where(_which(cooldown.provider, cooldown.model, cooldown.key)))
            connection.execute(delete(cooldowns).where(cooldowns.c.until < cooldown.since - KEPT))
            connection.execute(insert(cooldowns).values(columns))
            version.bump(connection, version.RESTS)
            return True

        return self._write(work, False)

    def drop(self, provider: str, model: str, key: str) -> bool:
        """It is in service again. False as for `put`."""

        def work(connection: Connection) -> bool:
            if connection.execute(delete(cooldowns).where(_which(provider, model, key))).rowcount:
                version.bump(connection, version.RESTS)
            return True

        return self._write(work, False)

    def claim(self, provider: str, model: str, key: str, now: datetime, until: datetime) -> bool:
        """Whether the caller may probe: where the rest is over at `now`, it is moved on to `until`, once for all.

        Of all processes that ask, one gets True; the others see a rest that is not over. True as well where nothing is
        known of it, for then it is in service, and where the database cannot be asked.
        """
        which = _which(provider, model, key)

        def work(connection: Connection) -> bool:
            moved = update(cooldowns).where(which, cooldowns.c.until <= now).values(until=until)
            if connection.execute(moved).rowcount:
                version.bump(connection, version.RESTS)
                return True
            return connection.execute(select(cooldowns.c.key).where(which)).first() is None

        return self._write(work, True)

    def close(self) -> None:
        """Give back the thread and the connection; both come again when they are needed."""
        self._version.close()
        self._writer.close()

    def _write(self, work: Callable[[Connection], bool], busy: bool) -> bool:
        """What `work` gives; `busy` where the database does not take it now.

        True for what it will never take, such as a name that is too long for its index: nobody should try again.
        """
        try:
            return self._writer.run(work)
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._report("cool-downs cannot be written", error=str(error))
            return busy if is_the_database(error) else True


def _which(provider: str, model: str, key: str) -> ColumnElement[bool]:
    return and_(cooldowns.c.provider == provider, cooldowns.c.model == model, cooldowns.c.key == key)
