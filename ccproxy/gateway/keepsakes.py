"""What providers want back with a tool call, kept for the next turn: one store per worker, of bounded size.

Only a help: the same is sealed into the thinking block before the call, and where both are gone the wire has its
provider's documented way out. So nothing is written to disk, and another worker need not know.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

ENTRIES = 16_384
BYTES = 32 * 1024 * 1024
"""What all ids and values may take together; signatures of some kB are common."""


class Keepsakes:
    """Values by the client's id of a tool call; the one that was not used for the longest time goes first.

    Safe to use from threads and greenlets.
    """

    def __init__(self, entries: int = ENTRIES, size: int = BYTES) -> None:
        self._entries = entries
        self._limit = size
        self._size = 0
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, id: str) -> bytes | None:
        """What was kept for this call, or None."""
        with self._lock:
            kept = self._held.get(id)
            if kept is not None:
                self._held.move_to_end(id)
            return kept

    def put(self, id: str, kept: bytes) -> None:
        """Keep it, in place of what this call had. What is larger than the whole store is not kept."""
        with self._lock:
            self._forget(id, self._held.pop(id, None))
            if len(id) + len(kept) > self._limit:
                return
            self._held[id] = kept
            self._size += len(id) + len(kept)
            while self._size > self._limit or len(self._held) > self._entries:
                self._forget(*self._held.popitem(last=False))

    def _forget(self, id: str, kept: bytes | None) -> None:
        if kept is not None:
            self._size -= len(id) + len(kept)
