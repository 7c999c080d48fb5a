"""The OpenAI chat completions API, with the dialects of everyone who speaks it."""

from ccproxy.translate.refusals import decode_error
from ccproxy.translate.wire.openai_chat.request import encode
from ccproxy.translate.wire.openai_chat.response import decode
from ccproxy.translate.wire.openai_chat.stream import StreamDecoder

__all__ = ["StreamDecoder", "decode", "decode_error", "encode"]
