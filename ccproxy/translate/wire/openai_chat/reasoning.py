"""Thinking: what switches it on a provider, and reasoning of earlier turns in the form it wants back."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from ccproxy.translate import signature
from ccproxy.translate.messages import MessagesRequest, ThinkingBlock
from ccproxy.translate.wire.openai_chat.draft import Draft

_LEVELS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


class Thoughts:
    """The reasoning of one assistant turn, as far as the provider made it itself."""

    __slots__ = ("details", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.details: list[Raw] = []

    def add(self, block: ThinkingBlock, draft: Draft) -> None:
        """Take a block that this kind of provider made; another's is left out silently."""
        if draft.dialect.replay == "none":
            return
        target = draft.target
        payload = signature.unseal(block.signature, target.kind, block.thinking, target.seal_keys)
        if payload is None:
            return
        if block.thinking:
            self.texts.append(block.thinking)
        if payload and draft.dialect.replay == "reasoning_details":
            self.details += msgspec.json.decode(payload, type=list[Raw])

    def write(self, message: dict[str, Any], draft: Draft, calls: bool) -> None:
        """Put the reasoning into the assistant message, in the provider's form."""
        dialect = draft.dialect
        text = "\n\n".join(self.texts)
        if not text and not self.details:
            if dialect.replay_required and calls and not draft.thinking_off:
                message[dialect.replay] = ""
            return
        match dialect.replay:
            case "reasoning_details" if self.details:
                message["reasoning_details"] = self.details
            case "reasoning_details" | "reasoning":
                message["reasoning"] = text
            case "reasoning_content":
                message["reasoning_content"] = text
            case "content":
                said = message.get("content")
                thought = {"type": "thinking", "thinking": [{"type": "text", "text": text}]}
                message["content"] = [thought, {"type": "text", "text": said}] if said else [thought]


def fields(request: MessagesRequest, draft: Draft, forced: bool) -> dict[str, Any]:
    """The provider's reasoning control. `forced`: a tool choice forces a call; `tools`: any are sent."""
    return {}
