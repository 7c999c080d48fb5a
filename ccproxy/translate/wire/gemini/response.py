"""Decodes the body of an answer into a Message."""

from __future__ import annotations

from ccproxy.errors import BadAnswer
from ccproxy.translate.events import Event
from ccproxy.translate.messages import Message
from ccproxy.translate.replay import message_of
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.gemini import refusals
from ccproxy.translate.wire.gemini.answer import Answer
from ccproxy.translate.wire.gemini.chunks import read
from ccproxy.translate.wire.gemini.stream import StreamDecoder


def decode(body: bytes, context: DecodeContext) -> Message:
    """The answer in `body`; its usage is marked as estimated where the provider gave none.

    A stream of either kind is understood too. Raises UpstreamRefused for an error inside a 200, BadAnswer for what
    is no answer, Truncated for a stream that was cut.
    """
    if body.lstrip()[:1] == b"{":
        answer = _taken(body, context)
        events: list[Event] = answer.blocks.events
        estimated = answer.reported is None
    else:
        decoder = StreamDecoder(context)
        events = decoder.feed(body) + decoder.close()
        estimated = decoder.usage_estimated
    message = message_of(events)
    if estimated:
        message.usage.estimated = True
    return message


def _taken(body: bytes, context: DecodeContext) -> Answer:
    """The answer in a body that is one object, complete: its events are all there."""
    chunk = read(body)
    refusals.check(body, chunk)
    answer = Answer(context)
    answer.add(chunk, whole=True)
    if not chunk.candidates and not answer.finished:
        raise BadAnswer("the provider's answer has no candidates")
    answer.end()
    return answer
