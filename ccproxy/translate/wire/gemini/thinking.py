"""What makes a model think, and how much: a budget in tokens up to Gemini 2.5, a level from Gemini 3 on.

The two are never sent together, which is refused. Thoughts are shown only where they are asked for.
"""

from __future__ import annotations

from typing import Any

from ccproxy.translate.draft import Draft
from ccproxy.translate.effort import LEVELS, Wish, nearest
from ccproxy.translate.messages import MessagesRequest

# What Google's own compatible endpoint makes of the levels (provider docs).
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
_DYNAMIC = -1


def config(request: MessagesRequest, draft: Draft) -> dict[str, Any]:
    """`thinkingConfig`, empty where the provider's own default holds."""
    wish = Wish.of(request)
    shown = request.thinking is None or request.thinking.display != "omitted"
    dialect = draft.dialect
    if dialect.thinking not in ("budget", "level"):
        if wish.effort is not None:
            draft.losses.append("output_config.effort")
        if wish.on or (wish.off and dialect.thinks_by_default):
            draft.losses.append("thinking")
        return {}
    if wish.effort is not None and wish.effort not in LEVELS:
        draft.losses.append("output_config.effort")
        wish = Wish(wish.asked, wish.on, wish.off, wish.budget)
    fields = _budget(wish, draft) if dialect.thinking == "budget" else _level(wish, draft)
    if wish.asked and shown:
        fields["includeThoughts"] = True
    return fields


def _budget(wish: Wish, draft: Draft) -> dict[str, Any]:
    least, most = draft.dialect.thinking_budgets
    if wish.off or wish.effort == "none":
        if draft.dialect.can_stop_thinking:
            return {"thinkingBudget": 0}
        draft.losses.append("thinking")
        return {"thinkingBudget": least}
    if wish.budget is not None:
        if not least <= wish.budget <= most:
            draft.losses.append("thinking.budget_tokens")
        if wish.effort is not None:
            draft.losses.append("output_config.effort")
        return {"thinkingBudget": min(max(wish.budget, least), most)}
    if wish.effort is not None:
        return {"thinkingBudget": min(max(_BUDGETS.get(wish.effort, most), least), most)}
    # A model that does not think by default has to be told.
    return {"thinkingBudget": _DYNAMIC} if wish.asked and draft.dialect.thinks_by_default is False else {}


def _level(wish: Wish, draft: Draft) -> dict[str, Any]:
    efforts = draft.dialect.efforts
    if wish.off or wish.effort == "none":
        if "minimal" not in efforts:
            draft.losses.append("thinking")
        return {"thinkingLevel": efforts[0].upper()}
    level = wish.level
    return {"thinkingLevel": nearest(level, efforts).upper()} if level is not None else {}
