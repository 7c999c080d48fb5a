"""A conversation gathered into turns: who said what, which calls were made, what came back.

Clients may send messages in any order and cut one turn into several; here a turn is an assistant message with its
calls, their results, and what user and system said after it, wherever it stood. Blocks stay as they came, each with
its place; text that is empty or only white space is left out, because providers refuse it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct

from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import (
    InputMessage,
    RequestBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from ccproxy.translate.passages import Where, bracketed, visible

Placed = tuple[Where, RequestBlock]
Speaker = Literal["user", "system"]


class Turn(Struct):
    """An assistant message and everything up to the next one; the first turn of a conversation has none.

    `calls` are the tool calls among `assistant`, by id; `results` answer them, by the same ids. `after` is what was
    said behind them: a tool result in there answers no call of this turn, or one that has its result.
    """

    assistant: list[Placed]
    calls: dict[str, ToolUseBlock]
    results: dict[str, tuple[Where, ToolResultBlock]]
    after: list[tuple[Speaker, list[Placed]]]


def turns(messages: list[InputMessage], draft: Draft) -> list[Turn]:
    """The turns of a conversation. What a message holds beside its content is reported as lost."""
    turn = Turn([], {}, {}, [])
    found = [turn]
    for index, message in enumerate(messages):
        if message.output_config is not UNSET:
            draft.lose(message.output_config, f"messages[{index}].output_config")
        if message.cache_control is not UNSET:
            draft.lose(message.cache_control, f"messages[{index}].cache_control")
        blocks = _blocks(message, index, draft)
        match message.role:
            case "assistant":
                # Consecutive assistant messages are one turn, as Anthropic's API has it.
                if turn.after or turn.results:
                    turn = Turn([], {}, {}, [])
                    found.append(turn)
                _answer(turn, blocks, draft)
            case "system":
                _say(turn, "system", blocks)
            case _:
                _say(turn, "user", _without_results(turn, blocks))
    return found


def _blocks(message: InputMessage, index: int, draft: Draft) -> list[Placed]:
    content = message.content
    if isinstance(content, str):
        return [((index, 0), TextBlock(content))] if visible(content) else []
    found: list[Placed] = []
    for at, block in enumerate(content):
        if type(block) is TextBlock and not visible(block.text):
            draft.lose(block.cache_control, bracketed((index, at)) + ".cache_control")
        else:
            found.append(((index, at), block))
    return found


def _answer(turn: Turn, blocks: list[Placed], draft: Draft) -> None:
    for where, block in blocks:
        if type(block) is ToolUseBlock:
            if block.id in turn.calls:
                draft.losses.append(bracketed(where))  # a second call of one id could not be told from the first
                continue
            turn.calls[block.id] = block
        turn.assistant.append((where, block))


def _without_results(turn: Turn, blocks: list[Placed]) -> list[Placed]:
    """The blocks without those results that the turn waits for, which it takes."""
    said: list[Placed] = []
    for where, block in blocks:
        if type(block) is ToolResultBlock and block.tool_use_id in turn.calls and block.tool_use_id not in turn.results:
            turn.results[block.tool_use_id] = (where, block)
        else:
            said.append((where, block))
    return said


def _say(turn: Turn, speaker: Speaker, blocks: list[Placed]) -> None:
    if not blocks:
        return
    if turn.after and turn.after[-1][0] == speaker:
        turn.after[-1][1].extend(blocks)
    else:
        turn.after.append((speaker, blocks))
