"""Routes: which requests go to which targets, as administrators write it.

Only what a route says is known here. Which request it fits and what its targets come to is the gateway's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Scenario = Literal["default", "background", "think", "long_context", "web_search", "image", "count_tokens"]
Strategy = Literal["fallback", "weighted", "fastest", "cheapest"]
Agent = Literal["main", "subagent"]

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a request must be for a route to take it; all that is said must hold. Nothing said: every request.

    `models` are globs on the model's name as asked, of which one must fit; a class name (`opus`, `sonnet`, `haiku`, …)
    stands for every Claude model of that class. `keys` are names of client keys. `min_input_tokens` is 60,000 for the
    scenario long_context where nothing else is said. `min_effort` is the effort from which on adaptive thinking
    counts as the scenario think (`high` where nothing is said). Header names are lower case.
    """

    models: tuple[str, ...] = ()
    scenario: Scenario | None = None
    min_input_tokens: int | None = None
    min_effort: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    agent: Agent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTarget:
    """One target of a route. `weight` counts with the strategy weighted only; 0: never chosen first.

    `parameters` stand in place of the client's (`translate.overrides` knows which there are).
    """

    provider: str
    model: str
    weight: int = 1
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. A higher `priority` is looked at first; equal ones in the order of their creation.

    `retries` is how often one target is asked again after a failure that may pass at once. `first_byte_timeout` is how
    many seconds a streaming target has for its first meaningful byte before the next one is asked; None: as long as the
    idle timeout. `resume`: an answer in plain text that breaks off is continued by the next target.
    """

    name: str
    match: Match = field(default_factory=Match)
    targets: tuple[RouteTarget, ...]
    strategy: Strategy = "fallback"
    priority: int = 0
    enabled: bool = True
    retries: int = 1
    first_byte_timeout: float | None = None
    resume: bool = False
    created_at: datetime = _EPOCH
    updated_at: datetime = _EPOCH
