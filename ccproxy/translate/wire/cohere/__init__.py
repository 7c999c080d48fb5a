"""Cohere's v2 chat API."""

from ccproxy.translate.refusals import decode_error
from ccproxy.translate.wire.cohere.request import encode
from ccproxy.translate.wire.cohere.response import decode
from ccproxy.translate.wire.cohere.stream import StreamDecoder

__all__ = ["StreamDecoder", "decode", "decode_error", "encode"]
