"""The conversation as chat messages, in an order that no provider refuses.

Clients may send turns in any order; chat completions demand that the results of all calls follow their assistant
message at once. So messages are gathered into turns: an assistant message with its calls, their results, and what
user and system said after it, wherever it stood. A call without a result gets one that says so (Claude Code
interrupts), a result without a call becomes user text.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw

from ccproxy.errors import InvalidRequest
from ccproxy.translate.messages import (
    InputMessage,
    MessagesRequest,
    RedactedThinkingBlock,
    RequestBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)
from ccproxy.translate.wire.openai_chat.content import Part, bracketed, dotted, parts, settled, text_part, visible
from ccproxy.translate.wire.openai_chat.draft import Draft
from ccproxy.translate.wire.openai_chat.reasoning import Thoughts
from ccproxy.translate.wire.openai_chat.results import result

Chat = list[dict[str, Any]]

_BILLING = "x-anthropic-billing-header"
_NO_RESULT = "[no result: the call was interrupted]"
_GO_ON = "Continue."
_DONE = "OK."


class Turn:
    """An assistant message and everything up to the next one; the first turn of a conversation has none."""

    __slots__ = ("after", "calls", "results", "tail", "texts", "thoughts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.tail = ""
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


def chat(request: MessagesRequest, draft: Draft, instructions: list[Part]) -> Chat:
    """All messages for the provider; `instructions` are added to the system prompt.

    Raises InvalidRequest where nothing is left to answer.
    """
    dialect = draft.dialect
    system = _system(request, draft) + instructions
    turns = _turns(request.messages, draft)
    out: Chat = []
    if system and dialect.system_role != "user":
        out.append({"role": dialect.system_role, "content": settled(system)})
    elif system:
        _append_user(out, system)
    for turn in turns:
        _emit(turn, draft, out)
    _finish(out, request, draft)
    return out


def _system(request: MessagesRequest, draft: Draft) -> list[Part]:
    """The system prompt without Claude Code's attribution line, which is noise to other models."""
    system = request.system
    if not system:
        return []
    if isinstance(system, str):
        if system.startswith(_BILLING):
            draft.losses.append("system")
            system = system.partition("\n")[2]
        return [system] if visible(system) else []
    pieces: list[Part] = []
    for index, block in enumerate(system):
        if isinstance(block, UnknownBlock):
            draft.losses.append(f"system[{index}]")
            continue
        if block.text.startswith(_BILLING):
            draft.losses.append(f"system[{index}]")
            continue
        draft.lose(block.citations, f"system[{index}].citations")
        mark = block.cache_control
        if mark is not UNSET and not draft.dialect.cache_control:
            draft.lose(mark, f"system[{index}].cache_control")
            mark = UNSET
        if visible(block.text):
            pieces.append(text_part(block.text, mark))
    return pieces


def _turns(messages: list[InputMessage], draft: Draft) -> list[Turn]:
    turn = Turn()
    turns = [turn]
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
                    turns.append(turn)
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
    return turns


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
        kind = type(block)
        if isinstance(block, TextBlock):
            cited = _assistant_text(turn, block, cited, draft, (index, at))
        elif isinstance(block, ToolUseBlock):
            _add_call(turn, block, draft, (index, at))
        elif isinstance(block, ThinkingBlock):
            turn.thoughts.add(block, draft)
        elif kind is RedactedThinkingBlock:
            continue  # only its own provider can read it; another's reasoning is left out without a word
        else:
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


def _emit(turn: Turn, draft: Draft, out: Chat) -> None:
    if turn.texts or turn.calls:
        out.append(_assistant(turn, draft))
    if draft.dialect.tools:
        for id, call in turn.calls.items():
            out.append({"role": "tool", "tool_call_id": call["id"], "content": turn.results.get(id, _NO_RESULT)})
    else:
        for id, call in turn.calls.items():
            said = turn.results.get(id, _NO_RESULT)
            _append_user(out, [f"[result of {call['function']['name']}]"])
            _append_user(out, [said] if isinstance(said, str) else list(said))
    for role, pieces in turn.after:
        if role == "user":
            _append_user(out, pieces)
        elif draft.dialect.system_anywhere and draft.dialect.system_role != "user":
            out.append({"role": draft.dialect.system_role, "content": settled(pieces)})
        else:
            _append_user(out, _reminder(pieces))


def _reminder(pieces: list[Part]) -> list[Part]:
    """A system message as user text, in the form that Claude Code itself falls back to."""
    text = "\n\n".join(piece if isinstance(piece, str) else piece.get("text", "") for piece in pieces)
    return [f"<system-reminder>\n{text}\n</system-reminder>"]


def _append_user(out: Chat, pieces: list[Part]) -> None:
    if out and out[-1]["role"] == "user":
        out[-1]["content"] += pieces
    else:
        out.append({"role": "user", "content": list(pieces)})


def _assistant(turn: Turn, draft: Draft) -> dict[str, Any]:
    dialect = draft.dialect
    text = "\n\n".join(turn.texts)
    if not dialect.tools:
        text = "\n\n".join([*turn.texts, *(_told(call["function"]) for call in turn.calls.values())])
        return {"role": "assistant", "content": text}
    message: dict[str, Any] = {"role": "assistant"}
    if text:
        message["content"] = text
    elif dialect.empty_content != "omit":
        message["content"] = None if dialect.empty_content == "null" else ""
    turn.thoughts.write(message, draft, bool(turn.calls))
    if turn.calls:
        message["tool_calls"] = list(turn.calls.values())
    return message


def _told(function: dict[str, str]) -> str:
    return f"[called {function['name']} with {function['arguments']}]"


def _finish(out: Chat, request: MessagesRequest, draft: Draft) -> None:
    """The rules about the whole: user content becomes final, the first and the last message fit."""
    dialect = draft.dialect
    first = 1 if out and out[0]["role"] == dialect.system_role else 0
    if all(message["role"] == "system" or message["role"] == "developer" for message in out):
        raise InvalidRequest("messages: there is no user message with any content")
    if dialect.user_first and out[first]["role"] != "user":
        out.insert(first, {"role": "user", "content": [_GO_ON]})
    if out[-1]["role"] == "assistant":
        _prefill(out, request, draft)
    for message in out:
        if message["role"] == "user":
            message["content"] = settled(message["content"])
    if dialect.assistant_after_tool:
        for at in range(len(out) - 1, 0, -1):
            if out[at]["role"] == "user" and out[at - 1]["role"] == "tool":
                out.insert(at, {"role": "assistant", "content": _DONE})


def _prefill(out: Chat, request: MessagesRequest, draft: Draft) -> None:
    match draft.dialect.prefill:
        case "prefix":
            out[-1]["prefix"] = True
        case "partial":
            out[-1]["partial"] = True
        case "ignored":
            draft.losses.append(f"messages[{len(request.messages) - 1}]")
        case "refused":
            draft.losses.append(f"messages[{len(request.messages) - 1}]")
            out.append({"role": "user", "content": [_GO_ON]})
