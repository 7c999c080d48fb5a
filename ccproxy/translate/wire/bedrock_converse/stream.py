"""Decodes ConverseStream's answer into events.

Nothing is emitted before the first thing that was really said, so that an early failure keeps its HTTP status. The
end is written at `metadata`, which brings the token counts, or at the end of the bytes once the stop reason is there.
"""

from __future__ import annotations

from collections.abc import Callable

from ccproxy.errors import BadAnswer, Truncated, UpstreamError
from ccproxy.translate import refusals
from ccproxy.translate.events import Event
from ccproxy.translate.eventstream import EventStream
from ccproxy.translate.messages import StopReason, Usage
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.bedrock_converse.answer import Answer
from ccproxy.translate.wire.bedrock_converse.body import taken
from ccproxy.translate.wire.bedrock_converse.chunks import (
    BlockDelta,
    BlockStart,
    BlockStop,
    MessageStop,
    Metadata,
    ToolResult,
    reader,
)

_LIMIT = 16 * 1024 * 1024  # bytes of a body that came in place of a stream

_start = reader(BlockStart)
_delta = reader(BlockDelta)
_stop = reader(BlockStop)
_message_stop = reader(MessageStop)
_metadata = reader(Metadata)


class StreamDecoder:
    """Feed it the body's bytes as they come, then close it. `done` tells that nothing more is of interest."""

    def __init__(self, context: DecodeContext) -> None:
        self._context = context
        self._frames = EventStream()
        self._answer = Answer(context)
        self._heard = False
        self._body: bytearray | None = None  # that came in place of a stream
        self.failure: UpstreamError | None = None
        """What ended the answer, where its last events had to be told first: to be raised after them."""

    @property
    def done(self) -> bool:
        """Whether the last event was emitted."""
        return self._answer.done

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the answer ended; None before its end."""
        return self._answer.stop_reason

    @property
    def usage(self) -> Usage:
        """The usage as far as it is known."""
        return self._answer.usage

    @property
    def usage_estimated(self) -> bool:
        """Whether the provider has given no usage so far."""
        return self._answer.reported is None

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes.

        Raises UpstreamRefused for an exception in the stream, BadAnswer for nonsense. Where the same bytes held more of
        an answer that has begun, that is returned first and the error waits in `failure`.
        """
        events: list[Event] = []
        answer = self._answer
        begun = answer.blocks.started
        answer.blocks.events = events
        if not self._heard and self._is_body(data):
            return events
        try:
            for headers, payload in self._frames.feed(data):
                if answer.done:
                    break
                take = _HANDLERS.get(headers.get(":event-type", ""))
                if take is not None:
                    take(answer, payload)
                elif headers.get(":message-type") in ("exception", "error"):
                    raise _refusal(headers, payload)
            if self._frames.failure is not None and not answer.done:
                raise self._frames.failure
        except UpstreamError as error:
            if not (begun and events):
                raise
            self.failure = error
        return events

    def close(self) -> list[Event]:
        """The events at the end of the bytes. Raises Truncated where the answer was not over."""
        events: list[Event] = []
        answer = self._answer
        answer.blocks.events = events
        if self._body is not None:
            self._answer = taken(bytes(self._body), self._context)
            return self._answer.blocks.events
        if answer.done:
            return events
        if answer.finished is None:
            heard = "after the answer had begun" if answer.blocks.started else "before the answer had begun"
            raise Truncated(f"the provider ended the stream {heard}")
        answer.end()
        return events

    def _is_body(self, data: bytes) -> bool:
        """Whether the bytes are a JSON body that came in place of a stream.

        The first byte tells: it is the highest of a frame's length, and no frame is as long as a brace would make it.
        """
        if self._body is None:
            if not data:
                return False
            self._heard = True
            if data[:1] != b"{":
                return False
            self._heard = False
            self._body = bytearray()
        self._body += data
        if len(self._body) > _LIMIT:
            raise BadAnswer("the provider sent an endless body in place of a stream")
        return True


def _refusal(headers: dict[str, str], payload: bytes) -> UpstreamError:
    """What an exception among the events means; its name is in the headers."""
    said = refusals.read(payload)
    said.code = headers.get(":exception-type") or headers.get(":error-code") or said.code
    said.message = said.message or headers.get(":error-message", "")
    return refusals.refused(said)


def _block_start(answer: Answer, payload: bytes) -> None:
    event = _start(payload)
    if event.start is None:
        return
    if event.start.toolUse is not None:
        answer.call(event.contentBlockIndex, event.start.toolUse)
    elif event.start.toolResult is not None:
        answer.result(event.contentBlockIndex, event.start.toolResult)
    elif event.start.image is not None:
        answer.image(event.contentBlockIndex)


def _block_delta(answer: Answer, payload: bytes) -> None:
    event = _delta(payload, answer.halves)
    delta = event.delta
    if delta is None:
        return
    number = event.contentBlockIndex
    if delta.text is not None:
        answer.text(number, delta.text)
    elif delta.toolUse is not None:
        answer.input(number, delta.toolUse.input or "")
    elif delta.reasoningContent is not None:
        answer.think(number, delta.reasoningContent)
    elif delta.citation is not None:
        answer.cite(number, delta.citation)
    elif delta.toolResult is not None:
        answer.result(number, ToolResult(content=delta.toolResult))


def _block_stop(answer: Answer, payload: bytes) -> None:
    answer.stop(_stop(payload).contentBlockIndex)


def _message_stopped(answer: Answer, payload: bytes) -> None:
    event = _message_stop(payload)
    answer.stopped(event.stopReason, event.additionalModelResponseFields)


def _told(answer: Answer, payload: bytes) -> None:
    answer.report(_metadata(payload))
    if answer.finished is not None:
        answer.end()


_HANDLERS: dict[str, Callable[[Answer, bytes], None]] = {
    "contentBlockDelta": _block_delta,
    "contentBlockStart": _block_start,
    "contentBlockStop": _block_stop,
    "messageStop": _message_stopped,
    "metadata": _told,
}
