"""How many tokens a request has, without a tokenizer."""

from __future__ import annotations

from msgspec import Raw

from ccproxy.translate.messages import MessagesRequest


def of_text(text: str) -> int:
    """Tokens of a text."""
    return (len(text) + 3) // 4


def estimate(request: MessagesRequest) -> int:
    """A cheap estimate for `message_start`."""
    size = len(request.system) if isinstance(request.system, str) else 0
    for message in request.messages:
        size += 16
        if isinstance(message.content, str):
            size += len(message.content)
        else:
            size += sum(len(getattr(block, "text", "")) + 8 for block in message.content)
    for tool in request.tools or ():
        size += len(tool.description or "") + 40
        if isinstance(tool.input_schema, Raw):
            size += memoryview(tool.input_schema).nbytes
    return size // 4 + 3


def count(request: MessagesRequest) -> int:
    """A better count for count_tokens."""
    return estimate(request)
