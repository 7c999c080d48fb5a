"""The bodies and stream events of Cohere's chat, as far as anything is read from them.

One shape serves both: an event's `delta.message` has the fields of a body's `message`, with one object where the body
has a list. The legacy v1 API's bodies (`text`, `meta`) are understood too. Source: the provider's SDK types and
recorded traffic. Unknown fields are skipped; a field of a wrong type counts as not sent.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ccproxy.translate.misfits import Halves, fitted, value


class FunctionPart(Struct, gc=False):
    """A function's name and its arguments: JSON text, or a part of it."""

    name: str | None = None
    arguments: Any = None


class CallPart(Struct, gc=False):
    """A tool call, or more of one."""

    id: str | None = None
    function: FunctionPart | None = None


class Content(Struct, gc=False):
    """An item of content, or more of one: text or thinking."""

    text: str | None = None
    thinking: str | None = None


class Source(Struct, gc=False):
    """What a citation points to: a document as it was given, or one in a tool's result."""

    id: str | None = None
    document: dict[str, Any] | None = None
    tool_output: dict[str, Any] | None = None


class Citation(Struct, gc=False):
    """Sources of a passage of the answer. `type` tells where the passage is: text, plan or thinking."""

    sources: list[Source] | None = None
    type: str | None = None


class Said(Struct, gc=False):
    """What was said: the whole of it, or the next part."""

    content: Content | list[Content] | str | None = None
    tool_plan: str | None = None
    tool_calls: CallPart | list[CallPart] | None = None
    citations: Citation | list[Citation] | None = None


class Tokens(Struct, gc=False):
    """Counts of tokens. Among those that the model read (`tokens`), the images' are counted for themselves."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    image_tokens: int | None = None


class UsageBody(Struct, gc=False):
    """`tokens` are what the model read and wrote, `billed_units` what is paid for: without the prompt's template."""

    tokens: Tokens | None = None
    billed_units: Tokens | None = None
    cached_tokens: int | None = None


class Delta(Struct, gc=False):
    """The contents of an event; the last one tells how the answer ended."""

    message: Said | None = None
    finish_reason: str | None = None
    usage: UsageBody | None = None
    error: Any = None


class Event(Struct, gc=False):
    """The data of one event. `index` numbers content items and calls, each for themselves."""

    type: str = ""
    index: int | None = None
    delta: Delta | None = None


class Body(Struct, gc=False):
    """A whole answer; `message` is a text in an error. `text` and `meta` are v1's."""

    message: Said | str | None = None
    finish_reason: str | None = None
    usage: UsageBody | None = None
    text: str | None = None
    meta: UsageBody | None = None


_decode_event = msgspec.json.Decoder(Event).decode
_decode_body = msgspec.json.Decoder(Body).decode


def read_event(data: bytes, halves: Halves | None = None) -> Event:
    """The event in `data`; `halves` are those of its stream. Raises BadAnswer where there is no JSON object in it."""
    try:
        if not halves:
            return _decode_event(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    return fitted(value(data, halves), Event, "stream event of Cohere's chat")


def read_body(data: bytes) -> Body:
    """The answer in `data`. Raises BadAnswer where there is no JSON object in it."""
    try:
        return _decode_body(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return fitted(value(data), Body, "chat answer of Cohere's")
