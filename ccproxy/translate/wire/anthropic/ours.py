"""What other providers left in a conversation, taken out before an API sees it that would refuse it.

Thinking with our signature goes without a word: its API could not have made it. So does thinking that some other maker
of the Messages API signed, where signatures are checked. A search that another provider made becomes text, for no other
API can read it again. Only the messages that hold such a thing are touched.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from ccproxy.translate import searches, signature
from ccproxy.translate.messages import ServerToolUseBlock, WebSearchToolResultBlock
from ccproxy.translate.wire.anthropic.members import Edit, Member, decoded, items, members, named, removed, replaced

_MARK = b'"ccp1.'  # bytes that a body without anything of ours has not; text that quotes them has them too
_SIGNATURE = b'"signature"'
# Anthropic's signatures hold the reasoning in encrypted form and have hundreds of characters; those of others are ids,
# hashes or empty (recorded traffic, provider docs).
_SHORTEST = 100
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
    if body.find(_MARK, start, end) >= 0:
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
    found_by_others = {value["tool_use_id"] for value in values if _is_found(value)}
    gone = {place for place, value in enumerate(values) if _is_thought(value, signed)}
    if blocks and len(gone) == len(blocks):
        return [Edit(content.start, content.end, _NOTHING)]
    made = removed(blocks, gone)
    for place, (block, value) in enumerate(zip(blocks, values, strict=True)):
        if place not in gone and isinstance(value, dict):
            made += _block(block, value, found_by_others)
    return made


def _block(block: Member, value: dict[str, Any], found_by_others: set[str]) -> list[Edit]:
    match value:
        case {"type": "server_tool_use", "id": str(id), "name": str(name)} if id in found_by_others:
            asked = Raw(msgspec.json.encode(value.get("input")))
            return [_as_text(block, value, searches.told(ServerToolUseBlock(id, name, asked)))]
        case {"type": "web_search_tool_result", "tool_use_id": str(id)} if id in found_by_others:
            pages = Raw(msgspec.json.encode(value.get("content")))
            return [_as_text(block, value, searches.told(WebSearchToolResultBlock(id, pages)))]
        case {"type": "text", "citations": list()}:
            return _citations(members(block.value, block.start))
        case _:
            return []


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


def _is_found(value: Any) -> bool:
    match value:
        case {"type": "web_search_tool_result", "tool_use_id": str(), "content": list(pages)}:
            return any(isinstance(page, dict) and page.get("encrypted_content") == searches.OURS for page in pages)
        case _:
            return False


def _is_cited(value: Any) -> bool:
    return isinstance(value, dict) and value.get("encrypted_index") == searches.OURS
