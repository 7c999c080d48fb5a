"""`POST /providers/{name}/test`: what its body may say."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ccproxy.errors import InvalidRequest

LONGEST_MODEL = 256


class Wanted(Struct, frozen=True):
    """The model to ask, and the place of the key to ask it with; None: the first."""

    model: str | None = None
    key: int | None = None


def read_trial(document: Any) -> Wanted:
    """What a JSON document says. Raises InvalidRequest that names the path of the fault."""
    if not isinstance(document, dict):
        raise InvalidRequest("body: must be an object")
    unknown = sorted(str(name)[:80] for name in document.keys() - {"model", "key"})
    if unknown:
        raise InvalidRequest(f"{unknown[0]}: is not a field of a test; there is model, key")
    model, key = document.get("model"), document.get("key")
    if model is not None and not (isinstance(model, str) and 0 < len(model) <= LONGEST_MODEL):
        raise InvalidRequest(f"model: must be a string of 1 to {LONGEST_MODEL} characters")
    if key is not None and (not isinstance(key, int) or isinstance(key, bool) or key < 0):
        raise InvalidRequest("key: must be the place of a key, counted from 0")
    return Wanted(model, key)
