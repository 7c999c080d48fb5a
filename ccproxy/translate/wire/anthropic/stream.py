"""Hands a stream of the Messages API on as it comes, in whole frames.

Looked into are the frames that say something of the whole answer: its beginning, where the model's name is rewritten,
its end, and errors. Bytes that hold none of these pass in one piece, however many events they are. Nothing is handed
on before the answer has begun to say something, so that an early failure keeps its HTTP status.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from ccproxy.errors import BadAnswer, Truncated, UpstreamError
from ccproxy.translate.events import Event, Verbatim
from ccproxy.translate.messages import Usage
from ccproxy.translate.misfits import value
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.anthropic import failures, frames
from ccproxy.translate.wire.anthropic.answer import Counts, decode, message_edits, usage_edits
from ccproxy.translate.wire.anthropic.members import decoded, edited, members, named, put
from ccproxy.translate.wire.anthropic.unrolled import unrolled

_LIMIT = 64 * 1024 * 1024  # bytes of a body that came in place of a stream
_BLOCK = b"event: content_block_"  # a part of a block: nothing in it is ours to know
_STOP = frames.write("message_stop", b'{"type":"message_stop"}')


class StreamDecoder:
    """Feed it the body's bytes as they come, then close it. `done` tells that nothing more is of interest."""

    def __init__(self, context: DecodeContext) -> None:
        self._context = context
        self._frames = frames.Frames()
        self._counts = Counts(context)
        self._held: list[bytes] = []  # what came before the first frame that says something
        self._begun = False
        self._body: bytearray | None = None  # that came in place of a stream
        self._heard = False
        self.done = False
        """Whether the last event was handed on."""
        self.stop_reason: str | None = None
        """Why the answer ended; None before its end."""
        self.failure: UpstreamError | None = None
        """What ended the answer, where its last events had to be told first: to be raised after them."""

    @property
    def usage(self) -> Usage:
        """The usage as far as it is known."""
        return self._counts.usage

    @property
    def usage_estimated(self) -> bool:
        """Whether the upstream has given no usage so far."""
        return not self._counts.told

    def feed(self, data: bytes) -> list[Event]:
        """What `data` completes.

        Raises UpstreamRefused for an error in the stream, BadAnswer for nonsense. Where the same bytes held more of
        an answer that has begun, that is returned first and the error waits in `failure`.
        """
        if not self._heard and self._is_body(data):
            return []
        ready = self._frames.feed(data)
        if not ready or self.done:
            return []
        if (
            self._begun
            and ready.startswith(b"event:")
            # Data has no line ends in it, so this counts frames and nothing else: each has a name.
            and ready.count(b"\n\nevent:") == ready.count(b"\n\n") - 1
            and b"message_" not in ready
            and b"event: error" not in ready
            and b"event:error" not in ready
        ):
            return [Verbatim(ready)]
        return self._told(ready)

    def close(self) -> list[Event]:
        """What was left at the end of the bytes. Raises Truncated where the answer was not over."""
        if self._body is not None:
            return self._unrolled(bytes(self._body))
        events: list[Event] = []
        rest = self._frames.close()
        if rest.strip() and not self.done:
            with suppress(BadAnswer):  # the bytes ended in the middle of it
                events = self._told(rest)
        if not self.done:
            if self.stop_reason is None:
                heard = "after the answer had begun" if self._begun else "before the answer had begun"
                raise Truncated(f"the provider ended the stream {heard}")
            self.done = True
            events.append(Verbatim(_STOP))  # all was said but this
        return events

    def _is_body(self, data: bytes) -> bool:
        """Whether the bytes are a body that came in place of a stream; told by the first of them."""
        if self._body is None:
            head = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
            if not head:
                return False
            self._heard = head not in (b"{", b"[", b"<")
            if self._heard:
                return False
            self._body = bytearray()
        self._body += data
        if len(self._body) > _LIMIT:
            raise BadAnswer("the provider sent an endless body in place of a stream")
        return True

    def _unrolled(self, body: bytes) -> list[Event]:
        answer = decode(body, self._context)
        self.stop_reason = answer.stop_reason
        self._counts.take(decoded(body).get("usage"))
        self.done = True
        return [Verbatim(unrolled(answer.body))]

    def _told(self, ready: bytes) -> list[Event]:
        """Frames one by one, for one of them may need a look."""
        begun = self._begun
        passed: list[bytes] = []
        try:
            for frame in ready.split(b"\n\n"):
                if self.done:
                    break
                passed.append(self._frame(frame.strip(b"\n")))
        except UpstreamError as error:
            if not (begun and any(passed)):
                raise
            self.failure = error
        said = b"".join(passed)
        return [Verbatim(said)] if said else []

    def _frame(self, frame: bytes) -> bytes:
        """What is handed on for one frame, with all that was held back until now."""
        if self._begun and frame.startswith(_BLOCK):
            return frame + b"\n\n"
        name, data = frames.read(frame)
        if not data:
            # A comment keeps the connection alive; it is no beginning.
            return frame + b"\n\n" if self._begun and frame.startswith(b":") else b""
        if data == b"[DONE]":
            return b""
        found: Any = decoded(data)
        sound = found is not None
        if not sound:
            found = value(data)
        if not isinstance(found, dict):
            raise BadAnswer("the provider sent an event that is no JSON object")
        kind = found.get("type")
        if name == b"error" or kind == "error" or (kind is None and "error" in found):
            raise failures.in_stream(data, found)
        if not isinstance(kind, str):
            raise BadAnswer("the provider sent an event without a type")
        if not sound and not kind.startswith("content_block_"):
            # A block may have half a character in it, whose other half follows; what is edited here has to be sound.
            name, data = b"", msgspec.json.encode(found)
        whole = frame + b"\n\n" if name == kind.encode() else frames.write(kind, data)
        return self._passed(kind, whole, data, found)

    def _passed(self, kind: str, frame: bytes, data: bytes, found: dict[str, Any]) -> bytes:
        match kind:
            case "message_start":
                if not self._begun and not self._held:
                    self._held.append(frames.write(kind, self._start(data)))
                return b""
            case "ping" if not self._begun:
                self._held.append(frame)
                return b""
            case "content_block_start" if not self._begun and _is_empty(found.get("content_block")):
                self._held.append(frame)  # it says no more than the message's own beginning
                return b""
            case "message_delta":
                frame = frames.write(kind, changed) if (changed := self._delta(data, found)) != data else frame
            case "message_stop":
                self.done = True
        if self._begun:
            return frame
        self._begun = True
        held = b"".join(self._held)
        self._held.clear()
        return held + frame

    def _start(self, data: bytes) -> bytes:
        message = named(members(data), "message")
        try:
            found = members(message.value, message.start) if message is not None else []
        except ValueError:
            found = []
        if message is None or not found:
            raise BadAnswer("the provider's stream begins without a message")
        return edited(data, message_edits(found, message.start, self._context, self._counts))

    def _delta(self, data: bytes, found: dict[str, Any]) -> bytes:
        delta = found.get("delta")
        reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        if isinstance(reason, str):
            self.stop_reason = reason
        own = members(data)
        edits = usage_edits(named(own, "usage"), self._context, self._counts, ("output_tokens",))
        if edits is None:
            edits = put(own, data.index(b"{"), {"usage": b'{"output_tokens":%d}' % self.usage.output_tokens})
        return edited(data, edits)


def _is_empty(block: Any) -> bool:
    """Whether it is a text block without any text. What thinks is heard from its beginning on: more may never come."""
    return isinstance(block, dict) and block.get("type") == "text" and not block.get("text")
