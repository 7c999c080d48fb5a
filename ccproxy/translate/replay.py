"""From a whole answer to events and back: both forms of an answer say the same.

`events_of` serves a streaming client where the provider answered with a body; `message_of` is its inverse.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from ccproxy.translate.calls import parsed
from ccproxy.translate.events import (
    CitationsDelta,
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Delta,
    Event,
    InputJSONDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
)
from ccproxy.translate.messages import (
    Message,
    OutputTokensDetails,
    RedactedThinkingBlock,
    ResponseBlock,
    ServerToolUseBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    Usage,
    WebFetchToolResultBlock,
    WebSearchToolResultBlock,
)
from ccproxy.translate.served import CodeExecutionToolResultBlock, McpToolResultBlock, McpToolUseBlock

_NO_INPUT = Raw(b"{}")
_RAW_MEMBER = msgspec.json.Decoder(list[Raw])


def events_of(message: Message) -> list[Event]:
    """The stream that says the same as `message`: each block's whole content in one delta."""
    usage = msgspec.structs.replace(message.usage, estimated=UNSET)
    nothing_said = msgspec.structs.replace(usage, output_tokens=0, output_tokens_details=OutputTokensDetails())
    started = msgspec.structs.replace(message, content=[], stop_reason=None, stop_sequence=None, usage=nothing_said)
    events: list[Event] = [MessageStart(started)]
    for index, block in enumerate(message.content):
        head, deltas = opened(block)
        events.append(ContentBlockStart(index, head))
        events.extend(ContentBlockDelta(index, delta) for delta in deltas)
        events.append(ContentBlockStop(index))
    events.append(MessageDelta(Stop(message.stop_reason or "end_turn", message.stop_sequence), usage))
    events.append(MessageStop())
    return events


def opened(block: ResponseBlock) -> tuple[ResponseBlock, list[Delta]]:
    """A block's beginning, as a stream gives it, and the deltas that fill it. Results of servers come whole."""
    match block:
        case TextBlock():
            deltas: list[Delta] = [TextDelta(block.text)]
            if isinstance(block.citations, Raw):
                deltas += [CitationsDelta(citation) for citation in _RAW_MEMBER.decode(block.citations)]
            return TextBlock(""), deltas
        case ThinkingBlock():
            thought: list[Delta] = [ThinkingDelta(block.thinking)] if block.thinking else []
            return ThinkingBlock(""), thought + ([SignatureDelta(block.signature)] if block.signature else [])
        case ToolUseBlock() | ServerToolUseBlock() | McpToolUseBlock():
            head = msgspec.structs.replace(block, input=_NO_INPUT)
            return head, [InputJSONDelta(bytes(block.input).decode())]
        case (
            RedactedThinkingBlock()
            | WebSearchToolResultBlock()
            | WebFetchToolResultBlock()
            | CodeExecutionToolResultBlock()
            | McpToolResultBlock()
        ):
            return block, []


def message_of(events: Iterable[Event]) -> Message:
    """The whole answer that `events` say, which must be complete.

    A tool's input that is no JSON object is kept as it came, in the form that Claude Code gives to input that it
    cannot parse.
    """
    message = Message(id="", model="", content=[], usage=Usage())
    texts: list[str] = []
    citations: list[Raw] = []
    for event in events:
        match event:
            case MessageStart():
                message = event.message
            case ContentBlockStart():
                message.content.append(event.content_block)
                texts, citations = [], []
            case ContentBlockDelta():
                _collect(event.delta, message.content[-1], texts, citations)
            case ContentBlockStop():
                message.content[-1] = _whole(message.content[-1], "".join(texts), citations)
            case MessageDelta():
                message.stop_reason = event.delta.stop_reason
                message.stop_sequence = event.delta.stop_sequence
                message.usage = event.usage
            case _:
                pass
    return message


def _collect(delta: Delta, block: ResponseBlock, texts: list[str], citations: list[Raw]) -> None:
    match delta:
        case TextDelta():
            texts.append(delta.text)
        case ThinkingDelta():
            texts.append(delta.thinking)
        case InputJSONDelta():
            texts.append(delta.partial_json)
        case CitationsDelta():
            citations.append(delta.citation)
        case SignatureDelta() if isinstance(block, ThinkingBlock):
            block.signature = delta.signature
        case _:
            pass


def _whole(block: ResponseBlock, text: str, citations: list[Raw]) -> ResponseBlock:
    match block:
        case TextBlock():
            return TextBlock(text, Raw(msgspec.json.encode(citations)) if citations else UNSET)
        case ThinkingBlock():
            return ThinkingBlock(text, block.signature)
        case ToolUseBlock() | ServerToolUseBlock() | McpToolUseBlock():
            whole = parsed(text or "{}")
            return msgspec.structs.replace(block, input=Raw(_unparsed(text) if whole is None else whole))
        case _:
            return block


def _unparsed(text: str) -> bytes:
    found: dict[str, Any] = {"__unparsedToolInput": {"raw": text, "len": len(text)}}
    return json.dumps(found).encode()
