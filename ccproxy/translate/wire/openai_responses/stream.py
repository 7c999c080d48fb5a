"""Decodes a streamed response into events.

Nothing is emitted before the first thing that was really said, so that an early failure keeps its HTTP status. The
end is the event that holds the response once more, as completed, incomplete or failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ccproxy.errors import BadAnswer, Truncated, UpstreamError
from ccproxy.translate.events import Event
from ccproxy.translate.messages import StopReason, Usage
from ccproxy.translate.misfits import Halves, value
from ccproxy.translate.sse import SSEDecoder
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.openai_responses import endings, frames
from ccproxy.translate.wire.openai_responses.answer import Answer
from ccproxy.translate.wire.openai_responses.body import taken
from ccproxy.translate.wire.openai_responses.items import Response

_LIMIT = 16 * 1024 * 1024  # bytes of a body that came in place of a stream
_STATUSES = {
    b"response.incomplete": "incomplete",
    b"response.failed": "failed",
    b"response.cancelled": "cancelled",
}

_TAKEN: dict[bytes, Callable[[Answer, Any], None]] = {
    b"response.output_text.delta": Answer.text,
    b"response.audio.transcript.delta": Answer.text,
    b"response.output_text.done": Answer.whole_text,
    b"response.content_part.done": Answer.whole_text,
    b"response.refusal.delta": Answer.refusal,
    b"response.refusal.done": Answer.whole_text,
    b"response.output_text.annotation.added": Answer.noted,
    b"response.reasoning_summary_text.delta": lambda answer, frame: answer.thought(frame, "summary"),
    b"response.reasoning_summary_text.done": lambda answer, frame: answer.thought(frame, "summary"),
    b"response.reasoning_summary_part.done": lambda answer, frame: answer.thought(frame, "summary"),
    b"response.reasoning_text.delta": lambda answer, frame: answer.thought(frame, "content"),
    b"response.reasoning_text.done": lambda answer, frame: answer.thought(frame, "content"),
    b"response.reasoning_part.done": lambda answer, frame: answer.thought(frame, "content"),
    b"response.function_call_arguments.delta": Answer.arguments,
    b"response.function_call_arguments.done": Answer.whole_arguments,
    b"response.output_item.added": Answer.began,
    b"response.output_item.done": Answer.told,
}


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
        heard = "after the answer had begun" if answer.blocks.started else "before the answer had begun"
        raise Truncated(f"the provider ended the stream {heard}")

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
            # Not this API's own end: servers that send it have told the response before, or are cut off.
            if self._answer.blocks.started:
                self._answer.end(Response())
            return
        if not payload.strip():
            return
        kind = frames.kind(name, payload)
        if kind == b"error":
            self._fail(payload)
        frame = frames.read(kind, payload, self._halves)
        if frame is None:
            return
        take = _TAKEN.get(kind)
        if take is not None:
            take(self._answer, frame)
            return
        response = frame.response
        if not response.status:
            response.status = _STATUSES.get(kind)
        self._answer.end(response)

    def _fail(self, payload: bytes) -> None:
        """Raises what an `error` event says, or an object without a type."""
        found = value(payload)
        if not (isinstance(found, dict) and (found.keys() & {"error", "message", "detail", "code", "type"})):
            raise BadAnswer("the provider's stream is none of responses")
        raise endings.failure(found)
