"""What a client's tool answered, as a result of Converse's, and what must stand beside it.

Which media a result may hold depends on the model; the others move to the user's message behind all results, each
with a line that says whose result it is. A result is never empty.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct

from ccproxy.errors import Uncarriable
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import ImageBlock, ResultContent, ToolResultBlock
from ccproxy.translate.passages import Where, bracketed, visible
from ccproxy.translate.wire.bedrock_converse.cache import Piece, points
from ccproxy.translate.wire.bedrock_converse.content import kind, pieces
from ccproxy.translate.wire.bedrock_converse.documents import Documents

_NO_OUTPUT = "(no output)"
_WITHIN = ("text", "searchResult")


class Result(Struct):
    """A result's content and status; `points` go behind it, `shown` into the user's message."""

    content: list[Piece]
    failed: bool
    points: list[Piece]
    shown: list[Piece]

    @property
    def text(self) -> str:
        """The content as text, for what can hold no more."""
        return "\n\n".join(piece.get("text") or "" for piece in self.content)


def result(block: ToolResultBlock, name: str, draft: Draft, documents: Documents, where: Where) -> Result:
    """A result as the model takes it. `name` is that of the tool, `""` where the call is unknown."""
    if block.toolset_name is not UNSET:
        draft.lose(block.toolset_name, bracketed(where) + ".toolset_name")
    found = Result([], bool(block.is_error), [], [])
    if isinstance(block.content, list):
        for at, inner in enumerate(block.content):
            _add(inner, found, draft, documents, (*where, at))
    elif block.content and visible(block.content):
        found.content.append({"text": block.content})
    if block.cache_control is not UNSET:
        found.points = points(block.cache_control, bracketed(where), draft) or found.points
    if found.shown:
        found.content.append({"text": "(see the attachment below)"})
        found.shown.insert(
            0, {"text": f"[attachment of the result of {name + ' ' if name else ''}{block.tool_use_id}]"}
        )
    if not found.content:
        found.content.append({"text": _NO_OUTPUT})
    if found.failed and not draft.dialect.result_status:
        _say_so(found.content)
    return found


def settled(id: str, found: Result, draft: Draft) -> Piece:
    """The result as a piece of a user message."""
    content = found.content
    if draft.dialect.object_results:
        content = [{"json": _object(piece["text"])} if "text" in piece else piece for piece in content]
    settled: dict[str, Any] = {"toolUseId": id, "content": content}
    if found.failed and draft.dialect.result_status:
        settled["status"] = "error"
    return {"toolResult": settled}


def _add(inner: ResultContent, found: Result, draft: Draft, documents: Documents, where: Where) -> None:
    try:
        made = pieces(inner, draft, documents, where)
    except Uncarriable:
        # An agent cannot take a result back: refusing would end its session, so the model is told instead.
        draft.losses.append(bracketed(where))
        what = "an image" if isinstance(inner, ImageBlock) else "a document"
        made = [{"text": f"[{what}: not shown, because this model cannot be given it]"}]
    within = (*_WITHIN, *draft.dialect.result_kinds)
    for piece in made:
        if kind(piece) == "cachePoint":
            found.points = [piece]  # results hold none
        elif kind(piece) in within:
            found.content.append(piece)
        else:
            found.shown.append(piece)


def _say_so(content: list[Piece]) -> None:
    first = content[0].get("text")
    if first is None:
        content.insert(0, {"text": "Error:"})
    elif "error" not in first[:24].lower():
        content[0] = {"text": f"Error: {first}"}


def _object(text: str) -> Any:
    """A text as an object: itself where it is one in JSON, else the only field of one."""
    if text.lstrip()[:1] == "{":
        try:
            msgspec.json.decode(text, type=dict[str, Raw])
            return Raw(text.strip().encode())
        except (msgspec.MsgspecError, UnicodeEncodeError):
            pass
    return {"result": text}
