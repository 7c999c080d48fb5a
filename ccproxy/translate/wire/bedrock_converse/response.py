"""Decodes the body of an answer into a Message."""

from __future__ import annotations

from ccproxy.translate.messages import Message
from ccproxy.translate.replay import message_of
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.bedrock_converse.body import taken


def decode(body: bytes, context: DecodeContext) -> Message:
    """The answer in `body`; its usage is marked as estimated where the provider gave none.

    Raises UpstreamRefused for an error inside a 200 and for an answer that failed, BadAnswer for what is no answer.
    """
    answer = taken(body, context)
    message = message_of(answer.blocks.events)
    if answer.reported is None:
        message.usage.estimated = True
    return message
