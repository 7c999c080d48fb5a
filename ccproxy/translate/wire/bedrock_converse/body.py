"""A whole answer in one JSON body, taken in."""

from __future__ import annotations

from ccproxy.errors import BadAnswer
from ccproxy.translate import refusals
from ccproxy.translate.misfits import value
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.bedrock_converse.answer import Answer
from ccproxy.translate.wire.bedrock_converse.chunks import Block, Metadata, Reasoning, body


def taken(data: bytes, context: DecodeContext) -> Answer:
    """The answer in `data`, complete: its events are all there.

    Raises UpstreamRefused for an error inside a 200, BadAnswer for what is no answer of Converse.
    """
    found = body(data)
    message = found.output.message if found.output is not None else None
    if message is None:
        said = refusals.words(value(data))
        if said.message:
            raise refusals.refused(said)
        raise BadAnswer("the provider's answer has no message")
    answer = Answer(context)
    for number, block in enumerate(message.content or ()):
        _add(answer, number, block)
        answer.stop(number)
    answer.stopped(found.stopReason, found.additionalModelResponseFields)
    answer.report(Metadata(found.usage, found.serviceTier))
    answer.end()
    return answer


def _add(answer: Answer, number: int, block: Block) -> None:
    if block.text is not None:
        answer.text(number, block.text)
    elif block.toolUse is not None:
        answer.call(number, block.toolUse)
        answer.input(number, bytes(block.toolUse.input).decode())
    elif block.reasoningContent is not None:
        reasoning = block.reasoningContent
        if reasoning.reasoningText is not None:
            answer.think(number, reasoning.reasoningText)
        elif reasoning.redactedContent:
            answer.think(number, Reasoning(redactedContent=reasoning.redactedContent))
    elif block.citationsContent is not None:
        for piece in block.citationsContent.content or ():
            answer.text(number, piece.text)
        for citation in block.citationsContent.citations or ():
            answer.cite(number, citation)
    elif block.toolResult is not None:
        answer.result(number, block.toolResult)
    elif block.image is not None:
        answer.image(number)
