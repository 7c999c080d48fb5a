"""Names of providers that were other programs': ours are of few characters, for they stand before models' names."""

from __future__ import annotations

import re

_LONGEST = 63


def provider_name(given: str) -> str:
    """The nearest name that is allowed."""
    name = re.sub(r"[^a-z0-9._-]+", "-", given.strip().lower()).strip("-._")
    return name[:_LONGEST] or "provider"


def unused(name: str, taken: set[str]) -> str:
    """The name, or it with the first number from 2 on that makes it a new one."""
    number = 1
    made = name
    while made in taken:
        number += 1
        made = f"{name[: _LONGEST - 4]}-{number}"
    return made


def is_numbered(name: str, stem: str) -> bool:
    """Whether `unused` may have made the name of this one."""
    return re.fullmatch(rf"{re.escape(stem[: _LONGEST - 4])}-[0-9]+", name) is not None or name == stem
