"""The conversation as Converse's messages, in an order that no model refuses.

User and assistant take turns, the user first; the results of all calls follow them at once. A call without a result
gets one that says so (Claude Code interrupts), a result without a call becomes text. What may stand beside results in
one message depends on the model; the rest goes into a message of its own, behind a short one of the assistant's.
"""

from __future__ import annotations

from typing import Any

from ccproxy.errors import InvalidRequest
from ccproxy.translate import system as prompts
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest, ToolResultBlock
from ccproxy.translate.turns import Placed, Turn, turns
from ccproxy.translate.wire.bedrock_converse.cache import Piece, points
from ccproxy.translate.wire.bedrock_converse.content import kind, pieces
from ccproxy.translate.wire.bedrock_converse.documents import Documents
from ccproxy.translate.wire.bedrock_converse.results import Result, result, settled
from ccproxy.translate.wire.bedrock_converse.spoken import Spoken, spoken, tool_id

Talk = list[dict[str, Any]]

_NO_RESULT = "[no result: the call was interrupted]"
_GO_ON = "Continue."
_DONE = "OK."
_ATTACHED = "(see the attached document)"
_AS_TEXT = {"searchResult": "text"}


def system(request: MessagesRequest, draft: Draft, instructions: list[str]) -> list[Piece]:
    """The system prompt, with `instructions` at its end."""
    found: list[Piece] = []
    for path, block in prompts.system(request, draft):
        found.append({"text": block.text})
        found += points(block.cache_control, path, draft)
    return found + [{"text": text} for text in instructions]


def talk(request: MessagesRequest, draft: Draft, prompt: list[Piece]) -> Talk:
    """All messages; `prompt` opens them, for models that have no system prompt.

    Raises InvalidRequest where nothing is left to answer.
    """
    out: Talk = []
    documents = Documents(draft)
    if prompt:
        _user(out, prompt, draft)
    for turn in turns(request.messages, draft):
        said = spoken(turn, draft)
        if said.pieces:
            if not out:
                _user(out, [{"text": _GO_ON}], draft)
            out.append({"role": "assistant", "content": said.pieces})
        shown = _results(turn, said, draft, documents, out)
        if shown:
            _user(out, shown, draft)
        for speaker, blocks in turn.after:
            said_now = _said(blocks, draft, documents)
            if said_now:
                _user(out, _reminder(said_now) if speaker == "system" else said_now, draft)
    if sum(len(message["content"]) for message in out) == len(prompt):
        raise InvalidRequest("messages: there is no user message with any content")
    _finish(out, request, draft)
    return out


def has_tools(out: Talk) -> bool:
    """Whether there are calls or results, which Converse refuses without a list of tools."""
    return any("toolUse" in piece or "toolResult" in piece for message in out for piece in message["content"])


def _results(turn: Turn, said: Spoken, draft: Draft, documents: Documents, out: Talk) -> list[Piece]:
    """A message with the result of each call; gives back what only stands beside them."""
    content: list[Piece] = []
    shown: list[Piece] = []
    for id, name in said.names.items():
        found = Result([{"text": _NO_RESULT}], False, [], [])
        if id in turn.results:
            where, block = turn.results[id]
            found = result(block, name, draft, documents, where)
        shown += found.shown
        if draft.dialect.tools:
            content.append(settled(tool_id(id, draft), found, draft))
        else:
            content.append({"text": f"[result of {name}]\n{found.text}"})
        content += found.points
    if content:
        out.append({"role": "user", "content": _once(content)})
    return shown


def _once(content: list[Piece]) -> list[Piece]:
    """Without cache marks that directly follow one."""
    return [
        piece
        for at, piece in enumerate(content)
        if not (at and kind(piece) == "cachePoint" and kind(content[at - 1]) == "cachePoint")
    ]


def _said(blocks: list[Placed], draft: Draft, documents: Documents) -> list[Piece]:
    """Blocks of a user or system message; a result that answers no call of this turn becomes text."""
    found: list[Piece] = []
    for where, block in blocks:
        if not isinstance(block, ToolResultBlock):
            found += pieces(block, draft, documents, where)
            continue
        late = result(block, "", draft, documents, where)
        found += [*late.shown, {"text": f"[result of an earlier tool call {block.tool_use_id}]"}]
        found += [*late.content, *late.points]
    return found


def _reminder(content: list[Piece]) -> list[Piece]:
    """A system message as user text; anything that is no text stays as it is."""
    texts = [piece["text"] for piece in content if "text" in piece]
    others = [piece for piece in content if "text" not in piece]
    return ([{"text": prompts.reminder("\n\n".join(texts))}] if texts else []) + others


def _user(out: Talk, content: list[Piece], draft: Draft) -> None:
    """Add to the user's message, or begin one; what may not stand beside results goes into one of its own."""
    if not out or out[-1]["role"] != "user":
        out.append({"role": "user", "content": list(content)})
        return
    last = out[-1]["content"]
    if any("toolResult" in piece for piece in last):
        allowed = (*draft.dialect.beside_results, "cachePoint")
        beside = next((at for at, piece in enumerate(content) if _kind(piece) not in allowed), len(content))
        last += content[:beside]
        if beside < len(content):
            out.append({"role": "assistant", "content": [{"text": _DONE}]})
            out.append({"role": "user", "content": content[beside:]})
    else:
        last += content


def _kind(piece: Piece) -> str:
    found = kind(piece)
    return _AS_TEXT.get(found, found)


def _finish(out: Talk, request: MessagesRequest, draft: Draft) -> None:
    """The rules about the whole: documents need a text beside them, and the user has the last word or may continue."""
    if out[-1]["role"] == "assistant" and draft.dialect.prefill != "continued":
        draft.losses.append(f"messages[{len(request.messages) - 1}]")
        out.append({"role": "user", "content": [{"text": _GO_ON}]})
    for message in out:
        content = message["content"]
        if any("document" in piece for piece in content) and not any("text" in piece for piece in content):
            content.append({"text": _ATTACHED})
