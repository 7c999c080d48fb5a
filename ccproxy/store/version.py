"""Versions: one row for the tables of providers, routes and prices, one each for the board of rests and client keys.
Each moves with every write to its tables.

Workers read it on every request, so the read has a connection of its own: through the engine it costs 190 µs, on a
raw connection some 5. SQLite's own `data_version` would not do: it moves with every log row too.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from ccproxy.store.models import config_version

CONFIG = 1
"""The row of providers, routes and prices."""
RESTS = 2
"""The row of what rests after failures."""
KEYS = 3
"""The row of client keys."""


def bump(connection: Connection, row: int = CONFIG) -> None:
    """Move the version, in the transaction of the write that it stands for."""
    moved = update(config_version).where(config_version.c.id == row).values(version=config_version.c.version + 1)
    connection.execute(moved)


def read(connection: Connection, row: int = CONFIG) -> int:
    """The version as this transaction sees it."""
    number: int = connection.execute(select(config_version.c.version).where(config_version.c.id == row)).scalar_one()
    return number


class VersionReader:
    """Reads one version, on SQLite through one connection that stays open for the life of the process.

    Greenlets share it, and a read never switches between them; native threads take turns, because two of them would
    step the same prepared statement. A fork must not use it: SQLite's locks belong to the process that took
    them, so a child neither uses nor closes what it inherited.
    """

    def __init__(self, engine: Engine, row: int = CONFIG) -> None:
        self._engine = engine
        self._row = row
        self._query = f"SELECT version FROM config_version WHERE id = {row:d}"  # noqa: S608 - a number of ours
        self._raw = engine.dialect.name == "sqlite"
        self._connection: Any = None
        self._process = 0
        self._inherited: list[Any] = []
        self._lock = Lock()

    def __del__(self) -> None:
        # Nobody has to close an application that is dropped; Python 3.13 warns of connections that nobody did.
        self.close()

    def read(self) -> int:
        """The version now. Raises SQLAlchemy's or the driver's errors."""
        if not self._raw:
            with self._engine.connect() as connection:
                return read(connection, self._row)
        with self._lock:
            if self._connection is None or self._process != os.getpid():
                self._open()
            try:
                # fetchall, not fetchone: a statement that is not run to its end would pin its snapshot of the database.
                rows = self._connection.execute(self._query).fetchall()
            except self._engine.dialect.loaded_dbapi.Error:
                self.close()
                raise
        version: int = rows[0][0]
        return version

    def close(self) -> None:
        """Close the connection; the next read opens another."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._process == os.getpid():
            connection.close()
        else:
            self._inherited.append(connection)

    def _open(self) -> None:
        self.close()
        pooled = self._engine.raw_connection()
        self._connection = pooled.driver_connection
        pooled.detach()  # the pool forgets it, so nothing closes it but us
        self._process = os.getpid()
