"""The OpenAI chat completions API, with the dialects of everyone who speaks it."""

from ccproxy.translate.wire.openai_chat.request import encode

__all__ = ["encode"]
