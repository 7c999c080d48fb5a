"""The system prompt, and system messages where a provider takes none between the others."""

from __future__ import annotations

from msgspec import UNSET

from ccproxy.translate.messages import MessagesRequest, UnknownBlock
from ccproxy.translate.wire.openai_chat.content import Part, text_part, visible
from ccproxy.translate.wire.openai_chat.draft import Draft

_BILLING = "x-anthropic-billing-header"


def system(request: MessagesRequest, draft: Draft) -> list[Part]:
    """The system prompt without Claude Code's attribution line, which is noise to other models."""
    prompt = request.system
    if not prompt:
        return []
    if isinstance(prompt, str):
        if prompt.startswith(_BILLING):
            draft.losses.append("system")
            prompt = prompt.partition("\n")[2]
        return [prompt] if visible(prompt) else []
    pieces: list[Part] = []
    for index, block in enumerate(prompt):
        if isinstance(block, UnknownBlock) or block.text.startswith(_BILLING):
            draft.losses.append(f"system[{index}]")
            continue
        draft.lose(block.citations, f"system[{index}].citations")
        if visible(block.text):
            pieces.append(text_part(block.text, draft.mark(block.cache_control, f"system[{index}]")))
        else:
            draft.lose(block.cache_control, f"system[{index}].cache_control")
    return pieces


def reminder(pieces: list[Part]) -> list[Part]:
    """A system message as user text, in the form that Claude Code itself falls back to."""
    text = "\n\n".join(piece if isinstance(piece, str) else piece.get("text", "") for piece in pieces)
    marks = [piece["cache_control"] for piece in pieces if not isinstance(piece, str) and "cache_control" in piece]
    return [text_part(f"<system-reminder>\n{text}\n</system-reminder>", marks[-1] if marks else UNSET)]
