"""What the assistant said in one turn, as items in the order in which it said them."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw

from ccproxy.errors import InvalidRequest
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
from ccproxy.translate.passages import Where, bracketed, dotted
from ccproxy.translate.turns import Turn
from ccproxy.translate.wire.openai_responses.reasoning import unpacked

Item = dict[str, Any]


def spoken(turn: Turn, draft: Draft) -> list[Item]:
    """The assistant's items of this turn; losses, names and tool ids are noted in the draft."""
    items: list[Item] = []
    cited = False
    for where, block in turn.assistant:
        match block:
            case TextBlock():
                cited = _text(items, block, cited, draft, where)
                continue
            case ToolUseBlock():
                items.append(_call(block, draft, where))
            case ThinkingBlock():
                items += _thoughts(block.signature, block.thinking, draft)
            case RedactedThinkingBlock():
                items += _thoughts(block.data, "", draft)
            case ServerToolUseBlock() | WebSearchToolResultBlock() | WebFetchToolResultBlock():
                if block.cache_control is not UNSET:
                    draft.lose(block.cache_control, bracketed(where) + ".cache_control")
                _say(items, searches.told(block))
                if searches.untold(block):
                    draft.losses.append(bracketed(where) + ".content")
            case UnknownBlock() if (words := earlier.told(block)) is not None:
                _say(items, words)
            case _:
                draft.losses.append(bracketed(where))
        cited = False
    items = _with_what_follows(items)
    if draft.dialect.phases:
        _tell_phases(items)
    return items


def _tell_phases(items: list[Item]) -> None:
    """What was said before a call is a comment, what was said behind all calls the answer.

    No block has room for the model's own word on it, and without one it takes comments for answers (provider docs).
    """
    phase = "final_answer"
    for item in reversed(items):
        if item["type"] == "function_call":
            phase = "commentary"
        elif item["type"] == "message":
            item["phase"] = phase


def _text(items: list[Item], block: TextBlock, cited: bool, draft: Draft, where: Where) -> bool:
    """Citations cut one sentence into many blocks, so cited neighbours are joined as they are."""
    if block.citations is not UNSET:
        draft.lose(block.citations, bracketed(where) + ".citations")
    if block.cache_control is not UNSET:
        draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    cites = block.citations is not UNSET and bytes(block.citations) not in (b"null", b"[]")
    if (cited or cites) and items and items[-1]["type"] == "message":
        items[-1]["content"][-1]["text"] += block.text
    else:
        _say(items, block.text)
    return cites


def _say(items: list[Item], text: str) -> None:
    if items and items[-1]["type"] == "message":
        items[-1]["content"].append(_said(text))
    else:
        items.append(_message(text))


def _message(text: str) -> Item:
    return {"type": "message", "role": "assistant", "content": [_said(text)]}


def _said(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def _call(block: ToolUseBlock, draft: Draft, where: Where) -> Item:
    for name in ("cache_control", "toolset_name"):
        draft.lose(getattr(block, name), f"{bracketed(where)}.{name}")
    if block.caller is not UNSET and b"direct" not in bytes(block.caller):
        draft.lose(block.caller, bracketed(where) + ".caller")
    name, arguments = draft.tool_name(block.name), _arguments(block.input, where)
    if not draft.dialect.tools:
        return _message(f"[called {name} with {arguments}]")
    return {"type": "function_call", "call_id": draft.tool_id(block.id), "name": name, "arguments": arguments}


def _arguments(input: Raw, where: Where) -> str:
    text = str(input, "utf-8")
    if not text.startswith("{"):
        raise InvalidRequest(f"{dotted(where)}.input: must be an object")
    return text


def _thoughts(sealed: str, thinking: str, draft: Draft) -> list[Item]:
    """The reasoning items that this kind of provider made itself; another's are left out silently."""
    if draft.dialect.replay != "items":
        return []
    payload = signature.unseal(sealed, draft.target.kind, thinking, draft.target.seal_keys)
    return unpacked(payload) if payload else []


def _with_what_follows(items: list[Item]) -> list[Item]:
    """The items without reasoning at their end: it is refused without the item that came of it."""
    while items and items[-1]["type"] == "reasoning":
        items.pop()
    return items
