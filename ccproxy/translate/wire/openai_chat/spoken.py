"""What the assistant said in one turn, as a chat message: its texts joined, its thoughts, its calls."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, Struct

from ccproxy.errors import InvalidRequest
from ccproxy.translate import earlier, searches
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
from ccproxy.translate.passages import Where, bracketed, dotted
from ccproxy.translate.turns import Turn
from ccproxy.translate.wire.openai_chat.thinking import Thoughts


class Spoken(Struct):
    """The assistant's side of a turn; `calls` are in the provider's form, by the client's ids."""

    texts: list[str]
    thoughts: Thoughts
    calls: dict[str, dict[str, Any]]


def spoken(turn: Turn, draft: Draft) -> Spoken:
    """What the assistant said in this turn; losses and tool ids are noted in the draft."""
    said = Spoken([], Thoughts(), {})
    cited = False
    for where, block in turn.assistant:
        if isinstance(block, TextBlock):
            cited = _add_text(said, block, cited, draft, where)
        elif isinstance(block, ToolUseBlock):
            _add_call(said, block, draft, where)
            cited = False
        elif isinstance(block, ThinkingBlock):
            said.thoughts.add(block, draft)
        elif isinstance(block, ServerToolUseBlock | WebSearchToolResultBlock | WebFetchToolResultBlock):
            said.texts.append(searches.told(block))
            draft.lose(block.cache_control, bracketed(where) + ".cache_control")
            if searches.untold(block):
                draft.losses.append(bracketed(where) + ".content")
        elif isinstance(block, UnknownBlock) and (words := earlier.told(block)) is not None:
            said.texts.append(words)
        elif not isinstance(block, RedactedThinkingBlock):  # which only its own provider could read
            draft.losses.append(bracketed(where))
    return said


def _add_text(said: Spoken, block: TextBlock, cited: bool, draft: Draft, where: Where) -> bool:
    """Citations cut one sentence into many blocks, so cited neighbours are joined as they are."""
    if block.citations is not UNSET:
        draft.lose(block.citations, bracketed(where) + ".citations")
    if block.cache_control is not UNSET:
        draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    cites = block.citations is not UNSET and bytes(block.citations) not in (b"null", b"[]")
    if (cited or cites) and said.texts:
        said.texts[-1] += block.text
    else:
        said.texts.append(block.text)
    return cites


def _add_call(said: Spoken, block: ToolUseBlock, draft: Draft, where: Where) -> None:
    if block.cache_control is not UNSET:
        draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    if block.toolset_name is not UNSET:
        draft.lose(block.toolset_name, bracketed(where) + ".toolset_name")
    if block.caller is not UNSET and b"direct" not in bytes(block.caller):
        draft.lose(block.caller, bracketed(where) + ".caller")
    said.calls[block.id] = {
        "id": draft.tool_id(block.id),
        "type": "function",
        "function": {"name": draft.tool_name(block.name), "arguments": _arguments(block.input, where)},
    }


def _arguments(input: Raw, where: Where) -> str:
    text = str(input, "utf-8")
    if not text.startswith("{"):
        raise InvalidRequest(f"{dotted(where)}.input: must be an object")
    return text
