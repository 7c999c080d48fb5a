"""One answer while it comes in: takes what was said, in whole or in part, and writes it as events.

The common ground of bodies and streams, so that both say the same. Converse numbers its blocks; where a number
changes, a block of ours ends too. Knows nothing of how an answer got here.
"""

from __future__ import annotations

import base64
import binascii
from functools import partial

from ccproxy.translate import searches, signature
from ccproxy.translate.blocks import Blocks
from ccproxy.translate.calls import Call, Calls
from ccproxy.translate.messages import RedactedThinkingBlock, StopReason, Usage
from ccproxy.translate.misfits import Halves
from ccproxy.translate.stops import StopWatch
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.bedrock_converse import cited, finish
from ccproxy.translate.wire.bedrock_converse.chunks import (
    Citation,
    Metadata,
    ModelFields,
    Reasoning,
    TokenUsage,
    ToolResult,
    ToolUse,
)
from ccproxy.translate.wire.bedrock_converse.reasoning import maker, packed
from ccproxy.translate.wire.bedrock_converse.served import Served
from ccproxy.translate.wire.bedrock_converse.usage import estimated, usage

_SERVED = "server_tool_use"
_IMAGE = "[an image that cannot be shown here]"


class Answer:
    """What has been said so far.

    `done` becomes True with the last event: the end, or a stop sequence that is enforced here. `finished` is the
    provider's stop reason, None until it came; `reported` are its token counts. `halves` are those of its stream.
    """

    def __init__(self, context: DecodeContext) -> None:
        target = context.target
        self._maker = maker(target.model)
        self.calls = Calls(context)
        self.blocks = Blocks(context, self.calls, partial(packed, self._maker))
        self.halves: Halves = {}
        self.done = False
        self.finished: str | None = None
        self.reported: TokenUsage | None = None
        self.stop_reason: StopReason | None = None
        self.stop_sequence: str | None = None
        self._context = context
        self._served = Served(self.blocks, context.message_id)
        self._characters = 0
        self._meta = Metadata()
        self._number = -1  # of the block that text or reasoning came for last
        self._waiting: list[Citation] = []  # for the text that they are of
        self._open: dict[int, Call] = {}
        self._serving: dict[int, tuple[ToolUse, list[str]]] = {}
        self._results: dict[int, ToolResult] = {}
        self._redacted: dict[int, list[str]] = {}
        self._watch = StopWatch(context.local_stops) if context.local_stops else None

    @property
    def usage(self) -> Usage:
        """The provider's usage as far as it came, else an estimate."""
        if self.reported is None:
            found = estimated(self._context.input_tokens, self._characters)
        else:
            found = usage(self.reported, self._meta.serviceTier)
        found.server_tool_use = searches.counted(self._served.searched)
        return found

    def text(self, number: int, text: str) -> None:
        """More text of the block of this number."""
        if self.done or not text:
            return
        if number != self._number:
            self._begin(number)
        self._characters += len(text)
        if self._watch is None:
            self.blocks.text(text)
        else:
            self._watched(self._watch, text)
        if self._waiting and not self.done:
            self._cite()

    def image(self, number: int) -> None:
        """An image: answers of the Messages API hold none, but the loss of one must be told."""
        self.text(number, _IMAGE)

    def think(self, number: int, part: Reasoning) -> None:
        """More reasoning: text, its signature, or what only its maker reads, which is written when it is complete."""
        if self.done or self._flushed():
            return
        if part.redactedContent:
            self._number = number
            self._redacted.setdefault(number, []).append(part.redactedContent)
            return
        text = part.text or ""
        details = (part.signature,) if part.signature else ()
        if number != self._number:
            self._begin(number)
            details = ("", *details)  # so that something is packed, and with it whose reasoning it is
        elif not (text or details):
            return
        self._characters += len(text)
        self.blocks.thinking(text, details)

    def call(self, number: int, use: ToolUse) -> None:
        """A tool call begins; its input may still come."""
        if self.done or self._flushed():
            return
        self._number = number
        if use.type == _SERVED:
            self._serving[number] = (use, [])
            return
        call = self.calls.begin(number, use.toolUseId, use.name)
        self._open[number] = call
        self.blocks.calls((call,))

    def input(self, number: int, text: str) -> None:
        """More of the input of the call of this number."""
        self._characters += len(text)
        if number in self._serving:
            self._serving[number][1].append(text)
        elif number in self._open and not self.done:
            call = self._open[number]
            call.add(text)
            self.blocks.calls((call,))

    def result(self, number: int, result: ToolResult) -> None:
        """What one of the provider's own tools gave, or more of it."""
        known = self._results.setdefault(number, result)
        if known is not result:
            known.content = [*(known.content or ()), *(result.content or ())]

    def cite(self, number: int, citation: Citation) -> None:
        """A citation of the text of this block, which may still come; a block without text cites the one before."""
        self._waiting.append(citation)
        if number == self._number:
            self._cite()

    def stop(self, number: int) -> None:
        """The block of this number is complete."""
        if self.done:
            return
        call = self._open.pop(number, None)
        if call is not None:
            call.complete = call.complete or call.empty
            self.blocks.calls((call,))
        if number in self._redacted:
            self._redact(self._redacted.pop(number))
        if number in self._serving:
            use, parts = self._serving.pop(number)
            self._served.use(use, "".join(parts))
        if number in self._results:
            self._served.result(self._results.pop(number))
        if self._waiting:
            self._cite()

    def stopped(self, reason: str | None, fields: ModelFields | None) -> None:
        """Notes the stop reason, and the stop sequence where the model told it."""
        self.finished = reason or ""
        if fields is not None:
            self.stop_sequence = fields.stop_sequence or (fields.delta.stop_sequence if fields.delta else None)

    def report(self, metadata: Metadata) -> None:
        """Token counts and the like."""
        self._meta = metadata
        if metadata.usage is not None:
            self.reported = metadata.usage

    def end(self) -> None:
        """The answer is complete. Raises UpstreamRefused where the stop reason is a failure."""
        if self.done or self._flushed():
            return
        for number in [*self._open, *self._redacted, *self._serving, *self._results]:
            self.stop(number)
        if self._waiting:
            self._cite()
        reason = finish.stop_reason(self.finished, self.calls.all)
        if reason != "stop_sequence":
            self.stop_sequence = None
        elif self.stop_sequence is None:
            reason = "end_turn"  # which one it was is not told, and the Messages API has no such reason without it
        self._write_end(reason)

    def _begin(self, number: int) -> None:
        self._number = number
        self.blocks.apart()

    def _cite(self) -> None:
        for told in self._waiting:
            found = cited.page(told)
            if found is not None:
                self._served.cited(found)
            raw = cited.citation(told)
            if raw is not None:
                self.blocks.citation(raw)
        self._waiting = []

    def _redact(self, parts: list[str]) -> None:
        """Encrypted reasoning goes to the client in our envelope, and back in it."""
        target = self._context.target
        if not target.seal_keys:
            return
        content = parts[0] if len(parts) == 1 else _joined(parts)
        payload = packed(self._maker, (content,))
        self.blocks.whole(RedactedThinkingBlock(signature.seal(target.kind, "", payload, target.seal_keys[0])))

    def _watched(self, watch: StopWatch, text: str) -> None:
        """Text up to a stop sequence; one that is met ends the answer."""
        sure, met = watch.feed(text)
        if sure:
            self.blocks.text(sure)
        if met is not None:
            self.stop_sequence = met
            self._write_end("stop_sequence")

    def _flushed(self) -> bool:
        """Writes text that is held back, because no more of it follows; tells whether the answer is over."""
        if self._watch is not None and not self.done:
            held = self._watch.flush()
            if held:
                self.blocks.text(held)
        return self.done

    def _write_end(self, reason: StopReason) -> None:
        self.stop_reason = reason
        self._served.finish()
        self.blocks.end(reason, self.stop_sequence, self.usage)
        self.done = True


def _joined(parts: list[str]) -> str:
    """Parts of bytes, each in base64, as one; as they came where they are none."""
    try:
        return base64.b64encode(b"".join(base64.b64decode(part) for part in parts)).decode()
    except binascii.Error:
        return "".join(parts)
