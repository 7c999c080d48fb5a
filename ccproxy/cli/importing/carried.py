"""What an import comes to: providers and routes as the admin API takes them, and all that could not be carried."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ccproxy.settings.secret import MASK, Secret

_IN_ADDRESSES = re.compile(r"(://)[^/@\s]+(?=@)|([?&][\w-]*(?:key|token|secret)=)[^&\s'\"]+", re.IGNORECASE)
_COMMENTS = ("//", "#", "_", "$schema")


@dataclass(frozen=True, slots=True)
class Left:
    """Something that was not carried, or (`otherwise`) not as it was: where it stands in the file, and why."""

    path: str
    why: str
    otherwise: bool = False

    def __str__(self) -> str:
        return f"{'carried otherwise' if self.otherwise else 'not carried'}: {self.path}: {self.why}"


@dataclass(slots=True)
class Carried:
    """The result so far. Keys are Secrets that show where they came from (`${VAR}`), or their mask."""

    providers: list[dict[str, Any]] = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    def leave(self, path: str, why: str) -> None:
        """Note what is not carried."""
        self.left.append(Left(path, why))

    def change(self, path: str, why: str) -> None:
        """Note what is carried, but means something else than before."""
        self.left.append(Left(path, why, otherwise=True))

    def leave_all(self, path: str, document: Mapping[str, Any], known: frozenset[str], why: str) -> None:
        """Note every member of an object that is not among those that are read, unless it says nothing.

        Names like `// note` and `_comment` are how files without comments have them.
        """
        for name, value in document.items():
            if name not in known and value not in (None, "", [], {}) and not str(name).startswith(_COMMENTS):
                self.leave(f"{path}.{name}" if path else name, why)


def shown(value: Any) -> Any:
    """The same document with each secret as it may be shown, those in addresses too."""
    match value:
        case Secret():
            return value.shown
        case str():
            return masked(value)
        case list():
            return [shown(item) for item in value]
        case dict():
            return {name: shown(item) for name, item in value.items()}
        case _:
            return value


def masked(text: str) -> str:
    """The text without the credentials that an address in it may hold, where ccproxy takes none."""
    return _IN_ADDRESSES.sub(lambda found: f"{found[1] or found[2]}{MASK}", text)
