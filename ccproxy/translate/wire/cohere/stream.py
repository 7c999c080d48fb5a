"""Decodes a streamed answer of Cohere's chat into events.

Nothing is emitted before the first thing that was really said, so that an early failure keeps its HTTP status.
"""

from __future__ import annotations

from ccproxy.errors import BadAnswer, Truncated, UpstreamError
from ccproxy.translate.events import Event
from ccproxy.translate.messages import StopReason, Usage
from ccproxy.translate.misfits import Halves, value
from ccproxy.translate.refusals import refused, words
from ccproxy.translate.sse import SSEDecoder
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.cohere.answer import Answer
from ccproxy.translate.wire.cohere.body import taken
from ccproxy.translate.wire.cohere.chunks import CallPart, Citation, Content, Delta, read_event

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
        begun = answer.blocks.started
        answer.blocks.events = events
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
        answer.blocks.events = []
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
        if not answer.done:
            heard = "after the answer had begun" if answer.blocks.started else "before the answer had begun"
            raise Truncated(f"the provider ended the stream {heard}")
        return answer.blocks.events

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
        if payload == b"[DONE]" or not payload.strip():
            return
        event = read_event(payload, self._halves)
        delta = event.delta
        match event.type:
            case "content-delta" | "content-start":
                part = delta.message.content if delta is not None and delta.message is not None else None
                if part.__class__ is Content:
                    self._answer.content(part)
            case "tool-plan-delta":
                if delta is not None and delta.message is not None and delta.message.tool_plan:
                    self._answer.text(delta.message.tool_plan)
            case "tool-call-start" | "tool-call-delta":
                call = delta.message.tool_calls if delta is not None and delta.message is not None else None
                if isinstance(call, CallPart):
                    self._answer.call(event.index, call, new=event.type == "tool-call-start")
            case "citation-start":
                cited = delta.message.citations if delta is not None and delta.message is not None else None
                if isinstance(cited, Citation):
                    self._answer.cite(cited)
            case "message-end":
                self._answer.ended(delta or Delta())
            case "" | "error":
                self._failed(name, payload)

    def _failed(self, name: bytes, payload: bytes) -> None:
        """Raises UpstreamRefused for data that is no event, where it tells of an error."""
        said = words(value(payload))
        if said.message or said.code or name == b"error":
            raise refused(said)
