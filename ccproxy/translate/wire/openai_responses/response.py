"""Decodes the body of an answer into a Message."""

from __future__ import annotations

from ccproxy.translate.events import Event
from ccproxy.translate.messages import Message
from ccproxy.translate.replay import message_of
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.openai_responses import body as bodies
from ccproxy.translate.wire.openai_responses.stream import StreamDecoder

_STREAMS = (b"data:", b"event:", b"id:", b":")


def decode(body: bytes, context: DecodeContext) -> Message:
    """The answer in `body`; its usage is marked as estimated where the provider gave none.

    A server that streams without being asked is understood too. Raises UpstreamRefused for an error inside a 200,
    BadAnswer for what is no response, Truncated for a stream that was cut.
    """
    if body.lstrip().startswith(_STREAMS):
        decoder = StreamDecoder(context)
        events: list[Event] = decoder.feed(body) + decoder.close()
        estimated = decoder.usage_estimated
    else:
        answer = bodies.taken(body, context)
        events = answer.blocks.events
        estimated = answer.reported is None
    message = message_of(events)
    if estimated:
        message.usage.estimated = True
    return message
