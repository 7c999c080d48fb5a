"""Decodes a streamed chat completion into events.

Nothing is emitted before the first thing that was really said, so that an early failure keeps its HTTP status.
The end is written at `[DONE]` or at the end of the bytes, never at the finish reason: usage, and with some servers
errors and even content, come after it.
"""

from __future__ import annotations

from ccproxy.errors import BadAnswer, Truncated, UpstreamError
from ccproxy.translate.events import Event
from ccproxy.translate.messages import StopReason, Usage
from ccproxy.translate.misfits import Halves
from ccproxy.translate.sse import SSEDecoder
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.openai_chat import refusals
from ccproxy.translate.wire.openai_chat.answer import Answer
from ccproxy.translate.wire.openai_chat.body import taken
from ccproxy.translate.wire.openai_chat.chunks import Chunk, read

_LIMIT = 16 * 1024 * 1024  # bytes of a body that came in place of a stream


class StreamDecoder:
    """Feed it the body's bytes as they come, then close it. `done` tells that nothing more is of interest."""

    def __init__(self, context: DecodeContext) -> None:
        self._context = context
        self._sse = SSEDecoder()
        self._answer = Answer(context)
        self._halves: Halves = {}
        self._heard = False
        self.failure: UpstreamError | None = None
        """What ended the answer, where its last events had to be told first: to be raised after them."""
        self._body: bytearray | None = None  # that came in place of a stream

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

        Raises UpstreamRefused for an error in the stream, BadAnswer for nonsense. Where the same bytes held more of
        an answer that has begun, that is returned first and the error waits in `failure`.
        """
        events: list[Event] = []
        answer = self._answer
        blocks = answer.blocks
        begun = blocks.started
        blocks.events = events
        if not self._heard and self._is_body(data):
            return events
        try:
            for name, payload in self._sse.feed(data):
                if answer.done:
                    break
                self._event(name, payload)
        except UpstreamError as error:
            if not (begun and events):
                raise
            self.failure = error
        return events

    def close(self) -> list[Event]:
        """The events at the end of the bytes. Raises Truncated where the answer was not over."""
        answer = self._answer
        events: list[Event] = []
        answer.blocks.events = events
        if self._body is not None:
            self._answer = taken(bytes(self._body), self._context)
            return self._answer.blocks.events
        for name, payload in self._sse.close():
            try:
                if not answer.done:
                    self._event(name, payload)
            except BadAnswer:
                if not answer.blocks.started:
                    raise
                # Else the bytes ended in the middle of it, which says nothing of what came before.
        if answer.done:
            return events
        if answer.finished is None:
            heard = "after the answer had begun" if answer.blocks.started else "before the answer had begun"
            raise Truncated(f"the provider ended the stream {heard}")
        answer.end()
        return events

    def _is_body(self, data: bytes) -> bool:
        """Whether the bytes are a body that came in place of a stream; told by the first of them."""
        if self._body is None:
            if not data.strip():
                return False
            self._heard = True
            if data.lstrip()[:1] not in (b"{", b"["):
                return False
            self._heard = False
            self._body = bytearray()
        self._body += data
        if len(self._body) > _LIMIT:
            raise BadAnswer("the provider sent an endless body in place of a stream")
        return True

    def _event(self, name: bytes, payload: bytes) -> None:
        if payload == b"[DONE]":
            self._answer.end()
            return
        if not payload.strip():
            return
        chunk = read(payload, self._halves)
        if name == b"error" or chunk.error is not None or not chunk.choices or chunk.choices[0].error is not None:
            refusals.check(name, payload, chunk)
        self._take(chunk)

    def _take(self, chunk: Chunk) -> None:
        answer = self._answer
        answer.notes(chunk)
        for choice in chunk.choices or ():
            if choice.index:
                continue  # one of several answers; the client asked for one
            if choice.usage is not None:
                answer.report(choice.usage)
            delta = choice.delta
            if chunk.object == "chat.completion.done":
                delta = None  # the whole answer once more
            if delta is not None:
                answer.add(delta)
            elif choice.message is not None and not answer.blocks.started:
                answer.add(choice.message, whole=True)
            answer.end_of(choice)
