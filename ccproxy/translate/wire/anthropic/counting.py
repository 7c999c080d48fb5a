"""What an upstream answers that was asked to count tokens."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from ccproxy.errors import BadAnswer


class _Count(Struct):
    input_tokens: int


_read: msgspec.json.Decoder[_Count] = msgspec.json.Decoder(_Count)


def counted(body: bytes) -> int:
    """The number of input tokens. Raises BadAnswer."""
    try:
        return _read.decode(body).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadAnswer("the provider's count is not one") from None
