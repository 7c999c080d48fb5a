"""What a client's tool answered, as the content of a tool message and what must stand after it.

Tool messages take text only, so images and documents move to the user message behind all tool messages, each with
a line that says whose result it is. A result is never empty: providers refuse that.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ccproxy.errors import Uncarriable
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import ImageBlock, ResultContent, ToolResultBlock
from ccproxy.translate.passages import Where, bracketed, visible
from ccproxy.translate.wire.openai_chat.content import Part, parts, text_part

_NO_OUTPUT = "(no output)"


def result(
    block: ToolResultBlock, call: dict[str, Any] | None, draft: Draft, where: Where
) -> tuple[list[Part], list[Part]]:
    """The text of a result, and its images and documents for the user message after it.

    `call` is the chat form of the call that it answers; None where there is none in this turn.
    """
    if block.toolset_name is not UNSET:
        draft.lose(block.toolset_name, bracketed(where) + ".toolset_name")
    mark = block.cache_control
    if mark is not UNSET:
        mark = draft.mark(mark, bracketed(where))
    if isinstance(block.content, list):
        texts, media = _blocks(block.content, draft, where)
    else:
        texts, media = ([block.content] if block.content and visible(block.content) else []), []
    if media:
        name = f"{call['function']['name']} " if call else ""
        texts.append("(see the attachment in the user message below)")
        media.insert(0, f"[attachment of the result of {name}{block.tool_use_id}]")
    text = "\n\n".join(texts) or _NO_OUTPUT
    if block.is_error and "error" not in text[:24].lower():
        text = f"Error: {text}"
    return [text_part(text, mark)], media


def _blocks(blocks: list[ResultContent], draft: Draft, where: Where) -> tuple[list[str], list[Part]]:
    texts: list[str] = []
    media: list[Part] = []
    for at, inner in enumerate(blocks):
        here = (*where, at)
        try:
            found = parts(inner, draft, here)
        except Uncarriable:
            # An agent cannot take a result back: refusing would end its session, so the model is told instead.
            draft.losses.append(bracketed(here))
            kind = "an image" if isinstance(inner, ImageBlock) else "a document"
            texts.append(f"[{kind}: not shown, because this model cannot be given it]")
            continue
        for part in found:
            if isinstance(part, str):
                texts.append(part)
            elif part["type"] == "text":
                texts.append(part["text"])
            else:
                media.append(part)
    return texts, media
