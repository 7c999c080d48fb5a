"""Decodes a streamed GenerateContentResponse into events: server-sent events, or the items of a JSON array.

Nothing is emitted before the first thing that was really said, so that an early failure keeps its HTTP status.
The end is written at the end of the bytes, never at the finish reason: with the provider's own tools more of the
answer comes after it (recorded traffic).
"""

from __future__ import annotations

from ccproxy.errors import Truncated, UpstreamError
from ccproxy.translate.events import Event
from ccproxy.translate.messages import StopReason, Usage
from ccproxy.translate.misfits import Halves
from ccproxy.translate.sse import SSEDecoder
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.gemini import refusals
from ccproxy.translate.wire.gemini.answer import Answer
from ccproxy.translate.wire.gemini.chunks import read
from ccproxy.translate.wire.gemini.objects import Objects


class StreamDecoder:
    """Feed it the body's bytes as they come, then close it. `done` tells that nothing more is of interest."""

    def __init__(self, context: DecodeContext) -> None:
        self._sse = SSEDecoder()
        self._objects: Objects | None = None
        self._answer = Answer(context)
        self._halves: Halves = {}
        self._heard = False
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

        Raises UpstreamRefused for an error in the stream, BadAnswer for nonsense. Where the same bytes held more of
        an answer that has begun, that is returned first and the error waits in `failure`.
        """
        events: list[Event] = []
        answer = self._answer
        begun = answer.blocks.started
        answer.blocks.events = events
        try:
            if not self._heard:
                self._listen(data)
            if self._objects is not None:
                for payload in self._objects.feed(data):
                    self._event(b"", payload)
            else:
                for name, payload in self._sse.feed(data):
                    self._event(name, payload)
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
        for name, payload in self._sse.close():
            self._event(name, payload)
        if answer.done:
            return events
        if not answer.finished:
            heard = "after the answer had begun" if answer.blocks.started else "before the answer had begun"
            raise Truncated(f"the provider ended the stream {heard}")
        answer.end()
        return events

    def _listen(self, data: bytes) -> None:
        """The first byte tells what kind of stream it is."""
        first = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if first:
            self._heard = True
            if first in b"[{":
                self._objects = Objects()

    def _event(self, name: bytes, payload: bytes) -> None:
        answer = self._answer
        if answer.done or not payload:
            return
        if payload == b"[DONE]":  # no part of this API, but gateways add it
            answer.end()
            return
        chunk = read(payload, self._halves)
        if chunk.error is not None or not chunk.candidates or name == b"error":
            refusals.check(payload, chunk, name)
        answer.add(chunk)
