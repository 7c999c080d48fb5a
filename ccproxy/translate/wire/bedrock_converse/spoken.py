"""What the assistant said in one turn, as blocks of Converse's in their order: texts, thoughts, calls."""

from __future__ import annotations

import hashlib
import re

from msgspec import UNSET, Struct

from ccproxy.translate import earlier, searches, signature
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import (
    RedactedThinkingBlock,
    ServerToolUseBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    UnknownBlock,
    WebFetchToolResultBlock,
    WebSearchToolResultBlock,
)
from ccproxy.translate.passages import Where, bracketed
from ccproxy.translate.turns import Turn
from ccproxy.translate.wire.bedrock_converse.cache import Piece, points
from ccproxy.translate.wire.bedrock_converse.reasoning import maker, unpacked

_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}").fullmatch


class Spoken(Struct):
    """The assistant's side of a turn; `names` are the tools' names as the model knows them, by the client's ids."""

    pieces: list[Piece]
    names: dict[str, str]


def tool_id(id: str, draft: Draft) -> str:
    """The id of a call as Converse takes it: up to 64 letters, digits, hyphens and underscores."""
    found = draft.tool_id(id)
    if _ID(found):
        return found
    return "call_" + hashlib.sha256(found.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def spoken(turn: Turn, draft: Draft) -> Spoken:
    """What the assistant said in this turn; losses and tool ids are noted in the draft."""
    said = Spoken([], {})
    silent = True
    for where, block in turn.assistant:
        match block:
            case TextBlock():
                draft.lose(block.citations, bracketed(where) + ".citations")
                said.pieces.append({"text": block.text})
                said.pieces += points(block.cache_control, bracketed(where), draft)
            case ToolUseBlock():
                said.pieces.append(_call(said, block, draft, where))
                said.pieces += points(block.cache_control, bracketed(where), draft)
            case ThinkingBlock():
                said.pieces += _thought(block, draft)
                continue
            case RedactedThinkingBlock():
                said.pieces += _redacted(block, draft)
                continue
            case ServerToolUseBlock() | WebSearchToolResultBlock() | WebFetchToolResultBlock():
                said.pieces.append({"text": searches.told(block)})
                if searches.untold(block):
                    draft.losses.append(bracketed(where) + ".content")
            case UnknownBlock() if (words := earlier.told(block)) is not None:
                said.pieces.append({"text": words})
            case _:
                draft.losses.append(bracketed(where))
                continue
        silent = False
    if silent:
        said.pieces = []  # reasoning that nothing follows is refused
    return said


def _call(said: Spoken, block: ToolUseBlock, draft: Draft, where: Where) -> Piece:
    if block.toolset_name is not UNSET:
        draft.lose(block.toolset_name, bracketed(where) + ".toolset_name")
    if block.caller is not UNSET and b"direct" not in bytes(block.caller):
        draft.lose(block.caller, bracketed(where) + ".caller")
    name = said.names[block.id] = draft.tool_name(block.name)
    if not draft.dialect.tools:
        return {"text": f"[called {name} with {str(block.input, 'utf-8')}]"}
    return {"toolUse": {"toolUseId": tool_id(block.id, draft), "name": name, "input": block.input}}


def _thought(block: ThinkingBlock, draft: Draft) -> list[Piece]:
    """Reasoning that a model of the same maker gave; another's is left out silently."""
    sign = _unsealed(block.signature, block.thinking, draft)
    if sign is None or not (sign or block.thinking):
        return []
    thought = {"text": block.thinking}
    if sign:
        thought["signature"] = sign
    return [{"reasoningContent": {"reasoningText": thought}}]


def _redacted(block: RedactedThinkingBlock, draft: Draft) -> list[Piece]:
    content = _unsealed(block.data, "", draft)
    return [{"reasoningContent": {"redactedContent": content}}] if content else []


def _unsealed(sealed: str, thinking: str, draft: Draft) -> str | None:
    target = draft.target
    if draft.dialect.replay == "none":
        return None
    payload = signature.unseal(sealed, target.kind, thinking, target.seal_keys)
    return None if payload is None else unpacked(payload, maker(target.model))
