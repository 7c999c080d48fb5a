"""One request in the making: what all parts of the encoder read and add to."""

from __future__ import annotations

import hashlib
import re

from msgspec import UNSET, Raw, UnsetType

from ccproxy.translate.target import Target
from ccproxy.translate.tool_ids import inward

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}").fullmatch  # every provider takes these
_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]")


class Draft:
    """Losses, names and ids of one request, and the dialect that it is written in."""

    __slots__ = ("dialect", "losses", "names", "target", "thinking_off", "used_ids")

    def __init__(self, target: Target) -> None:
        self.target = target
        self.dialect = target.dialect
        self.losses: list[str] = []
        self.names: dict[str, str] = {}
        self.used_ids: set[str] = set()
        self.thinking_off = False

    def tool_name(self, name: str) -> str:
        """The name as the provider takes it; one that differs is noted, to be mapped back in the answer."""
        if _NAME(name):
            return name
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
        legal = "t_" + _ILLEGAL.sub("_", name)[:48] + "_" + digest
        self.names[legal] = name
        return legal

    def tool_id(self, id: str) -> str:
        """The id as the provider takes it; the client's form is noted, because an answer must not repeat it."""
        self.used_ids.add(id)
        return inward(id, self.dialect.tool_ids)

    def lose(self, value: Raw | UnsetType, path: str) -> None:
        """Report a field that is not carried, if the client gave it a value."""
        if given(value):
            self.losses.append(path)

    def mark(self, cache_control: Raw | UnsetType, path: str) -> Raw | UnsetType:
        """The cache mark of the block at `path`, if the provider takes one; else its loss is reported."""
        if cache_control is UNSET or not given(cache_control):
            return UNSET
        if self.dialect.cache_control:
            return cache_control
        self.losses.append(path + ".cache_control")
        return UNSET


def given(value: Raw | UnsetType) -> bool:
    """Whether an optional field was sent with a value; `null` is none."""
    return value is not UNSET and bytes(value) != b"null"


def switched_on(value: Raw | UnsetType) -> bool:
    """Whether a `{"enabled": …}` field was sent and says true."""
    return value is not UNSET and b"true" in bytes(value)
