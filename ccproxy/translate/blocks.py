"""Writes an answer's blocks as events, one block after the other, in the order in which the blocks began.

A tool call stays open until its input has come to its end, because servers mix the deltas of several calls; what
begins in the meantime waits its turn and nothing is lost. Knows events, and
nothing of how an API tells them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from ccproxy.translate import signature
from ccproxy.translate.calls import Call, Calls
from ccproxy.translate.events import (
    CitationsDelta,
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
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
from ccproxy.translate.messages import Message, ResponseBlock, StopReason, TextBlock, ThinkingBlock, ToolUseBlock, Usage
from ccproxy.translate.replay import opened
from ccproxy.translate.target import DecodeContext

_NO_INPUT = Raw(b"{}")


class Text:
    """A text block: what of it waits to be written. `ended`: more text belongs to the next one."""

    __slots__ = ("citations", "ended", "waiting")

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.citations: list[Raw] = []
        self.ended = False


class Whole:
    """A block that came in one piece."""

    __slots__ = ("block", "deltas")

    def __init__(self, block: ResponseBlock) -> None:
        self.block, self.deltas = opened(block)


class Thinking:
    """A thinking block: all of its text, because the signature covers it, and what the provider needs of it again."""

    __slots__ = ("details", "ended", "parts", "waiting")

    def __init__(self) -> None:
        self.ended = False
        self.waiting: list[str] = []
        self.parts: list[str] = []
        self.details: list[Any] = []


Block = Text | Thinking | Call | Whole
Passage = TypeVar("Passage", Text, Thinking)
Pack = Callable[[Sequence[Any]], bytes]


class Blocks:
    """The event writer.

    `pack` writes the details of a thinking block as the bytes that its signature carries to the next turn.
    `events` is the batch that is being made; whoever reads it replaces it by a new list. `prompt` is the usage that
    the answer begins with: the estimate, unless something better is known by then.
    """

    def __init__(self, context: DecodeContext, calls: Calls, pack: Pack = msgspec.json.encode) -> None:
        self.events: list[Event] = []
        self.index = -1
        self.live: Block | None = None
        self.started = False
        self.prompt = Usage(input_tokens=context.input_tokens)
        self._context = context
        self._calls = calls
        self._pack = pack
        self._queue: deque[Block] = deque()

    def text(self, text: str) -> None:
        """More text."""
        live = self.live
        if live.__class__ is Text and not self._queue:
            self.events.append(ContentBlockDelta(self.index, TextDelta(text)))
            return
        block = self._last(Text)
        block.waiting.append(text)
        self._advance()

    def thinking(self, text: str, details: Sequence[Any] = ()) -> None:
        """More reasoning, and what the provider wants back of it, in its own form."""
        block = self._last(Thinking)
        if text:
            block.waiting.append(text)
            block.parts.append(text)
        if details:
            block.details.extend(details)
        self._advance()

    def apart(self) -> None:
        """What comes next begins a block of its own, also where it is of the same kind as the last one."""
        last = self._queue[-1] if self._queue else self.live
        if not isinstance(last, Text | Thinking):
            return
        last.ended = True
        if last is self.live:
            self._close()

    def whole(self, block: ResponseBlock) -> None:
        """A block that came in one piece."""
        self._queue.append(Whole(block))
        self._advance()

    def citation(self, citation: Raw) -> None:
        """A citation of the text that came last; without one there is nothing that it could cite."""
        last = self._queue[-1] if self._queue else self.live
        if isinstance(last, Text):
            last.citations.append(citation)
            self._advance()

    def calls(self, touched: Sequence[Call]) -> None:
        """Calls that are new or have got more input."""
        for call in touched:
            if not call.client_id and call not in self._queue:
                self._queue.append(call)
        self._advance()

    def end(self, stop_reason: StopReason, stop_sequence: str | None, usage: Usage) -> None:
        """All blocks are closed and the answer is over."""
        self._begin()
        while self._queue or self.live is not None:
            self._close()
            self._open()
        self.events.append(MessageDelta(Stop(stop_reason, stop_sequence), usage))
        self.events.append(MessageStop())

    def _last(self, kind: type[Passage]) -> Passage:
        """The last block, if it is of this kind, else a new one behind it."""
        last = self._queue[-1] if self._queue else self.live
        if isinstance(last, kind) and not last.ended:
            return last
        begun = kind()
        self._queue.append(begun)
        return begun

    def _advance(self) -> None:
        """Write what can be written now."""
        while True:
            live = self.live
            if live is not None:
                self._write(live)
                if not self._queue or (isinstance(live, Call) and not live.complete):
                    return
                self._close()
            elif not self._queue or (isinstance(self._queue[0], Call) and not self._queue[0].name):
                return
            else:
                self._open()

    def _write(self, block: Block) -> None:
        match block:
            case Text():
                if block.waiting:
                    self.events.append(ContentBlockDelta(self.index, TextDelta("".join(block.waiting))))
                    block.waiting.clear()
                self.events.extend(ContentBlockDelta(self.index, CitationsDelta(raw)) for raw in block.citations)
                block.citations.clear()
            case Thinking():
                if block.waiting:
                    self.events.append(ContentBlockDelta(self.index, ThinkingDelta("".join(block.waiting))))
                    block.waiting.clear()
            case Whole():
                self.events.extend(ContentBlockDelta(self.index, delta) for delta in block.deltas)
                block.deltas = []
            case Call():
                text = block.take()
                if text:
                    self.events.append(ContentBlockDelta(self.index, InputJSONDelta(text)))

    def _begin(self) -> None:
        if not self.started:
            self.started = True
            context = self._context
            message = Message(id=context.message_id, model=context.target.label, content=[], usage=self.prompt)
            self.events.append(MessageStart(message))

    def _open(self) -> None:
        """The next block of the queue becomes the live one."""
        if not self._queue:
            return
        self._begin()
        block = self._queue.popleft()
        self.live = block
        self.index += 1
        match block:
            case Text():
                content: ResponseBlock = TextBlock("")
            case Thinking():
                content = ThinkingBlock("")
            case Whole():
                content = block.block
            case Call():
                block.client_id = self._calls.id_for_client(block)
                content = ToolUseBlock(block.client_id, self._calls.name_for_client(block), _NO_INPUT)
        self.events.append(ContentBlockStart(self.index, content))

    def _close(self) -> None:
        """The live block ends."""
        live = self.live
        if live is None:
            return
        self._write(live)
        match live:
            case Thinking():
                sealed = self._sealed(live)
                if sealed:
                    self.events.append(ContentBlockDelta(self.index, SignatureDelta(sealed)))
            case Call():
                rest = live.take_last()
                if rest:
                    self.events.append(ContentBlockDelta(self.index, InputJSONDelta(rest)))
            case _:
                pass
        self.events.append(ContentBlockStop(self.index))
        self.live = None

    def _sealed(self, block: Thinking) -> str:
        target = self._context.target
        if not target.seal_keys:
            return ""
        payload = self._pack(block.details) if block.details else b""
        return signature.seal(target.kind, "".join(block.parts), payload, target.seal_keys[0])
