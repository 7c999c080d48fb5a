"""JSON schemas in the older form that Gemini calls Schema: a part of OpenAPI 3.0.

Current models take real JSON schemas (`parametersJsonSchema`, `responseJsonSchema`); this is for servers that know
the older fields only, which refuse the whole request for one keyword that they do not know. What the older form has
no word for is left out, and `fitted` says whether that changes what a value may be.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

Schema = dict[str, Any]

_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
# What stays as it is. `example` and `default` are documented too, but no server needs them.
_KEPT = (
    "title",
    "description",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
)
_FORMATS = {
    "string": ("enum", "date-time"),
    "integer": ("int32", "int64"),
    "number": ("float", "double"),
}
# Keywords that say nothing about what a value may be.
_NOTES = ("$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "default", "deprecated", "readOnly")
_SILENT = (*_NOTES, "writeOnly", "examples", "example", "propertyOrdering")
_READ = (*_KEPT, "type", "format", "enum", "const", "properties", "required", "items", "prefixItems", "nullable")
_UNIONS = ("anyOf", "oneOf", "allOf", "$ref", "exclusiveMinimum", "exclusiveMaximum", "additionalProperties")
_MOST = 5000
"""Values that a schema may describe; references that lead to many others would go on for ever."""


def fitted(schema: Raw | Schema) -> tuple[Schema, bool]:
    """The schema in the older form, and whether it lost something. Text that is no schema becomes an open object."""
    if isinstance(schema, dict):
        whole: Any = schema
    else:
        try:
            whole = msgspec.json.decode(schema)
        except (msgspec.MsgspecError, RecursionError):
            whole = None
    if not isinstance(whole, dict):
        return {"type": "OBJECT"}, True
    fitting = _Fitting(whole)
    try:
        return fitting.node(whole, frozenset()), fitting.lost
    except RecursionError:  # nested hundreds of levels deep: no provider takes that
        return {"type": "OBJECT"}, True


class _Fitting:
    """One schema on its way; `lost` tells whether something had to be left out."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = _MOST
        self.lost = False

    def node(self, given: Any, within: frozenset[str]) -> Schema:
        """The schema of one value; `within` are the references that led to it, for some lead back to themselves."""
        self._left -= 1
        if self._left < 0:
            self.lost = True
            return {"type": "OBJECT"}
        if not isinstance(given, dict):
            # `true` allows everything, which has no form here; `false` nothing.
            self.lost = True
            return {"type": "STRING"}
        given, within = self._resolved(given, within)
        out: Schema = {}
        branches = self._branches(given)
        kinds = self._kinds(given)
        if "null" in kinds:
            out["nullable"] = True
            kinds = [kind for kind in kinds if kind != "null"]
        if given.get("nullable") is True:
            out["nullable"] = True
        if branches:
            self._union(out, given, branches, within)
        elif len(kinds) > 1:
            out["anyOf"] = [self._typed({}, given, kind, within) for kind in kinds]
        else:
            self._typed(out, given, kinds[0] if kinds else "string", within)
            self.lost |= not kinds  # it may have been anything
        for keyword in ("title", "description"):
            if isinstance(given.get(keyword), str):
                out[keyword] = given[keyword]
        if "anyOf" in out:
            out = {"anyOf": [_told(branch, out) for branch in out["anyOf"]]}
        self.lost |= any(keyword not in (*_READ, *_UNIONS, *_SILENT) for keyword in given)
        return out

    def _resolved(self, given: Schema, within: frozenset[str]) -> tuple[Schema, frozenset[str]]:
        """The schema with what it refers to, and all that must hold besides, in one."""
        while "$ref" in given or "allOf" in given:
            given = dict(given)
            parts = given.pop("allOf", None)
            found = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
            if "$ref" in given:
                reference = given.pop("$ref")
                if not isinstance(reference, str) or reference in within:
                    self.lost = True
                else:
                    within |= {reference}
                    found.insert(0, self._named(reference))
            for part in found:
                self._merge(given, part)
        return given, within

    def _named(self, reference: str) -> Schema:
        if not reference.startswith("#"):
            self.lost = True
            return {}
        found: Any = self._root
        for step in reference[1:].split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            found = found.get(step) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            self.lost = True
            return {}
        return found

    def _merge(self, into: Schema, part: Schema) -> None:
        for keyword, value in part.items():
            known = into.get(keyword)
            if keyword == "properties" and isinstance(known, dict) and isinstance(value, dict):
                into[keyword] = {**value, **known}
            elif keyword == "required" and isinstance(known, list) and isinstance(value, list):
                into[keyword] = list(dict.fromkeys([*known, *value]))
            elif keyword not in into:
                into[keyword] = value
            elif keyword not in ("title", "description", *_SILENT):
                self.lost |= known != value

    def _branches(self, given: Schema) -> list[Any]:
        """The branches of a union. That exactly one of them holds (`oneOf`) has no form here, nor has it a meaning
        for what a model writes."""
        found: list[Any] = []
        for keyword in ("anyOf", "oneOf"):
            if isinstance(given.get(keyword), list):
                self.lost |= bool(found)
                found = found or given[keyword]
        return found

    def _union(self, out: Schema, given: Schema, branches: list[Any], within: frozenset[str]) -> None:
        """A union; `null` among its branches is a flag, and a single branch is no union."""
        beside: Schema = {
            keyword: given[keyword] for keyword in ("type", "properties", "required", "items") if keyword in given
        }
        written = []
        for branch in branches:
            if isinstance(branch, dict) and branch.get("type") == "null":
                out["nullable"] = True
                continue
            if isinstance(branch, dict):
                resolved, deeper = self._resolved(branch, within)
                branch = dict(resolved)
                self._merge(branch, beside)
                written.append(self.node(branch, deeper))
            else:
                written.append(self.node(branch, within))
        if len(written) == 1:
            out.update({**written[0], **out})
        elif written:
            out["anyOf"] = written

    def _kinds(self, given: Schema) -> list[str]:
        """The types, said or to be seen from what the values are."""
        kind = given.get("type")
        kinds = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
        known = [one for one in kinds if one in _TYPES]
        self.lost |= len(known) != len(kinds)
        if known:
            return known
        if "properties" in given:
            return ["object"]
        if "items" in given:
            return ["array"]
        values = given.get("enum") or ([given["const"]] if "const" in given else [])
        return list(dict.fromkeys(_kind(value) for value in values)) if isinstance(values, list) else []

    def _typed(self, out: Schema, given: Schema, kind: str, within: frozenset[str]) -> Schema:
        """What a value of one type may be."""
        out["type"] = kind.upper()
        for keyword in _KEPT[2:]:
            if keyword in given:
                out[keyword] = given[keyword]
        self._bounds(out, given, kind)
        self._values(out, given, kind)
        if given.get("format") in _FORMATS.get(kind, ()):
            out["format"] = given["format"]
        elif "format" in given:
            self.lost = True
        if kind == "object":
            self._object(out, given, within)
        elif kind == "array":
            items = given.get("items")
            if items is None or isinstance(items, list) or "prefixItems" in given:
                self.lost = True  # places with types of their own, or anything
                out["items"] = {"type": "STRING"}
            else:
                out["items"] = self.node(items, within)
        return out

    def _bounds(self, out: Schema, given: Schema, kind: str) -> None:
        """Bounds that are not in: exact for whole numbers, a little wide for others."""
        for exclusive, inclusive, step in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
            bound = given.get(exclusive)
            if bound is None or isinstance(bound, bool) or not isinstance(bound, int | float):
                self.lost |= bound is True
                continue
            out[inclusive] = bound + step if kind == "integer" else bound
            self.lost |= kind != "integer" or inclusive in given

    def _values(self, out: Schema, given: Schema, kind: str) -> None:
        """The values that are listed; here they can only be texts."""
        values = [given["const"]] if "const" in given else given.get("enum")
        if not isinstance(values, list):
            return
        mine = [value for value in values if _kind(value) == kind or (kind == "number" and _kind(value) == "integer")]
        if kind == "string" and mine:
            out["enum"] = mine
        elif mine:
            self.lost = True
        if None in values:
            out["nullable"] = True

    def _object(self, out: Schema, given: Schema, within: frozenset[str]) -> None:
        properties = given.get("properties")
        if isinstance(properties, dict) and properties:
            out["properties"] = {name: self.node(one, within) for name, one in properties.items()}
            required = given.get("required")
            names = [name for name in required if name in properties] if isinstance(required, list) else []
            if names:
                out["required"] = names
        # What further properties may be cannot be said; that there are none is what a model does anyway.
        self.lost |= isinstance(given.get("additionalProperties"), dict)


def _told(branch: Schema, union: Schema) -> Schema:
    """A branch with what is said of the whole union: beside `anyOf` nothing else may stand."""
    said = dict(branch)
    if union.get("nullable"):
        said["nullable"] = True
    for keyword in ("title", "description"):
        texts = [text for text in (union.get(keyword), branch.get(keyword)) if text]
        if texts:
            said[keyword] = "\n".join(dict.fromkeys(texts))
    return said


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
