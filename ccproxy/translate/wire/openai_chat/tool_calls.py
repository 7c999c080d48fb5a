"""Which call a delta belongs to.

Servers differ in all of it: no index, every call on index 0, ids that are empty, repeated or come late, names on
every delta, whole inputs, snapshots instead of deltas, several inputs in one string. Nothing is thrown away but
repetitions.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ccproxy.translate.calls import Call, Calls
from ccproxy.translate.wire.openai_chat.chunks import CallPart


def add(calls: Calls, part: CallPart, *, new: bool = False) -> list[Call]:
    """Takes a delta in; returns the calls that it touched, new ones included. `new`: it surely begins a call."""
    function = part.function
    name = (function.name or "") if function else ""
    fragment = text_of(function.arguments) if function else ""
    call = None if new else _find(calls.all, part.index, part.id or "", name, fragment)
    if call is None:
        call = calls.begin(part.index, part.id or "", name)
    if not call.id and part.id:
        call.id = part.id
    if not call.name and name:
        call.name = name
    touched = [call]
    while fragment:
        repeated = call.complete and part.id == call.id != "" and fragment.strip() == call.arguments.strip()
        if repeated:
            break
        fragment = call.add(fragment).lstrip()
        if fragment:
            if fragment[0] != "{":
                break  # not the beginning of an input: stray closing brackets, fences, end tokens
            call = calls.begin(part.index, "", call.name)
            touched.append(call)
    return touched


def _find(calls: list[Call], index: int | None, id: str, name: str, fragment: str) -> Call | None:
    """The call that a delta continues, or None: it begins a new one."""
    if not calls:
        return None
    known = next((call for call in reversed(calls) if call.index == index), None) if index is not None else calls[-1]
    if id:
        if known is not None and known.id == id:
            return known
        same = next((call for call in reversed(calls) if call.id == id), None)
        if same is not None and (index is None or not name):
            return same
        # An id may come later than its call.
        return known if known is not None and not known.id and not known.complete and not name else None
    if known is None:
        # A call that nobody announced: the rest of the last one, if that lacks one.
        return None if name or calls[-1].complete else calls[-1]
    if name and fragment and (known.complete and not known.empty):
        return None
    if name and known.name and name != known.name and (known.complete or known.empty):
        return None
    return known


def text_of(arguments: Any) -> str:
    """Arguments as text, whatever JSON value the server made of them."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()
