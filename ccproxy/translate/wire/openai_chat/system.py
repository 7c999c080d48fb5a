"""The system prompt, and system messages where a provider takes none between the others."""

from __future__ import annotations

from msgspec import UNSET

from ccproxy.translate import system as prompts
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.wire.openai_chat.content import Part, text_part


def system(request: MessagesRequest, draft: Draft) -> list[Part]:
    """The system prompt as parts."""
    return [
        text_part(block.text, draft.mark(block.cache_control, path)) for path, block in prompts.system(request, draft)
    ]


def reminder(pieces: list[Part]) -> list[Part]:
    """A system message as user text."""
    text = "\n\n".join(piece if isinstance(piece, str) else piece.get("text", "") for piece in pieces)
    marks = [piece["cache_control"] for piece in pieces if not isinstance(piece, str) and "cache_control" in piece]
    return [text_part(prompts.reminder(text), marks[-1] if marks else UNSET)]
