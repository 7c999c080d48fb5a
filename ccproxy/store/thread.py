"""One native thread beside the hub, which runs what it is given, one after the other.

What SQLite does inside C stops every stream of a worker if it happens on the hub. It is not the hub's thread pool,
because name resolution lives there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from gevent.threadpool import ThreadPool

T = TypeVar("T")


class Thread:
    """Made on first use, anew after a fork.

    It belongs to the native thread that uses it first. gevent runs a call from another one where it is, which is
    right: such a thread has no hub to stop.
    """

    def __init__(self) -> None:
        self._pool: ThreadPool | None = None
        self._process = 0

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, or raises. Blocks the calling greenlet, not its hub."""
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPool(1), os.getpid()
        # The outcome travels as a value: gevent prints the traceback of anything that a pooled function raises.
        outcome: list[T] = []
        failure: BaseException | None = self._pool.apply(_catch, (work, outcome))
        if failure is not None:
            raise failure
        return outcome[0]

    def close(self) -> None:
        """End it once it is idle. A later `run` starts another."""
        pool, self._pool = self._pool, None
        if pool is not None and self._process == os.getpid():
            pool.kill()


def _catch(work: Callable[[], T], outcome: list[T]) -> BaseException | None:
    try:
        outcome.append(work())
    except BaseException as error:  # noqa: BLE001 - it is raised again where it was asked for
        return error
    return None
