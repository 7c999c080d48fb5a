"""What a client's tool answered, as a function response.

From Gemini 3 on a response has room for images and documents; for earlier models they stand beside it in the same
content, each with a line that says whose result it is. A response is never empty.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ccproxy.errors import Uncarriable
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import ImageBlock, ResultContent, ToolResultBlock
from ccproxy.translate.passages import Where, bracketed, visible
from ccproxy.translate.wire.gemini.parts import Part, parts

_NO_OUTPUT = "(no output)"
_NO_RESULT = "[no result: the call was interrupted]"
# What a function response may hold besides its text (provider docs).
_IN_RESPONSE = ("image/png", "image/jpeg", "image/webp", "application/pdf")


def response(
    call: dict[str, Any], found: tuple[Where, ToolResultBlock] | None, draft: Draft
) -> tuple[Part, list[Part]]:
    """The function response to a call, and what must stand beside it in its content.

    `call` is the `functionCall` as it is sent. A call without a result is answered with an error that says so,
    because each call must have its response.
    """
    answer: dict[str, Any] = {"name": call["name"]}
    if "id" in call:
        answer["id"] = call["id"]
    if found is None:
        answer["response"] = {"error": _NO_RESULT}
        return {"functionResponse": answer}, []
    where, block = found
    text, media = _content(block, draft, where)
    within = [part for part in media if draft.dialect.media_in_results and _fits(part)]
    beside = [part for part in media if part not in within]
    if within:
        answer["parts"] = within
    if beside:
        text = f"{text}\n\n(see the attachment behind this result)".lstrip()
        beside.insert(0, {"text": f"[attachment of the result of {call['name']} {block.tool_use_id}]"})
    answer["response"] = {"error" if block.is_error else "result": text or ("(see the parts)" if media else _NO_OUTPUT)}
    return {"functionResponse": answer}, beside


def told(block: ToolResultBlock, draft: Draft, where: Where) -> list[Part]:
    """A result that answers no call of its turn, as the parts of a user's content."""
    text, media = _content(block, draft, where)
    prefix = "Error: " if block.is_error else ""
    return [*media, {"text": f"[result of an earlier tool call {block.tool_use_id}]\n\n{prefix}{text or _NO_OUTPUT}"}]


def _content(block: ToolResultBlock, draft: Draft, where: Where) -> tuple[str, list[Part]]:
    """The text of a result, and its images and documents."""
    if block.toolset_name is not UNSET:
        draft.lose(block.toolset_name, bracketed(where) + ".toolset_name")
    if block.cache_control is not UNSET:
        draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    if not isinstance(block.content, list):
        return (block.content if block.content and visible(block.content) else ""), []
    texts: list[str] = []
    media: list[Part] = []
    for at, inner in enumerate(block.content):
        for part in _inner(inner, draft, (*where, at)):
            if "text" in part:
                texts.append(part["text"])
            else:
                media.append(part)
    return "\n\n".join(texts), media


def _inner(block: ResultContent, draft: Draft, where: Where) -> list[Part]:
    try:
        return parts(block, draft, where)
    except Uncarriable:
        # An agent cannot take a result back: refusing would end its session, so the model is told instead.
        draft.losses.append(bracketed(where))
        kind = "an image" if isinstance(block, ImageBlock) else "a document"
        return [{"text": f"[{kind}: not shown, because this model cannot be given it]"}]


def _fits(part: Part) -> bool:
    held = part.get("inlineData") or part.get("fileData") or {}
    return held.get("mimeType") in _IN_RESPONSE
