"""How far the items of an answer have come: what of each was told already, so that nothing is lost or told twice.

Servers repeat what they said, in whole, up to four times: at the end of a part, of the content part, of the item and of
the answer; some leave out the deltas, some the end. Only lengths are compared: what is longer than what was told has
the rest at its end.
"""

from __future__ import annotations

from msgspec import Struct

from ccproxy.translate.calls import Call
from ccproxy.translate.wire.openai_responses.items import Item

Key = int | str
"""An item's place in the output, or its id from servers that do not tell the place. Ids alone would not do: some
servers give one id to several items (xAI), or another id with each event (Copilot)."""


_NOWHERE = ""
"""The key of an item whose place was not told yet."""


class Part(Struct, gc=False):
    """A part of an item; `length` counts the characters of it that were told."""

    length: int = 0


class Progress(Struct, eq=False):
    """An item as far as it has come.

    `length` counts the characters that were told of it, `notes` its citations. `name` is that of a call which has no id
    yet and cannot begin without. `channel` is where its reasoning comes from: the summary or the content, whichever
    came first, because some servers give both. `over`: it was told whole.
    """

    type: str
    call: Call | None = None
    name: str = ""
    parts: dict[int | None, Part] = {}
    length: int = 0
    notes: int = 0
    channel: str = ""
    over: bool = False


class Output:
    """The items of one answer, by their keys."""

    def __init__(self) -> None:
        self._all: list[Progress] = []
        self._by_key: dict[tuple[Key, str], Progress] = {}

    def item(self, index: int | None, id: str | None, type: str, *, begins: bool = False) -> Progress:
        """The item of this place or id, which may be new. Where neither is told, the last one of that type.

        `begins`: it is surely not one that is over, although it may have its place.
        """
        key: Key | None = index if index is not None else id
        if key is None:
            last = next((item for item in reversed(self._all) if item.type == type), None)
            return last if last is not None and not last.over else self._new(_NOWHERE, type)
        found = self._by_key.get((key, type)) or self._placed(key, type)
        return self._new(key, type) if found is None or (begins and found.over) else found

    def _placed(self, key: Key, type: str) -> Progress | None:
        """The item of no place, which turns out to have this one."""
        found = self._by_key.pop((_NOWHERE, type), None)
        if found is None or found.over:
            return None
        self._by_key[key, type] = found
        return found

    def _new(self, key: Key, type: str) -> Progress:
        found = self._by_key[key, type] = Progress(type)
        self._all.append(found)
        return found

    def name_calls(self) -> None:
        """The calls whose ids never came begin without them."""
        for item in self._all:
            if item.call is not None and not item.call.name:
                item.call.name = item.name

    def missing(self, output: list[Item]) -> list[tuple[Progress, Item]]:
        """The items of the whole output, each with how far it has come.

        The n-th item of a type is the n-th of that type that was told: places shift where the whole output leaves
        something out (ChatGPT's backend: everything).
        """
        told: dict[str, list[Progress]] = {}
        for known in reversed(self._all):
            told.setdefault(known.type, []).append(known)
        return [(told[item.type].pop() if told.get(item.type) else Progress(item.type), item) for item in output]
