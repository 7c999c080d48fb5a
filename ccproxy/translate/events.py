"""The events of a Messages stream, in the only order a client accepts.

    message_start (block_start block_delta* block_stop)* message_delta message_stop

Blocks have indexes 0, 1, 2 … and never interleave; `ping` may stand anywhere after the start; `error` ends the
stream in place of the last two. A tool's input comes as `input_json_delta` only.
"""

from __future__ import annotations

from msgspec import Raw, Struct

from ccproxy.translate.messages import Message, ResponseBlock, StopReason, Usage


class TextDelta(Struct, tag="text_delta"):
    """More text."""

    text: str


class InputJSONDelta(Struct, tag="input_json_delta"):
    """More of a tool's input, as JSON text cut anywhere."""

    partial_json: str


class ThinkingDelta(Struct, tag="thinking_delta"):
    """More reasoning."""

    thinking: str


class SignatureDelta(Struct, tag="signature_delta"):
    """The signature of a thinking block: once, last in its block."""

    signature: str


class CitationsDelta(Struct, tag="citations_delta"):
    """A citation of the text so far."""

    citation: Raw


Delta = TextDelta | InputJSONDelta | ThinkingDelta | SignatureDelta | CitationsDelta


class MessageStart(Struct, tag="message_start"):
    """The empty message, with the best known input count in its usage."""

    message: Message


class ContentBlockStart(Struct, tag="content_block_start"):
    """A block begins, empty."""

    index: int
    content_block: ResponseBlock


class ContentBlockDelta(Struct, tag="content_block_delta"):
    """A block grows."""

    index: int
    delta: Delta


class ContentBlockStop(Struct, tag="content_block_stop"):
    """A block is complete."""

    index: int


class Stop(Struct):
    """Why the answer ended."""

    stop_reason: StopReason
    stop_sequence: str | None = None


class MessageDelta(Struct, tag="message_delta"):
    """The end of the answer and its final usage."""

    delta: Stop
    usage: Usage


class MessageStop(Struct, tag="message_stop"):
    """Nothing follows."""


class Ping(Struct, tag="ping"):
    """A sign of life that carries data, so that no timer on the way runs out."""


class Verbatim(Struct):
    """Whole frames of a stream that is handed on as it came."""

    data: bytes


Event = (
    MessageStart
    | ContentBlockStart
    | ContentBlockDelta
    | ContentBlockStop
    | MessageDelta
    | MessageStop
    | Ping
    | Verbatim
)
