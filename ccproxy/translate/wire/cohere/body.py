"""A whole answer in one JSON body, taken in."""

from __future__ import annotations

from ccproxy.errors import BadAnswer
from ccproxy.translate.misfits import value
from ccproxy.translate.refusals import refused, words
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.cohere.answer import Answer
from ccproxy.translate.wire.cohere.chunks import Delta, Said, read_body


def taken(body: bytes, context: DecodeContext) -> Answer:
    """The answer in `body`, complete: its events are all there.

    Raises UpstreamRefused for an error inside a 200, BadAnswer for what is no answer of Cohere's chat.
    """
    found = read_body(body)
    said = found.message if isinstance(found.message, Said) else None
    if said is None and found.text is None:
        told = words(value(body))
        if told.message:
            raise refused(told)
        raise BadAnswer("the provider's answer has no message")
    answer = Answer(context)
    counts = found.usage or found.meta
    if counts is not None:
        answer.starts_with(counts)
    answer.all_of(said or Said(content=found.text))
    answer.ended(Delta(finish_reason=found.finish_reason, usage=counts))
    return answer
