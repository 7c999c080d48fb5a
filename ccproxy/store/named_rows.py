"""Rows that administrators know by name: providers, routes and client keys.

What they have in common is here: each write moves the version and is told to the audit in its own transaction, two
that create the same name make one row, and what a start offers is created once. What a row means is its table's own
module's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from ccproxy.errors import NotFound, Unavailable
from ccproxy.store import version
from ccproxy.store.audit import Actor, Trail
from ccproxy.store.report import Report
from ccproxy.store.writer import T, Writer

OFFERED = "offered by the configuration of a start"
"""What the audit says of rows that no administrator created."""


class NamedRows:
    """One table of them, whose writes move the row `version_row` of the versions. `noun` is what a row is called.

    `seeded` is the table of the names that starts have offered; it is needed for `add_missing` only. `trail` gets to
    know of every write, and who did it. Everything that takes a connection is for the work that `write` runs.
    """

    def __init__(
        self,
        engine: Engine,
        table: Table,
        noun: str,
        report: Report,
        *,
        trail: Trail[Any],
        seeded: Table | None = None,
        version_row: int = version.CONFIG,
    ) -> None:
        self._table = table
        self._seeded = seeded
        self._version_row = version_row
        self._noun = noun
        self._report = report
        self._trail = trail
        self._writer = Writer(engine)

    def write(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, run in one transaction. Raises what it raises, and Unavailable for a busy database."""
        try:
            return self._writer.run(work)
        except OperationalError as error:
            self._report(f"{self._noun}s cannot be written", error=str(error.orig))
            raise Unavailable(f"the {self._noun} database is busy or cannot be written", retry_after=1) from error

    def save(
        self, name: str, create: Callable[[Connection], T], change: Callable[[Connection, Row[Any]], T]
    ) -> tuple[T, bool]:
        """Write the row of that name by `create` or by `change`; the flag says whether it was created."""

        def work(connection: Connection) -> tuple[T, bool]:
            try:
                row = self.get(connection, name)
            except NotFound:
                return create(connection), True
            return change(connection, row), False

        return self._again_if_raced(work)

    def add_missing(
        self, offered: Iterable[Mapping[str, Any]], create: Callable[[Connection, Mapping[str, Any]], object]
    ) -> tuple[str, ...]:
        """Create what was never offered before and is not there, and return the names that are new."""
        by_name = {fields["name"]: fields for fields in offered}
        seeded = self._seeded
        if not by_name or seeded is None:
            return ()

        def work(connection: Connection) -> tuple[str, ...]:
            known = set(connection.execute(select(seeded.c.name)).scalars())
            present = set(connection.execute(select(self._table.c.name)).scalars())
            first_seen = [name for name in by_name if name not in known]
            created = [name for name in first_seen if name not in present]
            for name in created:
                create(connection, by_name[name])
            if first_seen:
                now = datetime.now(UTC)
                connection.execute(insert(seeded), [{"name": name, "seeded_at": now} for name in first_seen])
            return tuple(created)

        return self._again_if_raced(work)

    def all(self, connection: Connection) -> Sequence[Row[Any]]:
        """All rows in the order of their creation."""
        return connection.execute(select(self._table).order_by(self._table.c.id)).all()

    def get(self, connection: Connection, name: str) -> Row[Any]:
        """The row of that name, for a write: nobody else changes it before this transaction ends. Raises NotFound."""
        row = connection.execute(select(self._table).where(self._table.c.name == name).with_for_update()).one_or_none()
        if row is None:
            raise NotFound(f"no {self._noun} named {name!r}")
        return row

    def insert(
        self, connection: Connection, columns: Mapping[str, Any], actor: Actor, detail: str | None = None
    ) -> Row[Any]:
        """A new row, its times now. `detail` is for the audit."""
        now = datetime.now(UTC)
        connection.execute(insert(self._table).values({**columns, "created_at": now, "updated_at": now}))
        version.bump(connection, self._version_row)
        row = self.get(connection, columns["name"])
        self._trail.created(connection, row, actor, detail)
        return row

    def update(
        self, connection: Connection, row: Row[Any], columns: Mapping[str, Any], actor: Actor, verb: str = "change"
    ) -> Row[Any]:
        """The row with these columns changed, `updated_at` now. `verb` is what the audit calls it."""
        values = {**columns, "updated_at": datetime.now(UTC)}
        connection.execute(update(self._table).where(self._table.c.id == row.id).values(values))
        version.bump(connection, self._version_row)
        changed = self.get(connection, columns.get("name", row.name))
        self._trail.changed(connection, row, changed, actor, verb)
        return changed

    def delete(self, name: str, actor: Actor) -> None:
        """Delete the row of that name. Raises NotFound."""

        def work(connection: Connection) -> None:
            row = self.get(connection, name)
            self._trail.deleted(connection, row, actor)
            connection.execute(delete(self._table).where(self._table.c.id == row.id))
            version.bump(connection, self._version_row)

        self.write(work)

    def _again_if_raced(self, work: Callable[[Connection], T]) -> T:
        try:
            return self.write(work)
        except IntegrityError:  # another database than SQLite lets two inserts race; by now the other has won
            return self.write(work)

    def close(self) -> None:
        """Give back the thread; it comes again when it is needed."""
        self._writer.close()
