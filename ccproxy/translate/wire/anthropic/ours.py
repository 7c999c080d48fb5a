"""What other providers left in a conversation, taken out before an API sees it that would refuse it.

Thinking with our signature goes without a word: its API could not have made it. So does thinking that some other maker
of the Messages API signed, where signatures are checked. What another provider's server did (searches, code, MCP calls)
becomes text, for no other API can read it again. Only the messages that hold such a thing are touched.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from ccproxy.translate import earlier, searches, signature
from ccproxy.translate.messages import (
    ServerToolUseBlock,
    UnknownBlock,
    WebFetchToolResultBlock,
    WebSearchToolResultBlock,
)
from ccproxy.translate.served import MCP_ID, SERVER_ID
from ccproxy.translate.wire.anthropic.members import Edit, Member, decoded, items, members, named, removed, replaced

_IDS = b"toolu_ccp1"  # what is in the ids of calls that another provider's server made (translate.served)
_MARK = b'"ccp1.'  # bytes that a body without anything of ours has not; text that quotes them has them too
_SIGNATURE = b'"signature"'
# Anthropic's signatures hold the reasoning in encrypted form and have hundreds of characters; those of others are ids,
# hashes or empty (recorded traffic, provider docs).
_SHORTEST = 100
_read = msgspec.json.Decoder(ServerToolUseBlock | WebSearchToolResultBlock | WebFetchToolResultBlock)
_NOTHING = b'[{"type":"text","text":"(no content)"}]'


def edits(body: bytes, found: list[Member], *, signed: bool) -> list[Edit]:
    """The edits that take out of a request in `body` what others left in it; `found` are its members.

    `signed`: thinking is refused unless Anthropic signed it.
    """
    if not found or not _concerned(body, found[0].key, found[-1].end, signed):
        return []
    messages = named(found, "messages")
    made: list[Edit] = []
    for message in items(messages.value, messages.start) if messages is not None else ():
        if _concerned(body, message.start, message.end, signed):
            made += _message(message, signed)
    return made


def _concerned(body: bytes, start: int, end: int, signed: bool) -> bool:
    """Whether these bytes may hold something of the kind; a look that costs next to nothing."""
    if body.find(_MARK, start, end) >= 0 or body.find(_IDS, start, end) >= 0:
        return True
    place = body.find(_SIGNATURE, start, end) if signed else -1
    while place >= 0:
        place += len(_SIGNATURE)
        opened = body.find(b'"', place, end)
        if opened >= 0 and body.find(b'"', opened + 1, opened + 1 + _SHORTEST) >= 0:
            return True
        place = body.find(_SIGNATURE, place, end)
    return False


def _message(message: Member, signed: bool) -> list[Edit]:
    content = named(members(message.value, message.start), "content")
    if content is None:
        return []
    blocks = items(content.value, content.start)
    values = [decoded(block.value) for block in blocks]
    gone = {place for place, value in enumerate(values) if _is_thought(value, signed)}
    if blocks and len(gone) == len(blocks):
        return [Edit(content.start, content.end, _NOTHING)]
    made = removed(blocks, gone)
    for place, (block, value) in enumerate(zip(blocks, values, strict=True)):
        if place not in gone and isinstance(value, dict):
            made += _block(block, value)
    return made


def _block(block: Member, value: dict[str, Any]) -> list[Edit]:
    if value.get("type") == "text" and isinstance(value.get("citations"), list):
        return _citations(members(block.value, block.start))
    if str(value.get("id") or value.get("tool_use_id")).startswith((SERVER_ID, MCP_ID)):
        return [_as_text(block, value, _told(value))]
    return []


def _told(value: dict[str, Any]) -> str:
    """What another provider's server did, in words; a block of a kind that has none as it stands."""
    data = msgspec.json.encode(value)
    try:
        return searches.told(_read.decode(data))
    except msgspec.ValidationError:
        kind = str(value.get("type"))
        return earlier.told(UnknownBlock(kind, Raw(data))) or f"[{kind}: {data.decode()}]"


def _as_text(block: Member, value: dict[str, Any], text: str) -> Edit:
    said: dict[str, Any] = {"type": "text", "text": text}
    if "cache_control" in value:
        said["cache_control"] = value["cache_control"]
    return Edit(block.start, block.end, msgspec.json.encode(said))


def _citations(text: list[Member]) -> list[Edit]:
    """A text stays; of its citations those that nobody else can read go."""
    cited = named(text, "citations")
    notes = items(cited.value, cited.start) if cited is not None else []
    gone = {place for place, note in enumerate(notes) if _is_cited(decoded(note.value))}
    if notes and len(gone) == len(notes):
        return replaced(text, "citations", b"null")
    return removed(notes, gone)


def _is_thought(value: Any, signed: bool) -> bool:
    match value:
        case {"type": "thinking", "signature": str(sealed)}:
            return signature.is_ours(sealed) or (signed and len(sealed) < _SHORTEST)
        case {"type": "redacted_thinking", "data": str(sealed)}:
            return signature.is_ours(sealed)
        case _:
            return False


def _is_cited(value: Any) -> bool:
    return isinstance(value, dict) and value.get("encrypted_index") == searches.OURS
