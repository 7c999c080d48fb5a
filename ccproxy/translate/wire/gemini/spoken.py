"""What the assistant said in one turn, as the parts of a model's content: thoughts, texts and calls, in their order."""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET, Struct

from ccproxy.translate import earlier, searches
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import (
    RedactedThinkingBlock,
    RequestBlock,
    ServerToolUseBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    UnknownBlock,
    WebFetchToolResultBlock,
    WebSearchToolResultBlock,
)
from ccproxy.translate.passages import Where, bracketed
from ccproxy.translate.turns import Turn
from ccproxy.translate.wire.gemini import code_history
from ccproxy.translate.wire.gemini.parts import Part
from ccproxy.translate.wire.gemini.signatures import Signatures

_UNSIGNED = "skip_thought_signature_validator"
"""Stands for the signature of a call that Gemini did not make or that is known no more (provider docs)."""
# The form of Gemini's own ids (recorded traffic).
_OWN_ID = re.compile(r"[A-Za-z0-9]{8}").fullmatch


class Spoken(Struct):
    """The model's side of a turn; `calls` are its `functionCall` objects, by the client's ids."""

    parts: list[Part]
    calls: dict[str, dict[str, Any]]


def spoken(turn: Turn, draft: Draft) -> Spoken:
    """What the assistant said in this turn; losses and tool ids are noted in the draft.

    Thoughts alone are nothing said: providers refuse a content that has nothing else.
    """
    said = Spoken([], {})
    signatures = Signatures(draft.target)
    cited: bool | None = None  # whether the block before is cited text; None: it is no text
    for where, block in turn.assistant:
        if isinstance(block, TextBlock):
            cited = _add_text(said, block, cited, signatures, draft, where)
            continue
        cited = None
        if isinstance(block, ToolUseBlock):
            _add_call(said, block, signatures, draft, where)
        elif isinstance(block, ThinkingBlock | RedactedThinkingBlock):
            _add_thought(said, block, signatures)
        elif (served := _served(block, draft)) is not None:
            said.parts.append(served)
            if isinstance(block, WebFetchToolResultBlock) and searches.untold(block):
                draft.losses.append(bracketed(where) + ".content")
        else:
            draft.losses.append(bracketed(where))
    if all("thought" in part for part in said.parts):
        said.parts.clear()
    return said


def _served(block: RequestBlock, draft: Draft) -> Part | None:
    """What a provider's own tool did: code as such where the model knows it, and everything else in words."""
    if draft.dialect.code_execution:
        if isinstance(block, ServerToolUseBlock) and (run := code_history.asked(block)) is not None:
            return run
        if isinstance(block, UnknownBlock) and (gave := code_history.gave(block)) is not None:
            return gave
    if isinstance(block, UnknownBlock):
        words = earlier.told(block)
        return {"text": words} if words is not None else None
    if isinstance(block, ServerToolUseBlock | WebSearchToolResultBlock | WebFetchToolResultBlock):
        return {"text": searches.told(block)}
    return None


def _add_thought(said: Spoken, block: ThinkingBlock | RedactedThinkingBlock, signatures: Signatures) -> None:
    """A thought of Gemini's own goes back as it came; another provider's is left out silently."""
    signature = signatures.thinking(block)
    if signature is None or isinstance(block, RedactedThinkingBlock):
        return
    if block.thinking or signature:
        said.parts.append(_signed({"text": block.thinking, "thought": True}, signature))


def _add_text(
    said: Spoken, block: TextBlock, cited: bool | None, signatures: Signatures, draft: Draft, where: Where
) -> bool:
    """Citations cut one sentence into many blocks, so cited neighbours are joined as they are."""
    if block.citations is not UNSET:
        draft.lose(block.citations, bracketed(where) + ".citations")
    if block.cache_control is not UNSET:
        draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    cites = block.citations is not UNSET and bytes(block.citations) not in (b"null", b"[]")
    signature = signatures.text()
    # A part that is signed is never joined with one that is not (provider docs).
    if cited is not None and (cited or cites) and not signature and "thoughtSignature" not in said.parts[-1]:
        said.parts[-1]["text"] += block.text
    else:
        said.parts.append(_signed({"text": block.text}, signature))
    return cites


def _add_call(said: Spoken, block: ToolUseBlock, signatures: Signatures, draft: Draft, where: Where) -> None:
    if block.cache_control is not UNSET:
        draft.lose(block.cache_control, bracketed(where) + ".cache_control")
    if block.toolset_name is not UNSET:
        draft.lose(block.toolset_name, bracketed(where) + ".toolset_name")
    if block.caller is not UNSET and b"direct" not in bytes(block.caller):
        draft.lose(block.caller, bracketed(where) + ".caller")
    call: dict[str, Any] = {"name": draft.tool_name(block.name), "args": block.input}
    id = draft.tool_id(block.id)
    if draft.dialect.call_ids == "any" or _OWN_ID(id):
        call["id"] = id
    signature = signatures.call(block.id)
    if not signature and not said.calls and draft.dialect.calls_signed:
        signature = _UNSIGNED  # only the first of parallel calls is signed
    said.calls[block.id] = call
    said.parts.append(_signed({"functionCall": call}, signature))


def _signed(part: Part, signature: str) -> Part:
    if signature:
        part["thoughtSignature"] = signature
    return part
