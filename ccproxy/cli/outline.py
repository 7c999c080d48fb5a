"""A JSON document as indented lines for people: what the API says, whatever it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def outline(document: Any, indent: str = "") -> Iterator[str]:
    """One line for each value that is said; null and what is empty is left out."""
    match document:
        case dict():
            for name, value in document.items():
                if value is None or value in ([], {}, ""):
                    continue
                if isinstance(value, dict) or _is_long(value):
                    yield f"{indent}{name}:"
                    yield from outline(value, indent + "  ")
                else:
                    yield f"{indent}{name}: {_word(value)}"
        case list():
            for item in document:
                first, *rest = list(outline(item)) or [""]
                yield f"{indent}- {first}"
                yield from (f"{indent}  {line}" for line in rest)
        case _:
            yield f"{indent}{_word(document)}"


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)


def _word(value: Any) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case list():
            return ", ".join(map(_word, value))
        case _:
            return str(value)
