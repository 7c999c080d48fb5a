"""Stop sequences that are enforced here, because the provider does not take them.

Text is held back only as far as it could be the beginning of a stop sequence.
"""

from __future__ import annotations

from collections.abc import Iterable


class StopWatch:
    """Watches a text that comes in parts, for the sequence that is complete first (of those: the longest)."""

    def __init__(self, stops: Iterable[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""

    def feed(self, text: str) -> tuple[str, str | None]:
        """The text that is surely no part of a stop sequence, and the sequence that was found, if one was.

        Text after a found sequence is gone; nothing may be fed after one.
        """
        text = self._held + text
        found = self._first(text)
        if found is not None:
            at, stop = found
            self._held = ""
            return text[:at], stop
        keep = max((overlap(text, stop) for stop in self._stops), default=0)
        cut = len(text) - keep
        self._held = text[cut:]
        return text[:cut], None

    def flush(self) -> str:
        """What was held back, where the text ends."""
        held, self._held = self._held, ""
        return held

    def _first(self, text: str) -> tuple[int, str] | None:
        best: tuple[int, int, str] | None = None
        for stop in self._stops:
            at = text.find(stop)
            if at >= 0 and (best is None or (at + len(stop), at) < best[:2]):
                best = (at + len(stop), at, stop)
        return None if best is None else (best[1], best[2])


def overlap(text: str, mark: str) -> int:
    """How many characters at the end of `text` are a beginning of `mark` (never the whole of it).

    >>> overlap("so </th", "</think>")
    4
    """
    for length in range(min(len(text), len(mark) - 1), 0, -1):
        if text.endswith(mark[:length]):
            return length
    return 0
