"""Content blocks of the Messages API as Converse's.

A block that the model cannot be given raises `Uncarriable` with its path.
"""

from __future__ import annotations

from msgspec import UNSET

from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import (
    DocumentBlock,
    ImageBlock,
    RequestBlock,
    ResultContent,
    SearchResultBlock,
    TextBlock,
    ToolReferenceBlock,
)
from ccproxy.translate.passages import Where, bracketed, visible
from ccproxy.translate.wire.bedrock_converse.cache import Piece, points
from ccproxy.translate.wire.bedrock_converse.documents import Documents
from ccproxy.translate.wire.bedrock_converse.images import image


def pieces(block: RequestBlock | ResultContent, draft: Draft, documents: Documents, where: Where) -> list[Piece]:
    """What a block of a user message becomes: nothing, one piece or several, the last of them perhaps a cache mark."""
    match block:
        case TextBlock():
            draft.lose(block.citations, bracketed(where) + ".citations")
            if not visible(block.text):
                draft.lose(block.cache_control, bracketed(where) + ".cache_control")
                return []
            found: list[Piece] = [{"text": block.text}]
        case ImageBlock():
            found = [image(block, draft, where)]
        case DocumentBlock():
            found = documents.pieces(block, where)
        case SearchResultBlock():
            found = [documents.found(block, where)]
        case ToolReferenceBlock():
            found = [{"text": f"Tool available: {draft.tool_name(block.tool_name)}"}]
        case _:
            draft.losses.append(bracketed(where))
            return []
    if block.cache_control is UNSET:
        return found
    return found + points(block.cache_control, bracketed(where), draft)


def kind(piece: Piece) -> str:
    """The kind of a piece, which is the name of its only field."""
    return next(iter(piece))
