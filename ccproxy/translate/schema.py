"""JSON schemas of tools, fitted to what providers take.

Providers want the root to be an object with `properties` and refuse `anyOf`, `oneOf`, `allOf`, `enum` or `not`
there; some refuse single keywords anywhere. Most schemas fit as they are and are then not even parsed in full.
Each function says whether something was really lost: a schema that still accepts everything it accepted before,
but no longer excludes something, has lost that.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

Opt = Raw | UnsetType
Schema = dict[str, Any]

_EMPTY = Raw(b'{"type":"object","properties":{}}')
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_MAPS = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_NODES = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_UNIONS = ("anyOf", "oneOf", "allOf")
# Keywords that say nothing about what a value may be.
_NOTES = ("$schema", "$id", "$comment", "title", "examples", "default", "deprecated", "readOnly", "writeOnly")
_REFUSED_AT_ROOT = ("enum", "const", "not", "if", "then", "else")
# OpenAI's strict mode refuses schemas with these.
_NOT_STRICT = ("allOf", "oneOf", "not", "if", "then", "else", "patternProperties", "dependentRequired", "propertyNames")
# The formats that it knows; with any other it refuses the schema.
_STRICT_FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")


class _Root(Struct):
    """The keywords that decide whether a root fits; all others are skipped over unread."""

    type: Opt = UNSET
    properties: Opt = UNSET
    any_of: Opt = msgspec.field(name="anyOf", default=UNSET)
    one_of: Opt = msgspec.field(name="oneOf", default=UNSET)
    all_of: Opt = msgspec.field(name="allOf", default=UNSET)
    ref: Opt = msgspec.field(name="$ref", default=UNSET)
    enum: Opt = UNSET
    const: Opt = UNSET
    not_: Opt = msgspec.field(name="not", default=UNSET)
    if_: Opt = msgspec.field(name="if", default=UNSET)


_read_root = msgspec.json.Decoder(_Root).decode


def object_schema(
    schema: Opt, drops: tuple[str, ...] = (), type_beside_any_of: bool = True
) -> tuple[Raw | Schema, bool]:
    """The schema with an object at its root, and whether something was lost.

    `drops` are keywords to leave out everywhere; with `type_beside_any_of` false a node's `type` moves into the
    branches of its `anyOf`. A schema that fits comes back as it is, unparsed.
    """
    if schema is UNSET:
        return _EMPTY, False
    try:
        root = _read_root(schema)
        if _fits(root) and not _mentions(schema, drops if type_beside_any_of else (*drops, *_UNIONS)):
            return schema, False
        return _refitted(schema, root, drops, type_beside_any_of)
    except msgspec.MsgspecError:
        return _EMPTY, bytes(schema) not in (b"null", b"true")
    except RecursionError:  # nested hundreds of levels deep: no provider takes that
        return _EMPTY, True


def _mentions(schema: Raw, keywords: tuple[str, ...]) -> bool:
    """Whether one of the keywords may occur: a look at the text, which is much cheaper than parsing it."""
    if not keywords:
        return False
    text = bytes(schema)
    return any(keyword.encode() in text for keyword in keywords)


def _refitted(schema: Raw, root: _Root, drops: tuple[str, ...], type_beside_any_of: bool) -> tuple[Schema, bool]:
    whole: Schema = msgspec.json.decode(schema)
    lost = False
    if not _fits(root):
        whole, lost = _object_root(whole)
    if drops:
        lost |= _drop(whole, frozenset(drops))
    if not type_beside_any_of:
        _push_types(whole)
    return whole, lost


def _fits(root: _Root) -> bool:
    return (
        root.type is not UNSET
        and bytes(root.type) == b'"object"'
        and root.properties is not UNSET
        and bytes(root.properties).startswith(b"{")
        and root.any_of is root.one_of is root.all_of is root.ref is UNSET
        and root.enum is root.const is root.not_ is root.if_ is UNSET
    )


def _object_root(schema: Schema) -> tuple[Schema, bool]:
    merging = _Merging(schema)
    flat = merging.flat(schema)
    lost = merging.lost
    kind = flat.get("type", "object")
    lost |= kind != "object" and not (isinstance(kind, list) and "object" in kind)
    flat["type"] = "object"
    if not isinstance(flat.get("properties"), dict):
        lost |= "properties" in flat
        flat["properties"] = {}
    for keyword in _REFUSED_AT_ROOT:
        if keyword in flat:
            del flat[keyword]
            lost = True
    return flat, lost


class _Merging:
    """References and unions at the root of a schema, merged into one object; `lost` says whether that was exact.

    Schemas may refer to themselves, and unions of references grow with every step, so the steps are counted.
    """

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._steps = 100
        self.lost = False

    def flat(self, schema: Schema) -> Schema:
        """The schema without `$ref`, `allOf`, `anyOf` and `oneOf` at its own level."""
        flat = dict(schema)
        self._steps -= 1
        if self._steps < 0:
            self.lost = True
            return {keyword: value for keyword, value in flat.items() if keyword not in ("$ref", *_UNIONS)}
        if "$ref" in flat:
            named = _resolve(flat.pop("$ref"), self._root)
            if named is None:
                self.lost = True
            else:
                flat = {**self.flat(named), **flat}
        for branch in _branches(flat.pop("allOf", [])):
            self.lost |= _merge_all(flat, self.flat(branch))
        for keyword in ("anyOf", "oneOf"):
            branches = _branches(flat.pop(keyword, []))
            if branches:
                self.lost |= _merge_any(flat, [self.flat(branch) for branch in branches])
        return flat


def _branches(value: Any) -> list[Schema]:
    return [branch for branch in value if isinstance(branch, dict)] if isinstance(value, list) else []


def _named(node: Schema, keyword: str) -> Schema:
    """What the keyword holds by name; nothing where it holds anything else."""
    value = node.get(keyword)
    return value if isinstance(value, dict) else {}


def _required(node: Schema) -> list[str]:
    value = node.get("required")
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _resolve(reference: Any, root: Schema) -> Schema | None:
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    found: Any = root
    for step in reference[2:].split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _merge_all(flat: Schema, part: Schema) -> bool:
    """Add a branch that always holds; returns whether it contradicts what is there."""
    lost = False
    for name, one in _named(part, "properties").items():
        properties = _named(flat, "properties")
        if properties.get(name, one) != one:
            one = {"allOf": [properties[name], one]}
        flat["properties"] = {**properties, name: one}
    required = [*_required(flat), *_required(part)]
    if required:
        flat["required"] = list(dict.fromkeys(required))
    for keyword, value in part.items():
        if keyword in ("properties", "required"):
            continue
        if keyword not in _NOTES and keyword != "description":
            lost |= flat.get(keyword, value) != value
        flat.setdefault(keyword, value)
    return lost


def _merge_any(flat: Schema, parts: list[Schema]) -> bool:
    """Add branches of which one holds: all their properties, and required only what all require."""
    objects = [part for part in parts if part.get("type", "object") == "object"]
    properties = dict(_named(flat, "properties"))
    for part in objects:
        for name, one in _named(part, "properties").items():
            known = properties.setdefault(name, one)
            if known != one:
                options = _options(known)
                properties[name] = {"anyOf": [*options, *([] if one in options else [one])]}
    flat["properties"] = properties
    first = _required(objects[0]) if objects else []
    shared = [name for name in first if all(name in _required(part) for part in objects)]
    required = list(dict.fromkeys([*_required(flat), *shared]))
    if required:
        flat["required"] = required
    # What some branch defines beside the properties (its $defs) is still referred to.
    for part in objects:
        for keyword in ("$defs", "definitions"):
            if keyword in part:
                flat[keyword] = {**_named(part, keyword), **_named(flat, keyword)}
    return len(parts) > 1 or len(objects) != len(parts)


def _options(schema: Any) -> list[Any]:
    """The branches of what is nothing but a choice, else the schema itself as the only one."""
    if isinstance(schema, dict) and set(schema) == {"anyOf"} and isinstance(schema["anyOf"], list):
        return schema["anyOf"]
    return [schema]


def _children(node: Schema) -> list[Any]:
    found: list[Any] = []
    for keyword in _LISTS:
        if isinstance(node.get(keyword), list):
            found += node[keyword]
    for keyword in _MAPS:
        if isinstance(node.get(keyword), dict):
            found += node[keyword].values()
    return found + [node[keyword] for keyword in _NODES if keyword in node]


def _drop(node: Any, drops: frozenset[str]) -> bool:
    lost = False
    if isinstance(node, dict):
        for keyword in drops & node.keys():
            del node[keyword]
            lost |= keyword not in _NOTES
        for child in _children(node):
            lost |= _drop(child, drops)
    return lost


def _push_types(node: Any) -> None:
    """Move a type that stands beside a union into those of its branches that have none: it means the same."""
    if not isinstance(node, dict):
        return
    unions = [keyword for keyword in _UNIONS if isinstance(node.get(keyword), list)]
    if unions and "type" in node:
        kind = node.pop("type")
        for keyword in unions:
            for branch in node[keyword]:
                if isinstance(branch, dict) and "$ref" not in branch:
                    branch.setdefault("type", kind)
    for child in _children(node):
        _push_types(child)


def is_strict(schema: Raw) -> bool:
    """Whether OpenAI's strict mode takes the schema: each object closed, with all its properties required."""
    try:
        return _strict(msgspec.json.decode(schema))
    except (msgspec.MsgspecError, RecursionError):
        return False


def _strict(node: Any) -> bool:
    if not isinstance(node, dict) or any(keyword in node for keyword in _NOT_STRICT):
        return False
    if "format" in node and node["format"] not in _STRICT_FORMATS:
        return False
    if node.get("type") == "object" or "properties" in node:
        names = node.get("properties")
        if not isinstance(names, dict) or node.get("additionalProperties") is not False:
            return False
        if set(_required(node)) != set(names):
            return False
    return all(_strict(child) for child in _children(node) if child is not False)
