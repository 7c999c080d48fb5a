"""The OpenAI Responses API, with the dialects of everyone who speaks it."""

from ccproxy.translate.refusals import decode_error
from ccproxy.translate.wire.openai_responses.counting import count, counted
from ccproxy.translate.wire.openai_responses.request import encode
from ccproxy.translate.wire.openai_responses.response import decode
from ccproxy.translate.wire.openai_responses.stream import StreamDecoder

__all__ = ["StreamDecoder", "count", "counted", "decode", "decode_error", "encode"]
