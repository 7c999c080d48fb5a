"""Which target a session was at, known to all workers of one machine: a provider keeps a prompt's beginning in a cache
of its own, and a conversation that moves pays for all of it again.

A table in memory that the forked workers share, without a lock: what two of them write into each other at once does
not fit its checksum and counts as nothing. It forgets what was not used for the longest time.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from hashlib import blake2b
from mmap import mmap
from zlib import crc32

SLOTS = 8192
WAYS = 4
"""Slots of which a session and a route may take any: where one is taken, the oldest of them makes room."""
REFRESH = 60
"""Seconds for which an entry's time stands: a session says the same at each of its requests."""

_ENTRY = struct.Struct("<QIII")  # session and route, label, seconds since the epoch, checksum of the rest
_CHECKED = struct.Struct("<QII")
_SIZE = 32  # no entry lies across two cache lines


def mark(label: str) -> int:
    """What is remembered of a label: the same number in every process."""
    return int.from_bytes(blake2b(label.encode(), digest_size=4).digest(), "little")


class Affinity:
    """The table; made before the fork. `clock` counts seconds since the epoch."""

    def __init__(self, slots: int = SLOTS, *, clock: Callable[[], float] = time.time) -> None:
        self._sets = max(1, slots // WAYS)
        self._clock = clock
        self._memory = mmap(-1, self._sets * WAYS * _SIZE)

    def recall(self, session: str, route: str) -> int | None:
        """The `mark` of what was kept last, or None."""
        key = _key(session, route)
        for place in self._places(key):
            found = self._read(place)
            if found is not None and found[0] == key:
                return found[1]
        return None

    def keep(self, session: str, route: str, label: str) -> None:
        """Remember the label for a session on a route, in place of what was known."""
        key, kept, now = _key(session, route), mark(label), int(self._clock())
        oldest, free = now + 1, None
        for place in self._places(key):
            found = self._read(place)
            if found is not None and found[0] == key:
                if found[1] == kept and 0 <= now - found[2] < REFRESH:
                    return
                free = place
                break
            age = found[2] if found is not None else -1
            if age < oldest:
                oldest, free = age, place
        if free is None:  # all are of a time to come: somebody turned the clock back
            free = self._places(key)[0]
        checked = _CHECKED.pack(key, kept, now)
        self._memory[free : free + _ENTRY.size] = checked + crc32(checked).to_bytes(4, "little")

    def _places(self, key: int) -> range:
        first = key % self._sets * WAYS * _SIZE
        return range(first, first + WAYS * _SIZE, _SIZE)

    def _read(self, place: int) -> tuple[int, int, int] | None:
        """Key, mark and time of an entry; None for one that is empty, or torn."""
        raw = self._memory[place : place + _ENTRY.size]
        key, kept, when, checksum = _ENTRY.unpack(raw)
        return (key, kept, when) if crc32(raw[: _CHECKED.size]) == checksum else None


def _key(session: str, route: str) -> int:
    return int.from_bytes(blake2b(f"{session}\0{route}".encode(), digest_size=8).digest(), "little")
