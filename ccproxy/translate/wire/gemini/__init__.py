"""Google's generateContent API, as AI Studio (Gemini API) and Vertex AI serve it."""

from ccproxy.translate.refusals import decode_error
from ccproxy.translate.wire.gemini.request import encode
from ccproxy.translate.wire.gemini.tokens import count, counted

__all__ = ["count", "counted", "decode_error", "encode"]
