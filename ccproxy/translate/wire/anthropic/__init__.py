"""The Messages API itself: Anthropic's, and of everyone who speaks it too. What comes is handed on as it came.

`vertex` and `bedrock` are the same API in the envelopes of two clouds.
"""

from ccproxy.translate.wire.anthropic.answer import decode
from ccproxy.translate.wire.anthropic.counting import counted
from ccproxy.translate.wire.anthropic.failures import decode_error
from ccproxy.translate.wire.anthropic.request import count, relay
from ccproxy.translate.wire.anthropic.stream import StreamDecoder

__all__ = ["StreamDecoder", "count", "counted", "decode", "decode_error", "relay"]
