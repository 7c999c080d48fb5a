"""Google's generateContent API, as AI Studio (Gemini API) and Vertex AI serve it."""

from ccproxy.translate.refusals import decode_error
from ccproxy.translate.wire.gemini.request import encode
from ccproxy.translate.wire.gemini.response import decode
from ccproxy.translate.wire.gemini.stream import StreamDecoder
from ccproxy.translate.wire.gemini.tokens import count, counted

__all__ = ["StreamDecoder", "count", "counted", "decode", "decode_error", "encode"]
