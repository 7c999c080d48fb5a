"""The events of a response's stream, as far as anything is read from them.

Two steps, because the type decides what is decoded: it stands in the SSE event's name, from some servers only in the
data (Bedrock, OpenRouter). An event of which nothing is read is not decoded at all: `response.created` repeats the
whole request.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from ccproxy.translate.misfits import Halves, fitted, value
from ccproxy.translate.wire.openai_responses.items import Annotation, Item, Part, Response

S = TypeVar("S", bound=Struct)


class Delta(Struct, gc=False):
    """The next piece of a part of an item. `content_index` and `summary_index` number its parts."""

    delta: str = ""
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    item_id: str | None = None


class Done(Struct, gc=False):
    """The whole of what the deltas said, under a name that depends on what it is."""

    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    item_id: str | None = None
    text: str | None = None
    refusal: str | None = None
    arguments: Any = None
    input: Any = None
    name: str | None = None
    part: Part | None = None


class Noted(Struct, gc=False):
    """A note on the text that came last."""

    output_index: int | None = None
    item_id: str | None = None
    annotation: Annotation | None = None


class Told(Struct, gc=False):
    """An item that began, or is complete."""

    item: Item = field(default_factory=Item)
    output_index: int | None = None


class Ended(Struct):
    """The end of the answer."""

    response: Response = field(default_factory=Response)


class _Typed(Struct, gc=False):
    type: str = ""


_KINDS: dict[type[Struct], tuple[str, ...]] = {
    Delta: (
        "response.output_text.delta",
        "response.refusal.delta",
        "response.audio.transcript.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.function_call_arguments.delta",
    ),
    Done: (
        "response.output_text.done",
        "response.refusal.done",
        "response.content_part.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.reasoning_text.done",
        "response.reasoning_part.done",
        "response.function_call_arguments.done",
    ),
    Noted: ("response.output_text.annotation.added",),
    Told: ("response.output_item.added", "response.output_item.done"),
    Ended: ("response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done"),
}
_READ: dict[bytes, Any] = {
    name.encode(): (msgspec.json.Decoder(kind).decode, kind) for kind, names in _KINDS.items() for name in names
}
_ERRORS = (b"error", b"response.error")
_typed = msgspec.json.Decoder(_Typed).decode


def kind(name: bytes, payload: bytes) -> bytes:
    """The type of an event, by its name or else by its data; `error` for an error of any form."""
    if name in _READ:
        return name
    if name in _ERRORS:
        return b"error"
    if name.startswith(b"response."):
        return name
    try:
        found = _typed(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raw = value(payload)
        if not isinstance(raw, dict):
            return b"error"
        found = fitted({"type": raw.get("type")}, _Typed, "response")
    told = found.type.encode()
    return b"error" if not told or told in _ERRORS else told


def read(kind: bytes, payload: bytes, halves: Halves | None = None) -> Any:
    """The event in `payload`, or None for one of which nothing is read; `halves` are those of its stream.

    Raises BadAnswer where it makes no sense.
    """
    entry = _READ.get(kind)
    if entry is None:
        return None
    decode, shape = entry
    try:
        if not halves:
            return decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    return fitted(value(payload, halves), shape, "response")
