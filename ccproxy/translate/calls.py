"""The tool calls of one answer: where each one's input ends, and what the client knows it by.

Knows inputs as text that comes in parts, ids and names; nothing of how an API tells which call a part belongs to.
What decides is the input itself: once a JSON object has ended, whatever follows belongs to a further call.
"""

from __future__ import annotations

import json
import re

import msgspec

from ccproxy.translate import tool_ids
from ccproxy.translate.target import DecodeContext

_OUTSIDE = re.compile(r'["{}\[\]]').search
_INSIDE = re.compile(r'["\\]').search
_PLACEHOLDER = 16  # characters that `null` or `{}` in place of an input has at most, space included


class ObjectEnd:
    """Finds the end of the JSON object that a text begins with, in parts; each character is looked at once."""

    __slots__ = ("_depth", "_escaped", "_quoted")

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = False
        self._escaped = False

    def feed(self, text: str) -> int:
        """Where in `text` the object has ended (just after its last brace), or -1."""
        at = 0
        if self._escaped and text:
            self._escaped = False
            at = 1
        while True:
            mark = (_INSIDE if self._quoted else _OUTSIDE)(text, at)
            if mark is None:
                return -1
            at = mark.end()
            match mark[0]:
                case '"':
                    self._quoted = not self._quoted
                case "\\":
                    if at == len(text):
                        self._escaped = True
                        return -1
                    at += 1
                case "{" | "[":
                    self._depth += 1
                case _:
                    self._depth -= 1
                    if self._depth <= 0:
                        return at


class Call:
    """One tool call as far as it has come. `fresh` is the part of its input that was not written yet."""

    __slots__ = ("_end", "_parts", "_size", "_written", "client_id", "complete", "fresh", "id", "index", "name")

    def __init__(self, index: int | None, id: str, name: str) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.client_id = ""  # given when the call's block begins
        self.complete = False
        self.fresh: list[str] = []
        self._parts: list[str] = []
        self._size = 0  # of all parts
        self._written = False
        self._end = ObjectEnd()

    @property
    def arguments(self) -> str:
        """The input so far, as text."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def empty(self) -> bool:
        """Whether the input so far says nothing: the call takes none, or it is still to come."""
        return not self._parts or self.arguments.strip() in ("", "null", "{}")

    def add(self, fragment: str) -> str:
        """More input; returns what lies beyond its end, which belongs to a further call."""
        # Looking at all that came so far costs as much as it is long: only where it can matter.
        again = self._size <= max(len(fragment), _PLACEHOLDER) and fragment.lstrip()[:1] == "{"
        if self._parts and again:
            so_far = self.arguments
            if not self._written and so_far.strip() in ("null", "{}"):
                # A placeholder that some servers send before the real input.
                self._restart()
            elif not self.complete and so_far.lstrip()[:1] == "{" and fragment.startswith(so_far):
                fragment = fragment[len(so_far) :]  # a snapshot: all of it once more, and then some
        if self.complete:
            return fragment
        if not self._parts:
            fragment = fragment.lstrip()
            if not fragment:
                return ""
        rest = ""
        if (self._parts[0] if self._parts else fragment)[0] == "{":
            end = self._end.feed(fragment)
            if end >= 0:
                self.complete = True
                fragment, rest = fragment[:end], fragment[end:]
        self._parts.append(fragment)
        self._size += len(fragment)
        self.fresh.append(fragment)
        return rest

    def _restart(self) -> None:
        self._parts = []
        self._size = 0
        self.fresh = []
        self.complete = False
        self._end = ObjectEnd()

    def take(self) -> str:
        """The part of the input that can be written now: no part that may still turn out to be a placeholder."""
        if not self.fresh or self._parts[0][0] != "{":
            return ""
        if self.complete and not self._written and self.empty:
            return ""
        self._written = True
        text = "".join(self.fresh)
        self.fresh = []
        return text

    def take_last(self) -> str:
        """What is left to be written at the end, so that the whole is JSON wherever that is possible."""
        if self._written:
            return self.take()
        self._written = True
        self.fresh = []
        return settled(self.arguments)

    @property
    def cut(self) -> bool:
        """Whether the input began and did not come to its end."""
        if self.complete or self.empty:
            return False
        try:
            json.loads(self.arguments, strict=False)
        except (ValueError, RecursionError):
            return True
        return False


def settled(arguments: str) -> str:
    """The input as JSON text of an object: `{}` where there is none, an object that was quoted twice as itself.

    What is no object at all stays as it came: it is the client who can tell the model.
    """
    if arguments.strip() in ("", "null", "{}"):
        return "{}"
    if arguments.startswith('"'):
        try:
            inner = msgspec.json.decode(arguments, type=str)
        except msgspec.MsgspecError:
            return arguments
        if parsed(inner) is not None:
            return inner
    return arguments


def parsed(arguments: str) -> bytes | None:
    """The input as the JSON text of an object, or None where it is not one.

    Raw control characters inside strings, a common fault of small models, are escaped.
    """
    try:
        msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        pass
    else:
        return arguments.encode()
    try:
        found = json.loads(arguments, strict=False)
        return json.dumps(found, allow_nan=False).encode() if isinstance(found, dict) else None
    except (ValueError, RecursionError):
        return None


class Calls:
    """The calls of one answer, in the order in which they began."""

    def __init__(self, context: DecodeContext) -> None:
        self.all: list[Call] = []
        self._context = context
        self._outward: set[str] = set()

    def begin(self, index: int | None, id: str, name: str) -> Call:
        """A new call; `id` and `name` may still be empty."""
        call = Call(index, id, name)
        self.all.append(call)
        return call

    def name_for_client(self, call: Call) -> str:
        """The tool's name as the client knows it."""
        name = call.name or "unknown"
        return self._context.names.get(name, name)

    def id_for_client(self, call: Call) -> str:
        """The call's id for the client: legal, and used once in the whole conversation."""
        used = self._context.used_ids
        position = self.all.index(call)
        first = (
            tool_ids.outward(call.id) if call.id else f"toolu_{self._context.message_id.removeprefix('msg_')}{position}"
        )
        found, number = first, 1
        while found in used or found in self._outward:
            number += 1
            found = f"{first}_{number}"
        self._outward.add(found)
        return found
