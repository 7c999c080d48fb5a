"""How much the model reasons, and whether it tells of it."""

from __future__ import annotations

from typing import Any

from ccproxy.translate.draft import Draft
from ccproxy.translate.effort import LEVELS, Wish, nearest
from ccproxy.translate.messages import MessagesRequest

ENCRYPTED = "reasoning.encrypted_content"
"""What has to be included in an answer for reasoning to come back on the next turn, as nothing is stored."""

_MIDDLE = "medium"


def reasoning(request: MessagesRequest, draft: Draft, searches: bool) -> dict[str, Any]:
    """The field `reasoning`. `searches`: whether the provider's web search is among the tools.

    A summary is asked for only where the client asked for thinking and wants to see it: OpenAI gives one to verified
    organizations alone and refuses the whole request of others.
    """
    wish = Wish.of(request)
    display = request.thinking.display if request.thinking else None
    if display not in (None, "summarized", "omitted"):
        draft.losses.append("thinking.display")
    draft.thinking_off = wish.off
    fields = _off(wish, draft) if wish.off else _effort(wish, draft)
    if searches and fields.get("effort") == "minimal":
        fields["effort"] = "low"  # web search is refused with less
    summary = draft.dialect.reasoning_summary
    if wish.asked and summary and display != "omitted" and fields.get("effort") != "none":
        fields["summary"] = summary
    return {"reasoning": fields} if fields else {}


def _off(wish: Wish, draft: Draft) -> dict[str, Any]:
    dialect = draft.dialect
    _lose(wish, draft)
    if dialect.effort_off:
        return {"effort": dialect.effort_off}
    draft.thinking_off = False
    if dialect.thinks_by_default is not False:
        draft.losses.append("thinking")
    return {}


def _effort(wish: Wish, draft: Draft) -> dict[str, Any]:
    """The level by name, else by the budget: the nearest that the model has."""
    dialect = draft.dialect
    if not dialect.efforts:
        _lose(wish, draft)
        if wish.budget is not None:
            draft.losses.append("thinking.budget_tokens")
        if wish.on and dialect.thinks_by_default is False:
            draft.losses.append("thinking")
        return {}
    level = wish.level
    if level is None:
        # A model that does not think unless it is told to is told so, if thinking was asked for.
        asleep = wish.asked and dialect.thinks_by_default is False
        return {"effort": nearest(_MIDDLE, dialect.efforts)} if asleep else {}
    if level not in LEVELS:
        draft.losses.append("output_config.effort")
        return {}
    return {"effort": nearest(level, dialect.efforts)}


def _lose(wish: Wish, draft: Draft) -> None:
    if wish.effort is not None:
        draft.losses.append("output_config.effort")
