"""Amazon Bedrock's Converse and ConverseStream, one API for the models of all makers there."""

from ccproxy.translate.refusals import decode_error
from ccproxy.translate.wire.bedrock_converse.request import count, counted, encode
from ccproxy.translate.wire.bedrock_converse.response import decode
from ccproxy.translate.wire.bedrock_converse.stream import StreamDecoder

__all__ = ["StreamDecoder", "count", "counted", "decode", "decode_error", "encode"]
