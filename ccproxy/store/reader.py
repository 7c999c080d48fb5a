"""The thread that reads what takes longer than a moment: pages of the log, and what it came to.

Questions that cost microseconds are asked where they arise. These take milliseconds each, and a long export asks
many of them; none keeps a transaction open beyond itself, so no write-ahead log grows for its sake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine

from ccproxy.store.thread import Thread

T = TypeVar("T")


class Reader:
    """Answers questions one after the other in a `Thread`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = Thread()

    def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` makes of one snapshot of the database. Blocks the calling greenlet, not its hub.

        Raises what `work` raises, and SQLAlchemy's errors.
        """
        return self._thread.run(lambda: self._read(work))

    def close(self) -> None:
        """End the thread once it is idle. A later `run` starts another."""
        self._thread.close()

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return work(connection)
