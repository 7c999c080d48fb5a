"""Reading a provider's JSON with patience, where the strict and fast way has failed.

One odd field must not cost the answer: what does not fit counts as not sent. Nor must one character whose two halves (a
surrogate pair) came in two payloads of a stream, as from servers that cut texts in UTF-16.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from ccproxy.errors import BadAnswer

S = TypeVar("S", bound=Struct)

Halves = dict[tuple[Any, ...], str]
"""The first halves of characters that a stream's payloads ended in, by the place where the other halves are awaited.

While there are some, each payload has to be read with `value`, which fills and empties it."""

_PATH = re.compile(r" - at `(\$[^`]*)`$")
_STEPS = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_MISFITS = 32
_SURROGATE = re.compile("[\ud800-\udfff]")


def value(data: bytes, halves: Halves | None = None) -> Any:
    """The JSON value in `data`, whatever it is; lone surrogates become U+FFFD. Raises BadAnswer.

    With `halves`, those of the stream, a text that ends in the first half of a character goes without it. It is put
    before the next text at the same place; where none comes it is left out, for half a character says nothing.
    """
    try:
        try:
            found = msgspec.json.decode(data)
            if not halves:
                return found
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = json.loads(data.decode("utf-8", "replace"), strict=False, parse_constant=_refuse)
        kind = found.get("type") if isinstance(found, dict) else None
        return _whole(found, halves, (kind if isinstance(kind, str) else None,))
    except (ValueError, RecursionError):
        shown = " ".join(data.decode("utf-8", "replace").split())[:200]
        raise BadAnswer("the provider's answer is not JSON", shown=shown) from None


def fitted(found: Any, kind: type[S], what: str) -> S:
    """The value as `kind` without its misfits: each field of a wrong type is taken out, so that it counts as not sent.

    `found` is changed. Raises BadAnswer, which says that it is no `what`.
    """
    for _ in range(_MISFITS):
        try:
            return msgspec.convert(found, kind, strict=False)
        except msgspec.ValidationError as error:
            path = _PATH.search(str(error))
            if path is None or not _cut(found, path[1]):
                break
    raise BadAnswer(f"the provider's answer is not a {what}")


def _whole(found: Any, halves: Halves | None, place: tuple[Any, ...]) -> Any:
    """The value with texts that are sound Unicode."""
    match found:
        case str():
            return _sound(found if halves is None else _joined(found, halves, place))
        case dict():
            return {_sound(name): _whole(part, halves, (*place, name)) for name, part in found.items()}
        case list():
            return [_whole(part, halves, (*place, _number(part, at))) for at, part in enumerate(found)]
        case _:
            return found


def _number(part: Any, at: int) -> Any:
    """Which of a list's items this one is over all payloads: calls and answers have numbers of their own."""
    number = part.get("index") if isinstance(part, dict) else None
    return number if isinstance(number, int) else at


def _joined(text: str, halves: Halves, place: tuple[Any, ...]) -> str:
    """The text behind the half that waited for it, and without one that has to wait itself."""
    if not text:
        return text
    text = halves.pop(place, "") + text
    if not "\ud800" <= text[-1] <= "\udbff":
        return text
    halves[place] = text[-1]
    return text[:-1]


def _sound(text: str) -> str:
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _cut(found: Any, path: str) -> bool:
    """Takes the value at `path` (`$.choices[0].index`) out of `found`; False where it is not there."""
    steps = [name or int(number) for name, number in _STEPS.findall(path)]
    if not steps:
        return False
    for step in steps[:-1]:
        found = found[step]
    if isinstance(found, list):
        # An item that is no object says nothing, but its place keeps the others' numbers right.
        found[steps[-1]] = {}
        return True
    return isinstance(found, dict) and found.pop(steps[-1], found) is not found  # it may be null
