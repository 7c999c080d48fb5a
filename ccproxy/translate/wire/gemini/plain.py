"""JSON schemas as current Gemini models take them: nearly as they are.

Two things are put in other words. `const` is no keyword that Gemini knows, and becomes an `enum` of one value. A
reference may have nothing but a description beside it, and one into `definitions` is not found (issues of clients),
so what it leads to is put in its place; only a schema that refers to itself keeps its references.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

Schema = dict[str, Any]

_TELLTALES = (b'"const"', b'"$ref"')
_DEFINITIONS = ("$defs", "definitions")
# What holds values, not schemas.
_VALUES = ("enum", "default", "examples", "required")
_MAPS = ("properties", "patternProperties", "dependentSchemas", *_DEFINITIONS)
_MOST = 5000
"""Schemas that one may come to when what it refers to is written out."""


def plain(schema: Raw | Schema) -> Raw | Schema:
    """The same schema in words that Gemini knows. Text that needs no change comes back as it is, unparsed.

    Raises RecursionError for one that is nested hundreds of levels deep.
    """
    if isinstance(schema, Raw):
        text = bytes(schema)
        if not any(telltale in text for telltale in _TELLTALES):
            return schema
        whole: Schema = msgspec.json.decode(schema)
    else:
        whole = schema
    rewriting = _Rewriting(whole)
    found: Schema = rewriting.node(whole, frozenset())
    if not rewriting.whole:
        found = _Rewriting(whole, keep_references=True).node(whole, frozenset())
    return found


class _Rewriting:
    """One schema on its way; `whole` is false once it turned out that not all references can be written out."""

    def __init__(self, root: Schema, keep_references: bool = False) -> None:
        self._root = root
        self._keep = keep_references
        self._left = _MOST
        self.whole = True

    def node(self, given: Any, within: frozenset[str]) -> Any:
        """The schema of one value; `within` are the references that led to it."""
        if isinstance(given, list):
            return [self.node(one, within) for one in given]
        if not isinstance(given, dict) or not self.whole:
            return given
        self._left -= 1
        if self._left < 0:
            self.whole = False
            return given
        reference = given.get("$ref")
        if reference is not None and not self._keep:
            named = self._named(reference)
            if named is None or reference in within:
                self.whole = False
                return given
            within |= {reference}
            given = {**named, **{keyword: value for keyword, value in given.items() if keyword != "$ref"}}
            if "$ref" in given:
                return self.node(given, within)
        return self._written(given, within)

    def _written(self, given: Schema, within: frozenset[str]) -> Schema:
        out: Schema = {}
        for keyword, value in given.items():
            if keyword == "const" and not isinstance(value, dict | list):
                out["enum"] = [value]
            elif keyword in _DEFINITIONS and given is self._root and not self._keep:
                continue  # what they define is written out where it is used
            elif keyword in _MAPS and isinstance(value, dict):
                out[keyword] = {name: self.node(one, within) for name, one in value.items()}
            elif keyword in _VALUES:
                out.setdefault(keyword, value)
            else:
                out[keyword] = self.node(value, within)
        return out

    def _named(self, reference: Any) -> Schema | None:
        """What a reference leads to within this schema; None where it leads elsewhere."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        found: Any = self._root
        for step in reference[1:].split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            found = found.get(step) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else None
