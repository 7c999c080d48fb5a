"""A whole answer in one JSON body, taken in."""

from __future__ import annotations

from ccproxy.errors import BadAnswer
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.openai_chat import refusals
from ccproxy.translate.wire.openai_chat.answer import Answer
from ccproxy.translate.wire.openai_chat.chunks import read


def taken(body: bytes, context: DecodeContext) -> Answer:
    """The answer in `body`, complete: its events are all there.

    Raises UpstreamRefused for an error inside a 200, BadAnswer for what is no chat completion.
    """
    chunk = read(body)
    refusals.check(b"", body, chunk)
    choice = next((choice for choice in chunk.choices or () if not choice.index), None)
    if choice is None:
        raise BadAnswer("the provider's answer has no choices")
    answer = Answer(context)
    if choice.usage is not None:
        answer.report(choice.usage)
    answer.notes(chunk)
    said = choice.message or choice.delta
    if said is not None:
        answer.add(said, whole=True)
    answer.end_of(choice)
    answer.end()
    return answer
