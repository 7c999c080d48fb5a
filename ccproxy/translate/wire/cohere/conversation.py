"""The conversation as messages of Cohere's chat.

They are chat completions' messages but for these: thinking is an item of the assistant's content, what was said
before calls is their plan (`tool_plan`), and a tool's result may hold documents (provider docs, recorded traffic).
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from ccproxy.errors import InvalidRequest
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest, RequestBlock, TextBlock, ToolResultBlock
from ccproxy.translate.passages import Where
from ccproxy.translate.turns import Turn, turns
from ccproxy.translate.wire.cohere.library import Document, Library
from ccproxy.translate.wire.openai_chat.content import Part, parts, settled
from ccproxy.translate.wire.openai_chat.results import result
from ccproxy.translate.wire.openai_chat.spoken import Spoken, spoken
from ccproxy.translate.wire.openai_chat.system import reminder, system

Chat = list[dict[str, Any]]

_NO_RESULT = "[no result: the call was interrupted]"
_GO_ON = "Continue."
_SHELVED = "(see the documents)"


def chat(request: MessagesRequest, draft: Draft, instructions: list[Part], library: Library) -> Chat:
    """All messages for the provider; `instructions` are added to the system prompt.

    Documents that go beside the conversation are put into the library. Raises InvalidRequest where nothing is left
    to answer.
    """
    prompt = system(request, draft) + instructions
    out: Chat = [{"role": "system", "content": settled(prompt)}] if prompt else []
    for turn in turns(request.messages, draft):
        _emit(turn, draft, out, library)
    if all(message["role"] == "system" for message in out):
        raise InvalidRequest("messages: there is no user message with any content")
    if out[-1]["role"] == "assistant":
        # The last word has to be the user's or a tool's.
        draft.losses.append(f"messages[{len(request.messages) - 1}]")
        _append_user(out, [_GO_ON])
    for message in out:
        if message["role"] == "user":
            message["content"] = settled(message["content"])
    return out


def _emit(turn: Turn, draft: Draft, out: Chat, library: Library) -> None:
    said = spoken(turn, draft)
    if said.texts or said.calls:
        out.append(_assistant(said))
    shown: list[Part] = []
    for id, call in said.calls.items():
        content: Any = _NO_RESULT
        if id in turn.results:
            where, block = turn.results[id]
            content, media = _result(block, call, draft, where, library)
            shown += media
        out.append({"role": "tool", "tool_call_id": call["id"], "content": content})
    if shown:
        _append_user(out, shown)
    for speaker, blocks in turn.after:
        pieces: list[Part] = []
        shelved = len(library.shelf)
        for where, one in blocks:
            pieces += _said(one, draft, where, library)
        if not pieces and len(library.shelf) > shelved:
            pieces = [_SHELVED]
        if pieces:
            _append_user(out, pieces if speaker == "user" else reminder(pieces))


def _assistant(said: Spoken) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant"}
    thought, text = "\n\n".join(said.thoughts.texts), "\n\n".join(said.texts)
    content: list[dict[str, str]] = [{"type": "thinking", "thinking": thought}] if thought else []
    if said.calls:
        if text:
            message["tool_plan"] = text
        message["tool_calls"] = list(said.calls.values())
    elif content:
        content.append({"type": "text", "text": text})
    else:
        message["content"] = text
    if content:
        message["content"] = content
    return message


def _result(
    block: ToolResultBlock, call: dict[str, Any], draft: Draft, where: Where, library: Library
) -> tuple[str | list[dict[str, Any]], list[Part]]:
    """The content of a tool message, and what only a user message can show of the result."""
    if not isinstance(block.content, list):
        found, media = result(block, call, draft, where)
        return settled(found), media
    documents: list[Document] = []
    rest = list(block.content)
    for at, inner in enumerate(block.content):
        cited = library.taken(inner, draft, (*where, at))
        if cited is not None:
            documents += cited
            rest[at] = TextBlock("")  # which keeps the places of the others
    found, media = result(structs.replace(block, content=rest), call, draft, where)
    if not documents:
        return settled(found), media
    items: list[dict[str, Any]] = []
    if media or block.is_error or any(one != TextBlock("") for one in rest):
        items = [{"type": "text", "text": settled(found)}]
    return [*items, *({"type": "document", "document": one} for one in documents)], media


def _said(block: RequestBlock, draft: Draft, where: Where, library: Library) -> list[Part]:
    """A block of a user or system message; a result that answers no call of this turn becomes text."""
    if isinstance(block, ToolResultBlock):
        content, shown = result(block, None, draft, where)
        return [*shown, f"[result of an earlier tool call {block.tool_use_id}]", *content]
    cited = library.taken(block, draft, where) if library.beside else None
    if cited is None:
        return parts(block, draft, where)
    library.shelf += cited
    return []


def _append_user(out: Chat, pieces: list[Part]) -> None:
    if out and out[-1]["role"] == "user":
        out[-1]["content"] += pieces
    else:
        out.append({"role": "user", "content": list(pieces)})
