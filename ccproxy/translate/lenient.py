"""Fits a decoded JSON value into msgspec Structs, and says what did not fit.

Generic over the Structs: it reads their fields through `msgspec.inspect` and knows no field of the Messages API
but the few that must not be lost (`ESSENTIAL`). What it may leave out, it leaves out and notes with its path
(`messages[3].content[0].foo`); what it must not, it refuses with the path, what is allowed and what came
(`messages.3.content.0.text: expected a string, got an integer`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec.inspect as shapes
from msgspec import UNSET, Struct

from ccproxy.errors import InvalidRequest
from ccproxy.translate import messages

Path = tuple[str | int, ...]
Shape = shapes.Type

# optional fields without which the answer would be another one than was asked for: a fault in them is an error
ESSENTIAL: Mapping[type[Struct], frozenset[str]] = {
    messages.MessagesRequest: frozenset(
        {"max_tokens", "system", "stream", "stop_sequences", "tools", "tool_choice", "output_format"}
    ),
    messages.OutputConfig: frozenset({"format"}),
    messages.OutputFormat: frozenset({"schema"}),
    messages.ToolResultBlock: frozenset({"content"}),
    messages.ToolChoice: frozenset({"name"}),
    messages.Tool: frozenset({"name", "type"}),
}

# a key of the client's may hold anything, and paths end up in a response header
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_$-]{1,64}", re.ASCII)


class Misfit(InvalidRequest):
    """A value that does not fit where it stands; `path` is where. `essential`: it may not be left out either."""

    essential = False

    def __init__(self, path: Path, wrong: str) -> None:
        super().__init__(f"{dotted(path)}: {wrong}")


class UnknownVariant(Misfit):
    """An object whose `type` is none of those that may stand there."""


def dotted(path: Path) -> str:
    """A path as the Anthropic API writes it in errors: `messages.3.content.0.text`."""
    return ".".join(_key(step) if isinstance(step, str) else str(step) for step in path) or "body"


def bracketed(path: Path) -> str:
    """A path as ccproxy reports losses: `messages[3].content[0].foo`."""
    steps = (f".{_key(step)}" if isinstance(step, str) else f"[{step}]" for step in path)
    return "".join(steps).removeprefix(".")


def fit(value: Any, struct: type[Struct]) -> tuple[Any, tuple[str, ...]]:
    """`value` (JSON as Python values) cut down to what `struct` takes, and the paths of what was left out.

    Raises InvalidRequest where a required field is missing or wrong.
    """
    fitting = _Fitting()
    return fitting.struct(value, _shape(struct), ()), tuple(fitting.left_out)


@cache
def _shape(struct: type[Struct]) -> shapes.StructType:
    shape = shapes.type_info(struct)
    assert isinstance(shape, shapes.StructType)  # noqa: S101 - a Struct's shape is a StructType
    return shape


class _Fitting:
    """One walk through a value; collects the paths of what it leaves out."""

    def __init__(self) -> None:
        self.left_out: list[str] = []

    def fit(self, value: Any, shape: Shape, path: Path) -> Any:
        """`value` as `shape` wants it. Raises Misfit."""
        match shape:
            case shapes.StructType():
                return self.struct(value, shape, path)
            case shapes.UnionType():
                return self.union(value, shape, path)
            case shapes.ListType() if isinstance(value, list):
                return [self.fit(item, shape.item_type, (*path, index)) for index, item in enumerate(value)]
            case shapes.IntType() if isinstance(value, float) and value.is_integer():
                return int(value)
            case shapes.LiteralType() if value in shape.values:
                return value
            case _ if _fits(value, shape):
                return value
        raise Misfit(path, f"expected {_allowed(shape)}, got {_found(value, shape)}")

    def struct(self, value: Any, shape: shapes.StructType, path: Path) -> dict[str, Any]:
        """An object with the Struct's fields only."""
        if not isinstance(value, dict):
            raise Misfit(path, f"expected an object, got {_found(value, shape)}")
        fields = {field.encode_name: field for field in shape.fields}
        fitted = {}
        if shape.tag_field is not None:
            if value.get(shape.tag_field, shape.tag) != shape.tag:
                raise UnknownVariant((*path, shape.tag_field), f"expected {shape.tag!r}")
            fitted[shape.tag_field] = shape.tag
        for key, item in value.items():
            if key in fields:
                item = self.field(item, fields[key], shape.cls, (*path, key))
                if item is not UNSET:
                    fitted[key] = item
            elif key != shape.tag_field:
                self.left_out.append(bracketed((*path, key)))
        for key, field in fields.items():
            if field.required and key not in fitted:
                raise Misfit((*path, key), "Field required")
        return fitted

    def field(self, value: Any, field: shapes.Field, owner: type[Struct], path: Path) -> Any:
        """A field's value, or UNSET where it is left out."""
        if value is None and not _takes_null(field.type):
            if not field.required:
                return UNSET  # null is how many clients write "not sent"
            if _takes_list(field.type):
                return []
            if isinstance(field.type, shapes.RawType):
                return {}
        noted = len(self.left_out)
        try:
            return self.fit(value, field.type, path)
        except UnknownVariant:
            raise  # the block that it stands in is the unknown one
        except Misfit as misfit:
            misfit.essential = misfit.essential or field.name in ESSENTIAL.get(owner, ())
            if field.required or misfit.essential:
                raise
        self.left_out[noted:] = [bracketed(path)]
        return UNSET

    def union(self, value: Any, shape: shapes.UnionType, path: Path) -> Any:
        """One of several; objects are told apart by their `type`."""
        structs = {member.tag: member for member in shape.types if isinstance(member, shapes.StructType)}
        if isinstance(value, dict) and structs:
            if len(structs) > 1:
                return self.variant(value, structs, path)
            return self.struct(value, next(iter(structs.values())), path)
        for member in shape.types:
            if _kind_fits(value, member):
                return self.fit(value, member, path)
        raise Misfit(path, f"expected {_allowed(shape)}, got {_found(value, shape)}")

    def variant(self, value: dict[str, Any], structs: Mapping[Any, shapes.StructType], path: Path) -> Any:
        """A block or a source. Unknown ones are kept whole where the union has room for them."""
        tag = value.get("type")
        noted = len(self.left_out)
        if not isinstance(tag, str):
            raise Misfit((*path, "type"), "Field required" if tag is None else f"expected a string, got {_name(tag)}")
        try:
            if tag not in structs or tag == messages.UNKNOWN:
                known = ", ".join(sorted(repr(known) for known in structs if known != messages.UNKNOWN))
                raise UnknownVariant((*path, "type"), f"expected one of {known}, got {_name(tag)}")
            return self.struct(value, structs[tag], path)
        except UnknownVariant:
            if messages.UNKNOWN not in structs:
                raise
        del self.left_out[noted:]
        return {"type": messages.UNKNOWN, "block_type": tag, "raw": value}


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else ascii(key[:64])


def _fits(value: Any, shape: Shape) -> bool:
    """Whether a value that holds no others is what the shape wants."""
    match shape:
        case shapes.RawType() | shapes.AnyType():
            return True
        case shapes.NoneType():
            return value is None
        case shapes.StrType():
            return isinstance(value, str)
        case shapes.BoolType():
            return isinstance(value, bool)
        case shapes.IntType():
            return isinstance(value, int) and not isinstance(value, bool)
        case shapes.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool)
    return False


def _kind_fits(value: Any, shape: Shape) -> bool:
    """Whether the value is of the shape's JSON kind, so that a fault lies inside of it."""
    match shape:
        case shapes.ListType():
            return isinstance(value, list)
        case shapes.IntType():
            return isinstance(value, float) or _fits(value, shape)
    return _fits(value, shape)


def _takes_null(shape: Shape) -> bool:
    match shape:
        case shapes.UnionType():
            return any(_takes_null(member) for member in shape.types)
    return isinstance(shape, shapes.NoneType)


def _takes_list(shape: Shape) -> bool:
    match shape:
        case shapes.UnionType():
            return any(_takes_list(member) for member in shape.types)
    return isinstance(shape, shapes.ListType)


def _allowed(shape: Shape) -> str:
    """What may stand there, in words."""
    match shape:
        case shapes.UnionType():
            names = [_allowed(member) for member in shape.types if not isinstance(member, shapes.NoneType)]
            return " or ".join(dict.fromkeys(names))
        case shapes.LiteralType():
            return " or ".join(repr(value) for value in shape.values)
        case shapes.ListType():
            return "a list"
        case shapes.StrType():
            return "a string"
        case shapes.BoolType():
            return "true or false"
        case shapes.IntType():
            return "an integer"
        case shapes.FloatType():
            return "a number"
    return "an object"


def _found(value: Any, shape: Shape) -> str:
    """What came instead, in words; the value itself only where a word was expected."""
    if isinstance(value, str) and isinstance(shape, shapes.LiteralType):
        return _name(value)
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
    return "an object"


def _name(tag: Any) -> str:
    """A client's word, short and printable."""
    return ascii(tag[:64]) if isinstance(tag, str) else _found(tag, shapes.AnyType())
