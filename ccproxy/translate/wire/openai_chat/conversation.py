"""The conversation as chat messages, in an order that no provider refuses.

Clients may send turns in any order; chat completions demand that the results of all calls follow their assistant
message at once. So messages are gathered into turns: an assistant message with its calls, their results, and what
user and system said after it, wherever it stood. A call without a result gets one that says so (Claude Code
interrupts), a result without a call becomes user text.
"""

from __future__ import annotations

from typing import Any

from ccproxy.errors import InvalidRequest
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.wire.openai_chat.content import Part, settled
from ccproxy.translate.wire.openai_chat.draft import Draft
from ccproxy.translate.wire.openai_chat.system import reminder, system
from ccproxy.translate.wire.openai_chat.turns import Turn, turns

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
            _append_user(out, reminder(pieces))


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
