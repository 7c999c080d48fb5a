"""What providers' errors say, in their many forms, and what that means to a client of the Messages API."""

from ccproxy.translate.refusals.bodies import Words, read, words
from ccproxy.translate.refusals.meaning import decode_error, refused

__all__ = ["Words", "decode_error", "read", "refused", "words"]
