"""Thinking: what switches it on a provider, and reasoning of earlier turns in the form it wants back."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from ccproxy.translate import signature
from ccproxy.translate.draft import Draft
from ccproxy.translate.effort import LEVELS, Wish, nearest
from ccproxy.translate.messages import MessagesRequest, ThinkingBlock


class Thoughts:
    """The reasoning of one assistant turn, as far as the provider made it itself."""

    __slots__ = ("_signatures", "details", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.details: list[Raw] = []
        self._signatures: dict[int, str] = {}  # by the place of their text

    def add(self, block: ThinkingBlock, draft: Draft) -> None:
        """Take a block that this kind of provider made; another's is left out silently."""
        if draft.dialect.replay == "none":
            return
        target = draft.target
        payload = signature.unseal(block.signature, target.kind, block.thinking, target.seal_keys)
        if payload is None:
            return
        details = msgspec.json.decode(payload, type=list[dict[str, Any]]) if payload else []
        if draft.dialect.replay == "content" and details and isinstance(details[0].get("signature"), str):
            self._signatures[len(self.texts)] = details[0]["signature"]
            self.texts.append(block.thinking)
        elif block.thinking:
            self.texts.append(block.thinking)
        if draft.dialect.replay == "reasoning_details" and payload:
            self.details += msgspec.json.decode(payload, type=list[Raw])

    def write(self, message: dict[str, Any], draft: Draft, calls: bool) -> None:
        """Put the reasoning into the assistant message, in the provider's form."""
        dialect = draft.dialect
        text = "\n\n".join(self.texts)
        if not text and not self.details and not self._signatures:
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
            case "tags" if text:
                message["content"] = f"<think>\n{text.rstrip()}\n</think>\n\n{message.get('content') or ''}"
            case "content":
                said = message.get("content")
                thoughts = self._items() if self._signatures else [_item(text)]
                message["content"] = [*thoughts, {"type": "text", "text": said}] if said else thoughts

    def _items(self) -> list[dict[str, Any]]:
        """The thoughts as items of content, each with its signature if it has one."""
        items = [_item(text) for text in self.texts]
        for at, signed in self._signatures.items():
            items[at]["signature"] = signed
        return items


def _item(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}] if text else []}


def fields(request: MessagesRequest, draft: Draft, chosen: dict[str, Any], tools: bool) -> dict[str, Any]:
    """The provider's reasoning control.

    `chosen` are the tool choice fields: a forced choice that the provider refuses while it thinks either switches
    thinking off or is taken back to `auto`. `tools`: whether any go out.
    """
    wish = Wish.of(request)
    if request.thinking and request.thinking.display not in (None, "summarized"):
        draft.losses.append("thinking.display")
    wish = _with_forced_choice(wish, draft, chosen)
    dialect = draft.dialect
    if dialect.thinks_streamed_only and not request.stream and not wish.off:
        wish = _without_thinking(wish, draft)
    draft.thinking_off = wish.off
    if tools and not dialect.effort_with_tools:
        return _without_effort(wish, draft)
    if wish.off:
        return _off(draft)
    match dialect.thinking:
        case "effort":
            return _effort(wish, draft)
        case "type":
            kind = {"type": "enabled"} if wish.on else {}
            switch = {**dialect.thinking_fields, **kind}
            return ({"thinking": switch} if switch else {}) | _effort(wish, draft)
        case "enable_thinking":
            _lose_effort(wish, draft)
            budget = {"thinking_budget": wish.budget} if wish.budget else {}
            return {"enable_thinking": True, **budget} if wish.on else {}
        case "reasoning":
            return _openrouter(wish, draft)
        case "template":
            switch = {"chat_template_kwargs": {"enable_thinking": True}} if wish.on else {}
            return switch | _effort(wish, draft)
        case "prompt_mode":
            _lose_effort(wish, draft)
            _lose_budget(wish, draft)
            return {"prompt_mode": "reasoning"} if wish.on else {}
        case _:
            _lose_effort(wish, draft)
            if wish.on:
                draft.losses.append("thinking")
            return {}


def _with_forced_choice(wish: Wish, draft: Draft, chosen: dict[str, Any]) -> Wish:
    dialect = draft.dialect
    forced = chosen.get("tool_choice") not in (None, "auto", "none")
    thinks = wish.on or wish.effort is not None or dialect.thinks_by_default
    if not forced or dialect.choice_while_thinking or wish.off or not thinks:
        return wish
    if not _stoppable(draft):
        draft.losses.append("tool_choice")
        chosen["tool_choice"] = "auto"
        return wish
    if wish.on:
        draft.losses.append("thinking")
    _lose_effort(wish, draft)
    return Wish(off=True)


def _without_thinking(wish: Wish, draft: Draft) -> Wish:
    if wish.asked:
        draft.losses.append("thinking")
    _lose_effort(wish, draft)
    return Wish(off=True)


def _stoppable(draft: Draft) -> bool:
    dialect = draft.dialect
    match dialect.thinking:
        case "none":
            return False
        case "effort":
            return bool(dialect.effort_off)
        case _:
            return dialect.can_stop_thinking


def _off(draft: Draft) -> dict[str, Any]:
    dialect = draft.dialect
    if not _stoppable(draft):
        draft.thinking_off = False
        if dialect.thinks_by_default is not False:
            draft.losses.append("thinking")
        return {}
    match dialect.thinking:
        case "effort":
            return {"reasoning_effort": dialect.effort_off}
        case "type":
            return {"thinking": {"type": "disabled"}}
        case "enable_thinking":
            return {"enable_thinking": False}
        case "reasoning":
            return {"reasoning": {"enabled": False}}
        case "template":
            return {"chat_template_kwargs": {"enable_thinking": False}}
        case _:
            return {"prompt_mode": None}


def _without_effort(wish: Wish, draft: Draft) -> dict[str, Any]:
    if wish.asked:
        draft.losses.append("thinking")
    _lose_effort(wish, draft)
    return {"reasoning_effort": draft.dialect.effort_off} if draft.dialect.effort_off else {}


def _effort(wish: Wish, draft: Draft) -> dict[str, Any]:
    """The level by name, else by the budget: as many as the provider has, the nearest of them."""
    efforts = draft.dialect.efforts
    if not efforts:
        _lose_effort(wish, draft)
        _lose_budget(wish, draft)
        return {}
    level = wish.level
    if level is None:
        return {}
    return {"reasoning_effort": nearest(level, efforts)} if level in LEVELS else _unknown(draft)


def _openrouter(wish: Wish, draft: Draft) -> dict[str, Any]:
    if wish.effort is not None:
        if wish.effort not in LEVELS:
            return _unknown(draft)
        return {"reasoning": {"effort": nearest(wish.effort, draft.dialect.efforts)}}
    if wish.budget is not None:
        return {"reasoning": {"max_tokens": wish.budget}}
    return {"reasoning": {"enabled": True}} if wish.on else {}


def _unknown(draft: Draft) -> dict[str, Any]:
    draft.losses.append("output_config.effort")
    return {}


def _lose_effort(wish: Wish, draft: Draft) -> None:
    if wish.effort is not None:
        draft.losses.append("output_config.effort")


def _lose_budget(wish: Wish, draft: Draft) -> None:
    if wish.budget is not None:
        draft.losses.append("thinking.budget_tokens")
