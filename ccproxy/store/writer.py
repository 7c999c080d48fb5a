"""The thread that writes.

SQLite waits for its write lock inside C. On the hub of a gevent worker this wait stops every stream (over a second
was measured where another process held the lock); in a thread of its own it stops one caller. It is not the hub's
thread pool, because name resolution lives there.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from gevent.threadpool import ThreadPool
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, InternalError, OperationalError

from ccproxy.store.session import write_engine

T = TypeVar("T")


def is_the_database(error: Exception) -> bool:
    """Whether the database is to blame (locked, full, gone, damaged) rather than what was to be written."""
    faults = (OperationalError, InternalError, sqlite3.OperationalError)
    return isinstance(error, faults) or type(error) in (DatabaseError, sqlite3.DatabaseError)


class Writer:
    """Runs write transactions one after the other in one native thread; made on first use, anew after a fork.

    It belongs to the native thread that uses it first. gevent runs a call from another one where it is, which is
    right: such a thread has no hub to stop.
    """

    def __init__(self, engine: Engine, wait: float | None = None) -> None:
        """`wait` as in `write_engine`."""
        self._engine = write_engine(engine, wait)
        self._pool: ThreadPool | None = None
        self._process = 0

    def run(self, work: Callable[[Connection], T]) -> T:
        """`work` inside one transaction: committed when it returns, rolled back when it raises.

        Blocks the calling greenlet, not its hub. Raises what `work` raises, and SQLAlchemy's errors.
        """
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPool(1), os.getpid()
        # The outcome travels as a value: gevent prints the traceback of anything that a pooled function raises.
        outcome: list[T] = []
        failure: BaseException | None = self._pool.apply(self._catch, (work, outcome))
        if failure is not None:
            raise failure
        return outcome[0]

    def close(self) -> None:
        """End the thread once it is idle. A later `run` starts another."""
        pool, self._pool = self._pool, None
        if pool is not None and self._process == os.getpid():
            pool.kill()

    def _catch(self, work: Callable[[Connection], T], outcome: list[T]) -> BaseException | None:
        try:
            outcome.append(self._transact(work))
        except BaseException as error:  # noqa: BLE001 - it is raised again where it was asked for
            return error
        return None

    def _transact(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)
