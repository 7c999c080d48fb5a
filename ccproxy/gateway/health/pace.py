"""How fast targets are: the time to the first meaningful byte, as this worker measured it lately."""

from __future__ import annotations

from collections import OrderedDict

MOST = 1000
STALE = 300.0
"""Seconds after which a measurement says nothing any more."""
_NEWEST = 0.3
"""The share of the newest measurement; what is older fades."""


class Pace:
    """Moving averages by label. Bounded: what was not measured for the longest time is forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def measured(self, label: str, seconds: float, now: float) -> None:
        """Take in one measurement."""
        before = self.of(label, now)
        average = seconds if before is None else before + _NEWEST * (seconds - before)
        self._known[label] = (average, now)
        self._known.move_to_end(label)
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def of(self, label: str, now: float) -> float | None:
        """The average in seconds; None where nobody knows."""
        known = self._known.get(label)
        return known[0] if known is not None and now - known[1] < STALE else None
