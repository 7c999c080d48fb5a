"""A conversation without what the model thought in it.

Reasoning of earlier turns goes back as its provider gave it. Once the provider cannot read it any more (another
account, another key, a much later day, another maker behind the same API), it refuses the whole request, and a client
that echoes its history would be refused for good. Nothing else says so but the error's words.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Raw, Struct

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.parse import Parsed, parse

# Sources: provider docs and issue threads. What complains of missing thoughts is not meant.
_STALE = re.compile(
    r"encrypted.content .*(?:could not be|cannot be|can't be|failed to be)|invalid.encrypted.content|"
    r"(?:invalid|corrupted|expired) thought.?signature|thought.?signature (?:is )?(?:not valid|invalid|corrupted)|"
    r"invalid [`'\"]?signature[`'\"]? in [`'\"]?thinking|[`'\"]?signature[`'\"]? in [`'\"]?thinking[`'\"]? .*invalid|"
    r"of type 'reasoning' was provided without|item with id 'rs_|could not decrypt",
    re.IGNORECASE | re.DOTALL,
)
_LOOKED_AT = 4096  # characters of a message
_NOTHING_ELSE = Raw(b'[{"type":"text","text":"(no content)"}]')


class _Block(Struct):
    type: str = ""


_members = msgspec.json.Decoder(dict[str, Raw])
_messages = msgspec.json.Decoder(list[dict[str, Raw]])
_blocks = msgspec.json.Decoder(list[Raw])
_block = msgspec.json.Decoder(_Block)


def is_stale(error: UpstreamRefused) -> bool:
    """Whether the provider refused a request for the reasoning of earlier turns that it held."""
    if error.status != 400:
        return False
    return error.code == "invalid_encrypted_content" or bool(_STALE.search(error.message[:_LOOKED_AT]))


def thoughtless(parsed: Parsed) -> Parsed | None:
    """The request without the thinking in its history; None where there is none."""
    try:
        body = _members.decode(parsed.body)
        messages = _messages.decode(body["messages"])
        changed = [_without(message) for message in messages]
    except (msgspec.DecodeError, KeyError):
        return None  # a body that is only nearly as expected: it stays refused
    if not any(changed):
        return None
    body["messages"] = Raw(msgspec.json.encode(messages))
    return parse(msgspec.json.encode(body), counting=parsed.request.max_tokens is None)


def _without(message: dict[str, Raw]) -> bool:
    """Take the thinking out of a message; tells whether there was any."""
    content = message.get("content", Raw(b"null"))
    if memoryview(content)[0] != ord("["):
        return False
    blocks = _blocks.decode(content)
    kept = [block for block in blocks if _block.decode(block).type not in ("thinking", "redacted_thinking")]
    if len(kept) == len(blocks):
        return False
    message["content"] = Raw(msgspec.json.encode(kept)) if kept else _NOTHING_ELSE
    return True
