"""Counters in memory that all workers of one machine share: made before the fork, exact, and without a server.

A table of counters in an anonymous mapping, under a lock of the operating system that a worker holds for some
microseconds and that ends with it, however it ends. What is taken and not settled yet stands in the worker's ledger too
(`ledgers`), out of which it is given back where the worker dies.

What is counted, and what follows, is not known here.
"""

from __future__ import annotations

import fcntl
import struct
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from mmap import mmap
from typing import IO

from ccproxy.gateway.limits import charges, ledgers, periods
from ccproxy.gateway.limits.charges import Charge, Level, Taken

SETS = 16384
WAYS = 8
"""Places of which a counter may take any. Where all are taken by what is still needed, the one that ends first goes."""

_PLACE = struct.Struct("<8sqQ")  # counter, value, when it may be forgotten (seconds since 1970)
_VALUE = struct.Struct("<q")
_SET = _PLACE.size * WAYS
_KEPT = 120  # seconds for which a counter is kept beyond its period, for the next one looks back at it
_TABLE_LOCK = 0  # the byte of the file that stands for the table; those behind it stand for workers
_NAMES = 4096  # that are remembered


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

    phase = 0
    """Moves where what was counted so far is not to be trusted any more, which here is never."""

    def __init__(self, sets: int = SETS) -> None:
        self._sets = sets
        self._memory = mmap(-1, sets * _SET + ledgers.SIZE)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the counters
        self._ledgers = ledgers.Ledgers(self._memory, sets * _SET, self._file)

    def __del__(self) -> None:
        # Nobody has to close an application that is dropped.
        self._file.close()

    def raise_to(self, charge: Charge, value: int) -> None:
        """Have a budget's counter say at least this, and what is under way beside it, if there is one."""
        name = _named(charge)
        with self._locked():
            place = self._find(name)
            if place is not None:
                self._put(place, max(self._at(place), value + self._ledgers.held(name)))

    def take(self, wanted: Sequence[Charge], now: float, already: Callable[[Charge], int]) -> Taken:
        """Charge all, or none where one does not fit.

        `already` is what a budget's counter begins with; it is asked where there is none yet, and may take its time.
        """
        if not wanted:
            return Taken(wanted, [])
        named = [(charge, _named(charge)) for charge in wanted]
        while True:
            with self._locked():
                if not self._ledgers.claimed:
                    self._give_back()
                    self._ledgers.claim()
                unknown = self._unknown(named)
                if unknown is None:
                    taken = self._taken(wanted, named, now)
                    # Only now, for looking who lives takes time
                    if taken.refused is not None and taken.refused.held and self._give_back():
                        taken = self._taken(wanted, named, now)
                    return taken
            self._begin(*unknown, already(unknown[0]))

    def settle(self, taken: Taken, came_to: Sequence[int], now: float) -> None:
        """Have each charge count with what it came to in place of what was taken, whether that fits or not."""
        with self._locked():
            for charge, amount in zip(taken.charges, came_to, strict=True):
                if charge.held:
                    self._ledgers.release(_named(charge), charge.amount)
                counted, more = charges.settled(charge, amount, now)
                if more:
                    self._settle(counted, more)

    def _settle(self, charge: Charge, more: int) -> None:
        """A counter that is lost is not begun by what would be given back, nor a budget's: the log knows more."""
        name = _named(charge)
        place = self._find(name)
        if place is not None:
            self._put(place, self._at(place) + more)
        elif more > 0 and charge.slides:
            self._new(name, more, charge)

    def _locked(self) -> _Locked:
        """Alone with the table, among all processes. No greenlet switches in between."""
        return _Locked(self._file)

    def _unknown(self, named: Sequence[tuple[Charge, bytes]]) -> tuple[Charge, bytes] | None:
        """A budget that has no counter yet."""
        return next(((charge, name) for charge, name in named if charge.budgeted and self._find(name) is None), None)

    def _begin(self, charge: Charge, name: bytes, value: int) -> None:
        """Begin a budget's counter with a value, unless somebody has begun it meanwhile."""
        with self._locked():
            if self._find(name) is None:
                # It may have been there and had to make room
                self._new(name, value + self._ledgers.held(name), charge)

    def _taken(self, wanted: Sequence[Charge], named: Sequence[tuple[Charge, bytes]], now: float) -> Taken:
        levels = []
        places = []
        for charge, name in named:
            place = self._find(name)
            before = self._value(_name(charge.holder, charge.kind, charge.period.number - 1)) if charge.slides else 0
            level = Level(0 if place is None else self._at(place), before)
            levels.append(level)
            places.append(place)
            if not charges.fits(charge, level, now):
                return Taken(wanted, levels, charge)
        moved = None in places  # what is new may take the place of another
        for index, (charge, name) in enumerate(named):
            amount = charge.amount
            if not amount:
                continue
            level = levels[index] = Level(levels[index].current + amount, levels[index].previous)
            place = self._find(name) if moved else places[index]
            if place is None:
                self._new(name, level.current, charge)
            else:
                self._put(place, level.current)
            if charge.held:
                self._ledgers.hold(name, amount)
        return Taken(wanted, levels)

    def _give_back(self) -> bool:
        """Give back what workers held that live no more; whether that was anything."""
        found = False
        for name, amount in self._ledgers.of_the_dead():
            found = True
            place = self._find(name)
            if place is not None:
                self._put(place, self._at(place) - amount)
        return found

    def _value(self, name: bytes) -> int:
        place = self._find(name)
        return 0 if place is None else self._at(place)

    def _at(self, place: int) -> int:
        value: int = _VALUE.unpack_from(self._memory, place + 8)[0]
        return value

    def _put(self, place: int, value: int) -> None:
        _VALUE.pack_into(self._memory, place + 8, value)

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
        return int.from_bytes(name, "little") % self._sets * _SET

    def _new(self, name: bytes, value: int, charge: Charge) -> None:
        """Begin a counter, in place of the one of its set that may be forgotten first."""
        first = self._first(name)
        place = min(range(first, first + _SET, _PLACE.size), key=self._ends)
        _PLACE.pack_into(self._memory, place, name, value, int(charge.period.ends) + _KEPT)

    def _ends(self, place: int) -> int:
        """When what is at a place may be forgotten; what is empty, or of nobody any more, before all others."""
        _, value, ends = _PLACE.unpack_from(self._memory, place)
        return ends if value or ends < periods.ALWAYS.ends else 0


def _named(charge: Charge) -> bytes:
    return _name(charge.holder, charge.kind, charge.period.number)


@lru_cache(_NAMES)
def _name(holder: str, kind: str, number: int) -> bytes:
    """A counter's name."""
    return blake2b(f"{holder}\0{kind}\0{number}".encode(), digest_size=8).digest()
