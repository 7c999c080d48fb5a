"""Where the members of a JSON object and the items of an array stand in the bytes, so that one of them can be replaced.

What is relayed is not encoded anew: an edit says which bytes give way to which, and all others stay as they came. The
decoder splits a value into its parts, one level deep and without building them; where each part stands follows from
its length.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

_KEY = re.compile(rb'[\s,{]*("(?:[^"\\]|\\.)*")\s*:\s*', re.DOTALL)
_GAP = re.compile(rb"\s*[\[,]\s*")  # before each item stands one bracket or comma


class Member(Struct, frozen=True):
    """One member of an object: its name, where its name begins, and its value with where that stands."""

    name: str
    key: int
    start: int
    end: int
    value: Raw

    @property
    def text(self) -> str | None:
        """The value where it is a text."""
        found = decoded(self.value)
        return found if isinstance(found, str) else None


class Edit(Struct, frozen=True):
    """The bytes from `start` to `end` give way to `new`."""

    start: int
    end: int
    new: bytes = b""


class _Name:
    """A member's name. Unlike a text it is equal to nothing but itself, so that a name that comes twice is told."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


_split_object: msgspec.json.Decoder[dict[_Name, Raw]] = msgspec.json.Decoder(
    dict[_Name, Raw], dec_hook=lambda _, text: _Name(text)
)
_split_array: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])
_plain: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def members(data: bytes | Raw, at: int = 0) -> list[Member]:
    """The members of the object in `data`, in their order, doubled ones too; `at` is where `data` begins.

    Raises ValueError where it is no object.
    """
    try:
        parts = _split_object.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError("no JSON object") from None
    body = memoryview(data)
    found = []
    place = 0
    for name, value in parts.items():
        head = _KEY.match(body, place)
        if head is None:
            raise ValueError("no JSON object")
        place = head.end() + len(memoryview(value))
        found.append(Member(name.text, at + head.start(1), at + head.end(), at + place, value))
    return found


def items(data: bytes | Raw, at: int = 0) -> list[Member]:
    """The items of the array in `data`, as members without a name. Nothing where it is no array."""
    try:
        parts = _split_array.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    body = memoryview(data)
    found = []
    place = 0
    for value in parts:
        gap = _GAP.match(body, place)
        if gap is None:
            raise ValueError("no JSON array")
        start = gap.end()
        place = start + len(memoryview(value))
        found.append(Member("", at + start, at + start, at + place, value))
    return found


def named(found: Iterable[Member], name: str) -> Member | None:
    """The last member of that name, which is the one that counts."""
    return next((one for one in reversed(list(found)) if one.name == name), None)


def decoded(value: bytes | Raw) -> Any:
    """A value with all that is in it; None where it is not sound."""
    try:
        return _plain.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def replaced(found: Iterable[Member], name: str, value: bytes) -> list[Edit]:
    """The edits that give every member of that name this value."""
    return [Edit(one.start, one.end, value) for one in found if one.name == name]


def removed(found: list[Member], gone: Collection[int]) -> list[Edit]:
    """The edits that take the parts at these places of the list out, with the commas that go with them."""
    edits = []
    kept = False
    for place, one in enumerate(found):
        if place not in gone:
            kept = True
        elif kept:
            edits.append(Edit(found[place - 1].end, one.end))
        else:
            edits.append(Edit(one.key, found[place + 1].key if place + 1 < len(found) else one.end))
    return edits


def put(found: list[Member], start: int, wanted: Mapping[str, bytes]) -> list[Edit]:
    """The edits that give an object these members, those that it lacks first; `start` is where its brace stands."""
    edits = []
    lacking = []
    for name, value in wanted.items():
        there = replaced(found, name, value)
        edits += there
        if not there:
            lacking.append(b'"%s":%s' % (name.encode(), value))
    if lacking:
        place = found[0].key if found else start + 1
        edits.append(Edit(place, place, b",".join(lacking) + (b"," if found else b"")))
    return edits


def edited(data: bytes, edits: Iterable[Edit]) -> bytes:
    """`data` with the edits made, which must not overlap."""
    parts: list[bytes] = []
    place = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += (data[place : edit.start], edit.new)
        place = edit.end
    parts.append(data[place:])
    return b"".join(parts)
