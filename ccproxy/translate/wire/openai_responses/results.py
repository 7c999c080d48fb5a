"""What a client's tool answered, as the output of its call, images and files included where the provider takes them.

Where it takes text only, images and files move to the user message behind all outputs, each with a line that says
whose result it is. An output is never empty: some servers refuse that.
"""

from __future__ import annotations

from typing import Any

from ccproxy.errors import Uncarriable
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import ImageBlock, ResultContent, ToolResultBlock
from ccproxy.translate.passages import Where, bracketed, visible
from ccproxy.translate.wire.openai_responses.breakpoints import Part, is_text
from ccproxy.translate.wire.openai_responses.content import ended, listed, parts

Output = str | list[dict[str, Any]]

_NO_OUTPUT = "(no output)"


def result(block: ToolResultBlock, name: str, draft: Draft, where: Where) -> tuple[list[Part], list[Part]]:
    """The parts of a result, and those for the user message after it. `name` is that of the tool, if it is known."""
    draft.lose(block.toolset_name, bracketed(where) + ".toolset_name")
    if isinstance(block.content, list):
        pieces = [piece for at, inner in enumerate(block.content) for piece in _parts(inner, draft, (*where, at))]
    else:
        pieces = [block.content] if block.content and visible(block.content) else []
    shown: list[Part] = []
    media = [piece for piece in pieces if not is_text(piece)]
    if media and not draft.dialect.result_media:
        pieces = [piece for piece in pieces if is_text(piece)]
        pieces.append("(see the attachment in the user message below)")
        shown = [f"[attachment of the result of {name}{' ' if name else ''}{block.tool_use_id}]", *media]
    if block.is_error:
        pieces = _failed(pieces)
    return ended(pieces or [_NO_OUTPUT], block.cache_control, draft, where), shown


def output(pieces: list[Part]) -> Output:
    """The parts as the `output` of a call: one string where all of it is text."""
    texts = [piece for piece in pieces if isinstance(piece, str)]
    return "\n\n".join(texts) if len(texts) == len(pieces) else listed(pieces)


def _parts(inner: ResultContent, draft: Draft, where: Where) -> list[Part]:
    try:
        return parts(inner, draft, where)
    except Uncarriable:
        # An agent cannot take a result back: refusing would end its session, so the model is told instead.
        draft.losses.append(bracketed(where))
        kind = "an image" if isinstance(inner, ImageBlock) else "a document"
        return [f"[{kind}: not shown, because this model cannot be given it]"]


def _failed(pieces: list[Part]) -> list[Part]:
    """The API has no mark for a failure, so the text says it."""
    first = pieces[0] if pieces else _NO_OUTPUT
    if not isinstance(first, str):
        return ["Error:", *pieces]
    return pieces if "error" in first[:24].lower() else [f"Error: {first}", *pieces[1:]]
