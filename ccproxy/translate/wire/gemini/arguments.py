"""A call's input that is streamed in pieces, each with the path where it belongs, put together again.

Vertex sends them so where a request asks for it. A string's pieces are joined as long as they say that more follows
(recorded traffic: an empty last piece ends it). The whole is written as JSON only once it is complete, because
pieces do not come in the order of a JSON text.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ccproxy.translate.wire.gemini.chunks import PartialArg

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
_ESCAPED = re.compile(r"\\(.)")
_LONGEST = 10_000  # items that a list may grow by at once: a path with a huge number is nonsense

Step = str | int


class Arguments:
    """The input so far."""

    def __init__(self) -> None:
        self._whole: dict[str, Any] = {}
        self._open: dict[str, list[str]] = {}

    def add(self, pieces: list[PartialArg]) -> int:
        """Takes pieces in; returns how many characters of text they have."""
        characters = 0
        for piece in pieces:
            text = piece.string_value
            if text is None:
                value: Any = piece.number_value if piece.number_value is not None else piece.bool_value
                _put(self._whole, piece.json_path, value)
                continue
            characters += len(text)
            parts = self._open.get(piece.json_path)
            if parts is None:
                parts = self._open[piece.json_path] = []
            parts.append(text)
            if not piece.will_continue:
                _put(self._whole, piece.json_path, "".join(self._open.pop(piece.json_path)))
        return characters

    def text(self, *, cut: bool = False) -> str:
        """The input as JSON text; with `cut` without its end, so that nobody takes it for complete."""
        for path, parts in self._open.items():
            _put(self._whole, path, "".join(parts))
        self._open = {}
        whole = msgspec.json.encode(self._whole).decode()
        return whole[:-1] if cut else whole


def _steps(path: str) -> list[Step]:
    """The steps of `$.items[0]['a b']`; a path of another form is the name of one field."""
    steps: list[Step] = []
    at = 1 if path.startswith("$") else 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            return [path]
        name, number, single, double = found.groups()
        quoted = single if single is not None else double
        steps.append(int(number) if number else name if name else _ESCAPED.sub(r"\1", quoted))
        at = found.end()
    return steps or [path]


def _put(whole: dict[str, Any], path: str, value: Any) -> None:
    """Puts the value where the path leads, and makes what is missing on the way."""
    steps = _steps(path)
    if isinstance(steps[0], int):
        steps = [path]
    place: Any = whole
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        below = value if after is None else [] if isinstance(after, int) else {}
        if isinstance(step, int):
            while len(place) <= step < len(place) + _LONGEST:
                place.append(None)
            if step >= len(place):
                return
            old = place[step]
        else:
            old = place.get(step)
        if after is None or not isinstance(old, type(below)):
            place[step] = below
        place = place[step]
