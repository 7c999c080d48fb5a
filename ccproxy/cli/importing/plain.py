"""The plain form of routes: a kind of request, or a model's exact name, and one target for it."""

from __future__ import annotations

import re
from typing import Any

from ccproxy.settings import routes

SCENARIOS = routes.SCENARIOS
"""The well-known keys, those of ccproxy's own config file, and the scenarios that they mean."""


def route(name: str, targets: list[dict[str, Any]]) -> dict[str, Any]:
    """The route of that key."""
    match = {"scenario": SCENARIOS[name]} if name in SCENARIOS else {"model": [name]}
    return {"name": name, "match": match, "targets": targets}


def target(value: Any) -> dict[str, Any] | None:
    """`provider/model`, `provider,model` or an object with both; None for anything else."""
    if isinstance(value, dict):
        return value if value.get("provider") and value.get("model") else None
    provider, *model = re.split("[/,]", value, maxsplit=1) if isinstance(value, str) else ("",)
    if not provider.strip() or not any(model):
        return None
    return {"provider": provider.strip(), "model": model[0].strip()}
