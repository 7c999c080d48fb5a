"""Marks for the prompt cache: a block behind what is to be kept."""

from __future__ import annotations

from typing import Any

import msgspec

from ccproxy.translate.draft import Draft, given
from ccproxy.translate.messages import Opt

Piece = dict[str, Any]
"""A block of Converse's: an object with one field that names its kind."""

_HOUR = "1h"


def points(cache_control: Opt, path: str, draft: Draft, *, tool: bool = False) -> list[Piece]:
    """The mark of the block at `path`, to be put behind it; none where the model takes none, which is reported."""
    if not given(cache_control):
        return []
    dialect = draft.dialect
    if not dialect.cache_control or (tool and not dialect.cache_tools):
        draft.losses.append(path + ".cache_control")
        return []
    mark = {"type": "default"}
    if _ttl(bytes(cache_control)) == _HOUR:  # type: ignore[arg-type] # it is given
        if dialect.cache_hour:
            mark["ttl"] = _HOUR
        else:
            draft.losses.append(path + ".cache_control.ttl")
    return [{"cachePoint": mark}]


def _ttl(cache_control: bytes) -> Any:
    found = msgspec.json.decode(cache_control)
    return found.get("ttl") if isinstance(found, dict) else None
