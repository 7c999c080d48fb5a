"""The conversation as chat messages, in an order that no provider refuses.

Chat completions demand that the results of all calls follow their assistant message at once, as `translate.turns`
gathers them. A call without a result gets one that says so (Claude Code interrupts), a result without a call becomes
user text.
"""

from __future__ import annotations

from typing import Any

from ccproxy.errors import InvalidRequest
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest, RequestBlock, ToolResultBlock
from ccproxy.translate.passages import Where
from ccproxy.translate.turns import Turn, turns
from ccproxy.translate.wire.openai_chat.content import Part, parts, settled
from ccproxy.translate.wire.openai_chat.results import result
from ccproxy.translate.wire.openai_chat.spoken import Spoken, spoken
from ccproxy.translate.wire.openai_chat.system import reminder, system

Chat = list[dict[str, Any]]

_NO_RESULT = "[no result: the call was interrupted]"
_GO_ON = "Continue."
_DONE = "OK."
_SYSTEM = ("system", "developer")


def chat(request: MessagesRequest, draft: Draft, instructions: list[Part]) -> Chat:
    """All messages for the provider; `instructions` are added to the system prompt.

    Raises InvalidRequest where nothing is left to answer.
    """
    dialect = draft.dialect
    prompt = system(request, draft) + instructions
    out: Chat = []
    if prompt and dialect.system_role != "user":
        out.append({"role": dialect.system_role, "content": settled(prompt)})
    elif prompt:
        _append_user(out, prompt)
    for turn in turns(request.messages, draft):
        _emit(turn, draft, out)
    _finish(out, request, draft)
    return out


def _emit(turn: Turn, draft: Draft, out: Chat) -> None:
    said = spoken(turn, draft)
    if said.texts or said.calls:
        out.append(_assistant(said, draft))
    shown = _results(turn, said, draft, out)
    if shown:
        _append_user(out, shown)
    for speaker, blocks in turn.after:
        pieces = [piece for where, block in blocks for piece in _said(block, draft, where)]
        if not pieces:
            continue
        if speaker == "user":
            _append_user(out, pieces)
        elif draft.dialect.system_anywhere and draft.dialect.system_role != "user":
            out.append({"role": draft.dialect.system_role, "content": settled(pieces)})
        else:
            _append_user(out, reminder(pieces))


def _results(turn: Turn, said: Spoken, draft: Draft, out: Chat) -> list[Part]:
    """A message for the result of each call; gives back what only a user message can show of them."""
    shown: list[Part] = []
    for id, call in said.calls.items():
        content: str | list[dict[str, Any]] = _NO_RESULT
        if id in turn.results:
            where, block = turn.results[id]
            found, media = result(block, call, draft, where)
            content = settled(found)
            shown += media
        if draft.dialect.tools:
            out.append({"role": "tool", "tool_call_id": call["id"], "content": content})
        else:
            _append_user(out, [f"[result of {call['function']['name']}]"])
            _append_user(out, [content] if isinstance(content, str) else list(content))
    return shown


def _said(block: RequestBlock, draft: Draft, where: Where) -> list[Part]:
    """A block of a user or system message; a result that answers no call of this turn becomes text."""
    if not isinstance(block, ToolResultBlock):
        return parts(block, draft, where)
    content, shown = result(block, None, draft, where)
    return [*shown, f"[result of an earlier tool call {block.tool_use_id}]", *content]


def _append_user(out: Chat, pieces: list[Part]) -> None:
    if out and out[-1]["role"] == "user":
        out[-1]["content"] += pieces
    else:
        out.append({"role": "user", "content": list(pieces)})


def _assistant(said: Spoken, draft: Draft) -> dict[str, Any]:
    dialect = draft.dialect
    text = "\n\n".join(said.texts)
    if not dialect.tools:
        text = "\n\n".join([*said.texts, *(_told(call["function"]) for call in said.calls.values())])
        return {"role": "assistant", "content": text}
    message: dict[str, Any] = {"role": "assistant"}
    if text:
        message["content"] = text
    elif dialect.empty_content != "omit":
        message["content"] = None if dialect.empty_content == "null" else ""
    said.thoughts.write(message, draft, bool(said.calls))
    if said.calls:
        message["tool_calls"] = list(said.calls.values())
    return message


def _told(function: dict[str, str]) -> str:
    return f"[called {function['name']} with {function['arguments']}]"


def _finish(out: Chat, request: MessagesRequest, draft: Draft) -> None:
    """The rules about the whole: user content becomes final, the first and the last message fit."""
    dialect = draft.dialect
    if all(message["role"] in _SYSTEM for message in out):
        raise InvalidRequest("messages: there is no user message with any content")
    first = 1 if out[0]["role"] in _SYSTEM else 0
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
