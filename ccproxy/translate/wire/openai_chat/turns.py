"""A conversation gathered into turns: who said what, which calls were made, what came back.

Clients may send messages in any order and cut one turn into several; here a turn is an assistant message with its
calls, their results, and what user and system said after it, wherever it stood.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw

from ccproxy.errors import InvalidRequest
from ccproxy.translate.messages import (
    InputMessage,
    RedactedThinkingBlock,
    RequestBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from ccproxy.translate.wire.openai_chat.content import Part, bracketed, dotted, parts, settled, visible
from ccproxy.translate.wire.openai_chat.draft import Draft
from ccproxy.translate.wire.openai_chat.results import result
from ccproxy.translate.wire.openai_chat.thinking import Thoughts


class Turn:
    """An assistant message and everything up to the next one; the first turn of a conversation has none."""

    __slots__ = ("after", "calls", "results", "texts", "thoughts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.thoughts = Thoughts()
        self.calls: dict[str, dict[str, Any]] = {}
        self.results: dict[str, str | list[dict[str, Any]]] = {}
        self.after: list[tuple[str, list[Part]]] = []

    def say(self, role: str, pieces: list[Part]) -> None:
        """Add what the user or the system says after the assistant."""
        if not pieces:
            return
        if self.after and self.after[-1][0] == role:
            self.after[-1][1].extend(pieces)
        else:
            self.after.append((role, pieces))


def turns(messages: list[InputMessage], draft: Draft) -> list[Turn]:
    """The turns of a conversation; losses and tool ids are noted in the draft."""
    turn = Turn()
    found = [turn]
    for index, message in enumerate(messages):
        if message.output_config is not UNSET:
            draft.lose(message.output_config, f"messages[{index}].output_config")
        if message.cache_control is not UNSET:
            draft.lose(message.cache_control, f"messages[{index}].cache_control")
        content = message.content
        match message.role:
            case "assistant":
                # Consecutive assistant messages are one turn, as Anthropic's API has it.
                if turn.after or turn.results:
                    turn = Turn()
                    found.append(turn)
                if isinstance(content, str):
                    _add_text(turn, content)
                else:
                    _add_assistant(turn, content, draft, index)
            case "system":
                turn.say("system", _said(content, draft, index))
            case _:
                if isinstance(content, str):
                    turn.say("user", [content] if visible(content) else [])
                else:
                    _add_user(turn, content, draft, index)
    return found


def _said(content: str | list[RequestBlock], draft: Draft, index: int) -> list[Part]:
    if isinstance(content, str):
        return [content] if visible(content) else []
    pieces: list[Part] = []
    for at, block in enumerate(content):
        pieces += parts(block, draft, (index, at))
    return pieces


def _add_text(turn: Turn, text: str) -> None:
    if visible(text):
        turn.texts.append(text)


def _add_assistant(turn: Turn, blocks: list[RequestBlock], draft: Draft, index: int) -> None:
    cited = False
    for at, block in enumerate(blocks):
        if isinstance(block, TextBlock):
            cited = _assistant_text(turn, block, cited, draft, (index, at))
        elif isinstance(block, ToolUseBlock):
            _add_call(turn, block, draft, (index, at))
            cited = False
        elif isinstance(block, ThinkingBlock):
            turn.thoughts.add(block, draft)
        elif not isinstance(block, RedactedThinkingBlock):  # which only its own provider could read
            draft.losses.append(bracketed((index, at)))


def _assistant_text(turn: Turn, block: TextBlock, cited: bool, draft: Draft, where: tuple[int, int]) -> bool:
    """Citations cut one sentence into many blocks, so cited neighbours are joined as they are."""
    if block.citations is not UNSET:
        draft.lose(block.citations, bracketed(where) + ".citations")
    if block.cache_control is not UNSET:
        draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    cites = block.citations is not UNSET and bytes(block.citations) not in (b"null", b"[]")
    if (cited or cites) and turn.texts:
        turn.texts[-1] += block.text
    else:
        _add_text(turn, block.text)
    return cites


def _add_call(turn: Turn, block: ToolUseBlock, draft: Draft, where: tuple[int, int]) -> None:
    if block.cache_control is not UNSET:
        draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    if block.toolset_name is not UNSET:
        draft.lose(block.toolset_name, bracketed(where) + ".toolset_name")
    if block.caller is not UNSET and b"direct" not in bytes(block.caller):
        draft.lose(block.caller, bracketed(where) + ".caller")
    if block.id in turn.calls:
        draft.losses.append(bracketed(where))  # a second call of one id could not be told from the first
        return
    turn.calls[block.id] = {
        "id": draft.tool_id(block.id),
        "type": "function",
        "function": {"name": draft.tool_name(block.name), "arguments": _arguments(block.input, where)},
    }


def _arguments(input: Raw, where: tuple[int, int]) -> str:
    text = str(input, "utf-8")
    if not text.startswith("{"):
        raise InvalidRequest(f"{dotted(where)}.input: must be an object")
    return text


def _add_user(turn: Turn, blocks: list[RequestBlock], draft: Draft, index: int) -> None:
    said: list[Part] = []
    media: list[Part] = []
    for at, block in enumerate(blocks):
        if not isinstance(block, ToolResultBlock):
            said += parts(block, draft, (index, at))
            continue
        call = turn.calls.get(block.tool_use_id)
        content, shown = result(block, call, draft, (index, at))
        if call is None or block.tool_use_id in turn.results:
            said += [f"[result of an earlier tool call {block.tool_use_id}]", *content]
        else:
            turn.results[block.tool_use_id] = settled(content)
        media += shown
    turn.say("user", media + said)
