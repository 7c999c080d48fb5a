"""What Converse answers, as far as anything is read from it: the payloads of a stream's events, and whole bodies.

Source: AWS's service model of bedrock-runtime. Unknown fields are skipped without being decoded, so is the padding
`p`. Reading is strict and fast first; a field of a wrong type then counts as not sent.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Raw, Struct

from ccproxy.translate.misfits import Halves, fitted, value


class Reasoning(Struct, gc=False):
    """A part of the reasoning: text, then the signature of all of it; or bytes in base64 that only its maker reads."""

    text: str | None = None
    signature: str | None = None
    redactedContent: str | None = None  # noqa: N815 - the API's name, as all below


class Span(Struct, gc=False):
    """A place in a document (characters, pages or chunks) or in a search result."""

    documentIndex: int = 0  # noqa: N815
    searchResultIndex: int = 0  # noqa: N815
    start: int = 0
    end: int = 0


class Web(Struct, gc=False):
    """A web page that was searched for."""

    url: str = ""
    domain: str = ""


class Location(Struct, gc=False):
    """Where the cited words are from: one of these."""

    documentChar: Span | None = None  # noqa: N815
    documentPage: Span | None = None  # noqa: N815
    documentChunk: Span | None = None  # noqa: N815
    searchResultLocation: Span | None = None  # noqa: N815
    web: Web | None = None


class Text(Struct, gc=False):
    """A piece of text."""

    text: str = ""


class Citation(Struct, gc=False):
    """What a text rests on: `source` is that of a search result, `sourceContent` the cited words."""

    title: str | None = None
    source: str | None = None
    sourceContent: list[Text] | None = None  # noqa: N815
    location: Location | None = None


class ToolUse(Struct, gc=False):
    """A call of a tool. In a stream `input` comes as parts of its JSON text; `type` tells of the provider's own."""

    toolUseId: str = ""  # noqa: N815
    name: str = ""
    input: Raw = Raw()
    type: str | None = None


class ToolInput(Struct, gc=False):
    """More of a call's input."""

    input: str | None = None


class ToolResult(Struct, gc=False):
    """What a tool of the provider's own gave."""

    toolUseId: str = ""  # noqa: N815
    type: str | None = None
    content: list[Any] | None = None


class Start(Struct, gc=False):
    """What kind of block begins; text and reasoning begin without one."""

    toolUse: ToolUse | None = None  # noqa: N815
    toolResult: ToolResult | None = None  # noqa: N815
    image: Any = None


class Delta(Struct, gc=False):
    """More of a block: one of these; those of images are not read."""

    text: str | None = None
    toolUse: ToolInput | None = None  # noqa: N815
    reasoningContent: Reasoning | None = None  # noqa: N815
    citation: Citation | None = None
    toolResult: list[Any] | None = None  # noqa: N815


class BlockStart(Struct, gc=False):
    """`contentBlockStart`."""

    contentBlockIndex: int = 0  # noqa: N815
    start: Start | None = None


class BlockDelta(Struct, gc=False):
    """`contentBlockDelta`."""

    contentBlockIndex: int = 0  # noqa: N815
    delta: Delta | None = None


class BlockStop(Struct, gc=False):
    """`contentBlockStop`."""

    contentBlockIndex: int = 0  # noqa: N815


class CacheDetail(Struct, gc=False):
    """Tokens written to the cache, for `5m` or `1h`."""

    ttl: str = ""
    inputTokens: int = 0  # noqa: N815


class TokenUsage(Struct, gc=False):
    """Token counts; those of the cache are not in `inputTokens`."""

    inputTokens: int | None = None  # noqa: N815
    outputTokens: int | None = None  # noqa: N815
    cacheReadInputTokens: int | None = None  # noqa: N815
    cacheWriteInputTokens: int | None = None  # noqa: N815
    cacheDetails: list[CacheDetail] | None = None  # noqa: N815


class Tier(Struct, gc=False):
    """How urgently it was answered: `default`, `priority`, `flex` or `reserved`."""

    type: str = ""


class ModelFields(Struct, gc=False):
    """Fields of the model's own answer that were asked for; Claude's stop sequence is all that is read."""

    stop_sequence: str | None = None
    delta: ModelFields | None = None


class MessageStop(Struct, gc=False):
    """`messageStop`."""

    stopReason: str = ""  # noqa: N815
    additionalModelResponseFields: ModelFields | None = None  # noqa: N815


class Metadata(Struct, gc=False):
    """`metadata`, the last event."""

    usage: TokenUsage | None = None
    serviceTier: Tier | None = None  # noqa: N815


class ReasoningBlock(Struct, gc=False):
    """Reasoning in a whole answer."""

    reasoningText: Reasoning | None = None  # noqa: N815
    redactedContent: str | None = None  # noqa: N815


class Cited(Struct, gc=False):
    """Text with what it rests on. What a web search found has no text of its own: it follows its text."""

    content: list[Text] | None = None
    citations: list[Citation] | None = None


class Block(Struct, gc=False):
    """A block of a whole answer: one of these."""

    text: str | None = None
    toolUse: ToolUse | None = None  # noqa: N815
    toolResult: ToolResult | None = None  # noqa: N815
    reasoningContent: ReasoningBlock | None = None  # noqa: N815
    citationsContent: Cited | None = None  # noqa: N815
    image: Any = None


class Message(Struct, gc=False):
    """The assistant's message."""

    content: list[Block] | None = None


class Output(Struct, gc=False):
    """Holds the message."""

    message: Message | None = None


class Body(Struct, gc=False):
    """A whole answer."""

    output: Output | None = None
    stopReason: str | None = None  # noqa: N815
    usage: TokenUsage | None = None
    serviceTier: Tier | None = None  # noqa: N815
    additionalModelResponseFields: ModelFields | None = None  # noqa: N815


S = TypeVar("S", bound=Struct)
S_co = TypeVar("S_co", bound=Struct, covariant=True)


class Reader(Protocol[S_co]):
    """Reads a value; `halves` are those of its stream."""

    def __call__(self, data: bytes, halves: Halves | None = None) -> S_co: ...  # noqa: D102


def reader(kind: type[S]) -> Reader[S]:
    """A function that reads `kind` from JSON. It raises BadAnswer where there is no object."""
    decode = msgspec.json.Decoder(kind).decode

    def read(data: bytes, halves: Halves | None = None) -> S:
        try:
            if not halves:
                return decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
        return fitted(value(data, halves), kind, "Converse answer")

    return read


body = reader(Body)
