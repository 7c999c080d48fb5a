"""Reading a provider's JSON with patience, where the strict and fast way has failed.

One odd field must not cost the answer: what does not fit counts as not sent.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from ccproxy.errors import BadAnswer

S = TypeVar("S", bound=Struct)

_PATH = re.compile(r" - at `(\$[^`]*)`$")
_STEPS = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_MISFITS = 32
_SURROGATE = re.compile("[\ud800-\udfff]")


def value(data: bytes) -> Any:
    """The JSON value in `data`, whatever it is; lone surrogates become U+FFFD. Raises BadAnswer."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    text = data.decode("utf-8", "replace")
    try:
        found = json.loads(text, strict=False, parse_constant=_refuse)
        return json.loads(_SURROGATE.sub("\ufffd", json.dumps(found, ensure_ascii=False)))
    except (ValueError, RecursionError):
        shown = " ".join(text.split())[:200]
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
