"""A whole answer in one JSON body, taken in."""

from __future__ import annotations

from ccproxy.errors import BadAnswer
from ccproxy.translate.misfits import value
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.openai_responses import endings, items
from ccproxy.translate.wire.openai_responses.answer import Answer


def taken(body: bytes, context: DecodeContext) -> Answer:
    """The answer in `body`, complete: its events are all there.

    Raises UpstreamRefused for an error inside a 200, BadAnswer for what is no response or not over.
    """
    response = items.read(body)
    if response.output is None:
        if response.error is None and response.status is None:
            found = value(body)
            if "detail" in found or "message" in found:
                raise endings.failure(found)
        endings.check(response)
        raise BadAnswer("the provider's answer has no output")
    answer = Answer(context)
    answer.end(response)
    return answer
