"""The thread that writes.

SQLite waits for its write lock inside C. On the hub of a gevent worker this wait stops every stream (over a second
was measured where another process held the lock); in a thread of its own it stops one caller.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, InternalError, OperationalError

from ccproxy.store.session import write_engine
from ccproxy.store.thread import Thread

T = TypeVar("T")


def is_the_database(error: Exception) -> bool:
    """Whether the database is to blame (locked, full, gone, damaged) rather than what was to be written."""
    faults = (OperationalError, InternalError, sqlite3.OperationalError)
    return isinstance(error, faults) or type(error) in (DatabaseError, sqlite3.DatabaseError)


class Writer:
    """Runs write transactions one after the other in a `Thread`."""

    def __init__(self, engine: Engine, wait: float | None = None) -> None:
        """`wait` as in `write_engine`."""
        self._engine = write_engine(engine, wait)
        self._thread = Thread()

    def run(self, work: Callable[[Connection], T]) -> T:
        """`work` inside one transaction: committed when it returns, rolled back when it raises.

        Blocks the calling greenlet, not its hub. Raises what `work` raises, and SQLAlchemy's errors.
        """
        return self._thread.run(lambda: self._transact(work))

    def close(self) -> None:
        """End the thread once it is idle. A later `run` starts another."""
        self._thread.close()

    def _transact(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)
