"""Counters in memory that all workers of one machine share: made before the fork, exact, and without a server.

A table of counters in an anonymous mapping, under a lock of the operating system that a worker holds for some
microseconds and that ends with it, however it ends. Requests under way are counted for each worker by itself, so those
of a worker that died count no more; whether one lives is told by another such lock, which it holds for as long as it
does.

What is counted, and what follows, is not known here.
"""

from __future__ import annotations

import fcntl
import os
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from mmap import mmap
from typing import IO

from ccproxy.gateway.limits import charges
from ccproxy.gateway.limits.charges import Charge, Level

SETS = 16384
WAYS = 8
"""Places of which a counter may take any. Where all are taken by what is still needed, the one that ends first goes."""
MOST_WORKERS = 256

_PLACE = struct.Struct("<8sqQ")  # counter, value, when it may be forgotten (seconds since 1970)
_SET = _PLACE.size * WAYS
_GENERATION = struct.Struct("<I")
_HEAD = _GENERATION.size * MOST_WORKERS
_KEPT = 120  # seconds for which a counter is kept beyond its period, for the next one looks back at it
_LONG = 30 * 86400
_TABLE_LOCK = 0  # the byte of the file that stands for the table; those behind it stand for workers


class _Locked:
    """The table's lock, for as long as a `with` takes. A class, which takes half as long as a generator."""

    __slots__ = ("_file",)

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __enter__(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, _TABLE_LOCK)

    def __exit__(self, *_: object) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _TABLE_LOCK)


class SharedCounters:
    """The counters; made once, before the fork. For greenlets, not for native threads."""

    def __init__(self, sets: int = SETS) -> None:
        self._sets = sets
        self._memory = mmap(-1, _HEAD + sets * _SET)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the counters
        self._worker: int | None = None
        self._process = 0

    def __del__(self) -> None:
        # Nobody has to close an application that is dropped.
        self._file.close()

    def raise_to(self, charge: Charge, value: int) -> None:
        """Have a budget's counter say at least this, if there is one."""
        name = _name(charge, charge.period.number)
        with self._locked():
            if self._find(name) is not None:
                self._add(name, max(0, value - self._value(name)), charge.period.ends + _KEPT)

    def take(
        self, wanted: Sequence[Charge], now: float, already: Callable[[Charge], int]
    ) -> tuple[Charge | None, list[Level]]:
        """Charge all, or none where one does not fit: that one, and the levels after (or, if refused, up to it).

        `already` is what a budget's counter begins with; it is asked where there is none yet, and may take its time.
        """
        if not wanted:
            return None, []
        named = [(charge, _name(charge, charge.period.number)) for charge in wanted]
        while True:
            with self._locked():
                unknown = self._unknown(named)
                if unknown is None:
                    return self._taken(named, now)
            self._begin(*unknown, already(unknown[0]))

    def add(self, settled: Sequence[tuple[Charge, int]]) -> None:
        """Add to what was charged, or take from it, whether it fits or not; not to a budget that has no counter."""
        with self._locked():
            for charge, amount in settled:
                name = _name(charge, charge.period.number)
                if charge.slides or self._find(name) is not None:
                    self._add(name, amount, charge.period.ends + _KEPT)

    def enter(self, holder: str, most: int, now: float) -> bool:
        """Count one more request of the holder as under way, unless `most` of all workers' are."""
        with self._locked():
            own = self._claim()
            under_way = sum(self._value(self._under_way(holder, worker)) for worker in self._living(own))
            if under_way >= most:
                return False
            self._add(self._under_way(holder, own), 1, now + _LONG)
            return True

    def leave(self, holder: str, now: float) -> None:
        """One that has entered is done."""
        with self._locked():
            self._add(self._under_way(holder, self._claim()), -1, now + _LONG)

    def _locked(self) -> _Locked:
        """Alone with the table, among all processes. No greenlet switches in between."""
        return _Locked(self._file)

    def _unknown(self, named: Sequence[tuple[Charge, bytes]]) -> tuple[Charge, bytes] | None:
        """A budget that has no counter yet."""
        return next(((charge, name) for charge, name in named if not charge.slides and self._find(name) is None), None)

    def _begin(self, charge: Charge, name: bytes, value: int) -> None:
        """Begin a budget's counter with a value, unless somebody has begun it meanwhile."""
        with self._locked():
            if self._find(name) is None:
                self._add(name, value, charge.period.ends + _KEPT)

    def _taken(self, named: Sequence[tuple[Charge, bytes]], now: float) -> tuple[Charge | None, list[Level]]:
        levels = []
        for charge, name in named:
            before = self._value(_name(charge, charge.period.number - 1)) if charge.slides else 0
            level = Level(self._value(name), before)
            levels.append(level)
            if not charges.fits(charge, level, now):
                return charge, levels
        for place, (charge, name) in enumerate(named):
            if charge.amount:
                self._add(name, charge.amount, charge.period.ends + _KEPT)
            levels[place] = Level(levels[place].current + charge.amount, levels[place].previous)
        return None, levels

    def _value(self, name: bytes) -> int:
        place = self._find(name)
        return 0 if place is None else _PLACE.unpack_from(self._memory, place)[1]

    def _find(self, name: bytes) -> int | None:
        """Where a counter is. Its name may stand at places only, should a value look like it."""
        first = self._first(name)
        place = self._memory.find(name, first, first + _SET)
        while place != -1:
            if (place - first) % _PLACE.size == 0:
                return place
            place = self._memory.find(name, place + 1, first + _SET)
        return None

    def _first(self, name: bytes) -> int:
        return _HEAD + int.from_bytes(name, "little") % self._sets * _SET

    def _add(self, name: bytes, amount: int, until: float) -> None:
        place = self._find(name)
        value = amount
        if place is None:
            first = self._first(name)
            place = min(range(first, first + _SET, _PLACE.size), key=self._ends)
        else:
            value += _PLACE.unpack_from(self._memory, place)[1]
        _PLACE.pack_into(self._memory, place, name, value, int(until))

    def _ends(self, place: int) -> int:
        """When what is at a place may be forgotten; an empty one before all others."""
        ends: int = _PLACE.unpack_from(self._memory, place)[2]
        return ends

    def _under_way(self, holder: str, worker: int) -> bytes:
        (generation,) = _GENERATION.unpack_from(self._memory, worker * _GENERATION.size)
        return _hash(f"{holder}\0under way\0{worker}\0{generation}")

    def _claim(self) -> int:
        """This process's number among the workers; whatever was counted under it before counts no more."""
        if self._worker is not None and self._process == os.getpid():
            return self._worker
        for worker in range(MOST_WORKERS):
            if self._lock_of(worker):
                place = worker * _GENERATION.size
                (generation,) = _GENERATION.unpack_from(self._memory, place)
                _GENERATION.pack_into(self._memory, place, (generation + 1) % 2**32)
                self._worker, self._process = worker, os.getpid()
                return worker
        raise RuntimeError(f"more than {MOST_WORKERS} workers share the counters")

    def _living(self, own: int) -> Iterator[int]:
        """The workers that live. Numbers are given out from the lowest on, and none of them was never given out."""
        for worker in range(MOST_WORKERS):
            if worker == own:
                yield worker
                continue
            if _GENERATION.unpack_from(self._memory, worker * _GENERATION.size) == (0,):
                return
            if self._lock_of(worker):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, 1 + worker)
            else:
                yield worker

    def _lock_of(self, worker: int) -> bool:
        """Take the lock that a worker holds while it lives; False where somebody else has it."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1 + worker)
        except OSError:
            return False
        return True


def _name(charge: Charge, number: int) -> bytes:
    return _hash(f"{charge.holder}\0{charge.kind}\0{number}")


def _hash(text: str) -> bytes:
    """A counter's name."""
    return blake2b(text.encode(), digest_size=8).digest()
