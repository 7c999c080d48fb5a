"""What switches thinking on and off, and bounds it."""

from __future__ import annotations

from typing import Any

from ccproxy.translate.draft import Draft
from ccproxy.translate.effort import Wish
from ccproxy.translate.messages import MessagesRequest


def fields(request: MessagesRequest, draft: Draft) -> dict[str, Any]:
    """`thinking`, for a model that has it. Models that think do so by default, so that nothing asks for the default."""
    wish = Wish.of(request)
    if request.thinking and request.thinking.display not in (None, "summarized"):
        draft.losses.append("thinking.display")
    if wish.effort is not None:
        draft.losses.append("output_config.effort")
    if draft.dialect.thinking == "none":
        if wish.on:
            draft.losses.append("thinking")
        return {}
    if wish.off:
        return {"thinking": {"type": "disabled"}}
    if not wish.on:
        return {}
    budget = {"token_budget": wish.budget} if wish.budget else {}
    return {"thinking": {"type": "enabled", **budget}}
