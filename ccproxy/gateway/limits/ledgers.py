"""What each worker of a machine has taken from the counters and not settled yet, in memory that they share.

A worker that is killed settles nothing. What its ledger holds is found by the others and given back, so no limit stays
charged with requests that are no more. Whether a worker lives is told by a lock of the operating system, which it has
for as long as it does. Who calls holds the counters' lock, so no two processes are in here at once.

Counters are names of 8 bytes here; what they count is not known.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from mmap import mmap
from typing import IO

WORKERS = 256
PLACES = 4096
"""Counters of which one worker can hold something at once. What is beyond stays charged if the worker is killed."""

_PLACE = struct.Struct("<8sq")  # counter, amount
_USED = struct.Struct(f"<{WORKERS}I")  # of each ledger, the places up to the last one in use
_LEDGER = _PLACE.size * PLACES
SIZE = _USED.size + WORKERS * _LEDGER
"""Bytes that the ledgers take; the system gives memory only for those that are touched."""


class Ledgers:
    """The ledgers, `SIZE` bytes at `first` of a shared `memory`; the bytes of `file` after byte 0 are their locks."""

    def __init__(self, memory: mmap, first: int, file: IO[bytes]) -> None:
        self._memory = memory
        self._first = first
        self._file = file
        self._worker = 0
        self._process = 0
        self._own: dict[bytes, list[int]] = {}  # of each counter: where it stands, and the amount
        self._free: list[int] = []
        self._used = 0

    @property
    def claimed(self) -> bool:
        """Whether this process has its ledger; a fork has none of its parent's."""
        return self._process == os.getpid()

    def claim(self) -> None:
        """Have a ledger from now on. What the dead have left has been given back before."""
        for worker in range(WORKERS):
            if self._lock(worker):
                self._worker, self._process = worker, os.getpid()
                self._own, self._free = {}, []
                self._extend(0)
                return
        raise RuntimeError(f"more than {WORKERS} workers share the counters")

    def hold(self, counter: bytes, amount: int) -> None:
        """So much more of a counter is held here."""
        entry = self._own.get(counter)
        if entry is None:
            place = self._room()
            if place is None:
                return
            entry = self._own[counter] = [place, 0]
        entry[1] += amount
        _PLACE.pack_into(self._memory, entry[0], counter, entry[1])

    def release(self, counter: bytes, amount: int) -> None:
        """So much less."""
        entry = self._own.get(counter)
        if entry is None:  # there was no room for it
            return
        entry[1] = max(0, entry[1] - amount)
        _PLACE.pack_into(self._memory, entry[0], counter, entry[1])
        if entry[1] == 0:
            del self._own[counter]
            self._free.append(entry[0])
            if not self._own:
                self._free.clear()
                self._extend(0)

    def of_the_dead(self) -> Iterator[tuple[bytes, int]]:
        """What workers hold that live no more, each once: it is gone from their ledgers then."""
        for worker, used in enumerate(self._all_used()):
            if not used or (worker == self._worker and self.claimed) or not self._lock(worker):
                continue
            found = list(self._entries(worker, used))
            start = self._start(worker)
            self._memory[start : start + used * _PLACE.size] = bytes(used * _PLACE.size)
            self._set_used(worker, 0)
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, 1 + worker)
            yield from found

    def held(self, counter: bytes) -> int:
        """What all workers hold of a counter."""
        found = 0
        for worker, used in enumerate(self._all_used()):
            start = self._start(worker)
            end = start + used * _PLACE.size
            place = self._memory.find(counter, start, end)
            while place != -1:
                if (place - start) % _PLACE.size == 0:  # an amount may look like it
                    found += _PLACE.unpack_from(self._memory, place)[1]
                place = self._memory.find(counter, place + 1, end)
        return found

    def _room(self) -> int | None:
        """An empty place of this worker's ledger."""
        if self._free:
            return self._free.pop()
        if self._used == PLACES:
            return None
        self._extend(self._used + 1)
        return self._start(self._worker) + (self._used - 1) * _PLACE.size

    def _entries(self, worker: int, used: int) -> Iterator[tuple[bytes, int]]:
        start = self._start(worker)
        for name, amount in _PLACE.iter_unpack(self._memory[start : start + used * _PLACE.size]):
            if amount:
                yield name, amount

    def _start(self, worker: int) -> int:
        return self._first + _USED.size + worker * _LEDGER

    def _all_used(self) -> tuple[int, ...]:
        return _USED.unpack_from(self._memory, self._first)

    def _extend(self, used: int) -> None:
        self._used = used
        self._set_used(self._worker, used)

    def _set_used(self, worker: int, used: int) -> None:
        struct.pack_into("<I", self._memory, self._first + 4 * worker, used)

    def _lock(self, worker: int) -> bool:
        """Take the lock that a worker has while it lives; False where somebody else has it."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1 + worker)
        except OSError:
            return False
        return True
