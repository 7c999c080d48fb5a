"""What makes a model think, in the form of its maker, and what it then refuses beside it."""

from __future__ import annotations

from typing import Any

from ccproxy.translate.draft import Draft
from ccproxy.translate.effort import LEVELS, Wish, nearest
from ccproxy.translate.messages import MessagesRequest

_LEAST_BUDGET = 1024
_BUDGETS = {"none": 1024, "minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32768}
_LEAST_TOP_P = 0.95


def fields(request: MessagesRequest, draft: Draft, tools: dict[str, Any], infer: dict[str, Any]) -> dict[str, Any]:
    """Fields of the model's own for the wish of the client.

    `tools` is the `toolConfig` and `infer` the `inferenceConfig`: what the model refuses while it thinks is taken out.
    """
    wish = Wish.of(request)
    dialect = draft.dialect
    if request.thinking and request.thinking.display not in (None, "summarized") and dialect.thinking != "adaptive":
        draft.losses.append("thinking.display")
    if wish.asked and not dialect.choice_while_thinking and "toolChoice" in tools:
        draft.losses.append("thinking")
        wish = Wish(off=True, effort=wish.effort)
    match dialect.thinking:
        case "tokens":
            return _tokens(wish, request, draft, infer)
        case "adaptive":
            return _adaptive(wish, request, draft, infer)
        case "max_effort":
            return _max_effort(wish, draft, infer)
        case "effort":
            return _named(wish, draft, "reasoning_effort")
        case "reasoning":
            found = _named(wish, draft, "effort")
            return {"reasoning": found} if found else {}
        case "reasoning_config":
            return _named(wish, draft, "reasoning_config")
        case _:
            if wish.effort is not None:
                draft.losses.append("output_config.effort")
            if wish.on or (wish.off and dialect.thinks_by_default):
                draft.losses.append("thinking")
            return {}


def _tokens(wish: Wish, request: MessagesRequest, draft: Draft, infer: dict[str, Any]) -> dict[str, Any]:
    """A budget: the client's, else one for the level that it names."""
    if not wish.asked:
        if wish.effort is not None:
            draft.losses.append("output_config.effort")
        return {}
    room = infer.get("maxTokens", request.max_tokens) or 2 * _LEAST_BUDGET
    budget = wish.budget or _BUDGETS.get(wish.level or "medium", _BUDGETS["medium"])
    if room <= _LEAST_BUDGET:
        draft.losses.append("thinking")
        return {}
    _quiet(draft, infer)
    return {"thinking": {"type": "enabled", "budget_tokens": max(_LEAST_BUDGET, min(budget, room - 1))}}


def _adaptive(wish: Wish, request: MessagesRequest, draft: Draft, infer: dict[str, Any]) -> dict[str, Any]:
    """The model decides how much; a budget tells how hard it may try."""
    found: dict[str, Any] = {}
    level = wish.level
    if level is not None and draft.dialect.efforts:
        if level in LEVELS:
            found["output_config"] = {"effort": nearest(level, draft.dialect.efforts)}
        else:
            draft.losses.append("output_config.effort")
    if wish.asked:
        found["thinking"] = {"type": "adaptive"}
        if request.thinking and request.thinking.display:
            found["thinking"]["display"] = request.thinking.display
        _quiet(draft, infer)
    elif wish.off and draft.dialect.thinks_by_default is not False:
        if draft.dialect.can_stop_thinking:
            found["thinking"] = {"type": "disabled"}
        else:
            draft.losses.append("thinking")
    return found


def _max_effort(wish: Wish, draft: Draft, infer: dict[str, Any]) -> dict[str, Any]:
    if not (wish.asked or wish.effort is not None) or wish.off:
        return {}
    level = wish.level or "medium"
    if level not in LEVELS:
        draft.losses.append("output_config.effort")
        level = "medium"
    effort = nearest(level, draft.dialect.efforts)
    if effort == draft.dialect.efforts[-1]:
        # At its highest it refuses limits and sampling (provider docs).
        for name, field in (("temperature", "temperature"), ("topP", "top_p"), ("maxTokens", "max_tokens")):
            if infer.pop(name, None) is not None:
                draft.losses.append(field)
    return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}


def _named(wish: Wish, draft: Draft, name: str) -> dict[str, Any]:
    """The level by name, as many as the model has."""
    dialect = draft.dialect
    if wish.off:
        if dialect.effort_off:
            return {name: dialect.effort_off}
        draft.losses.append("thinking")
        return {}
    level = wish.level
    if level is None or not dialect.efforts:
        return {}
    if level not in LEVELS:
        draft.losses.append("output_config.effort")
        return {}
    return {name: nearest(level, dialect.efforts)}


def _quiet(draft: Draft, infer: dict[str, Any]) -> None:
    """Take out sampling that is refused while the model thinks."""
    if draft.dialect.samples_while_thinking:
        return
    if infer.get("temperature", 1) != 1:
        del infer["temperature"]
        draft.losses.append("temperature")
    if infer.get("topP", 1) < _LEAST_TOP_P:
        del infer["topP"]
        draft.losses.append("top_p")
