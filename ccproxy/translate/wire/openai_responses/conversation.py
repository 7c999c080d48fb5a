"""The conversation as input items, and the system prompt.

Outputs follow the calls of their turn at once, as `translate.turns` gathers them. A call without an output is refused
(`No tool output found for function call`), so it gets one that says so (Claude Code interrupts); a result without a
call becomes user text.
"""

from __future__ import annotations

from typing import Any

from ccproxy.errors import InvalidRequest
from ccproxy.translate import system as prompts
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest, RequestBlock, ToolResultBlock
from ccproxy.translate.passages import Where
from ccproxy.translate.turns import Turn, turns
from ccproxy.translate.wire.openai_responses.breakpoints import Part, marked
from ccproxy.translate.wire.openai_responses.content import listed, parts
from ccproxy.translate.wire.openai_responses.results import output, result
from ccproxy.translate.wire.openai_responses.spoken import Item, spoken

_NO_RESULT = "[no result: the call was interrupted]"
_GO_ON = "Continue."


def prompt(request: MessagesRequest, draft: Draft, more: list[str]) -> tuple[str, list[Item]]:
    """The system prompt and what is added to it: as instructions, or as a first message where it has breakpoints."""
    pieces: list[Part] = [
        marked(block.text, block.cache_control, draft, path) for path, block in prompts.system(request, draft)
    ]
    texts = [piece for piece in pieces if isinstance(piece, str)]
    if len(texts) == len(pieces):
        return "\n\n".join(texts + more), []
    return "", [_message(draft.dialect.system_role, [*pieces, *more])]


def conversation(request: MessagesRequest, draft: Draft) -> list[Item]:
    """All input items. Raises InvalidRequest where nothing is left to answer."""
    items: list[Item] = []
    for turn in turns(request.messages, draft):
        items += spoken(turn, draft)
        shown = _outputs(turn, draft, items)
        if shown:
            _add_user(items, shown)
        _after(turn, draft, items)
    if all(item["type"] == "reasoning" for item in items):
        raise InvalidRequest("messages: there is no message with any content")
    if items[-1].get("role") == "assistant" and draft.dialect.prefill != "continued":
        draft.losses.append(f"messages[{len(request.messages) - 1}]")
        if draft.dialect.prefill == "refused":
            _add_user(items, [_GO_ON])
    return items


def _outputs(turn: Turn, draft: Draft, items: list[Item]) -> list[Part]:
    """An output for each call; gives back what only a user message can show of them."""
    shown: list[Part] = []
    for id, call in turn.calls.items():
        name = draft.tool_name(call.name)
        content: list[Part] = [_NO_RESULT]
        if id in turn.results:
            where, block = turn.results[id]
            content, media = result(block, name, draft, where)
            shown += media
        if draft.dialect.tools:
            sent = {"type": "function_call_output", "call_id": draft.tool_id(id), "output": output(content)}
            items.append(sent)
        else:
            _add_user(items, [f"[result of {name}]", *content])
    return shown


def _after(turn: Turn, draft: Draft, items: list[Item]) -> None:
    dialect = draft.dialect
    for speaker, blocks in turn.after:
        pieces = [piece for where, block in blocks for piece in _said(block, draft, where)]
        if not pieces:
            continue
        if speaker == "user":
            _add_user(items, pieces)
        elif dialect.system_anywhere and dialect.system_role != "user":
            items.append(_message(dialect.system_role, pieces))
        else:
            _add_user(items, [_reminder(pieces)])


def _said(block: RequestBlock, draft: Draft, where: Where) -> list[Part]:
    """A block of a user or system message; a result that answers no call of this turn becomes text."""
    if not isinstance(block, ToolResultBlock):
        return parts(block, draft, where)
    content, shown = result(block, "", draft, where)
    return [*shown, f"[result of an earlier tool call {block.tool_use_id}]", *content]


def _reminder(pieces: list[Part]) -> Part:
    """A system message as user text, with the breakpoint of its last part."""
    words = prompts.reminder("\n\n".join(piece if isinstance(piece, str) else piece["text"] for piece in pieces))
    last = pieces[-1]
    return words if isinstance(last, str) else {**last, "text": words}


def _message(role: str, pieces: list[Part]) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": listed(pieces)}


def _add_user(items: list[Item], pieces: list[Part]) -> None:
    if items and items[-1].get("role") == "user":
        items[-1]["content"] += listed(pieces)
    else:
        items.append(_message("user", pieces))
