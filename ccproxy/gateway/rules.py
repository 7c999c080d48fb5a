"""A route made ready for matching: which of its targets are to be had, and whether its match holds for a request. Pure.

Only one route is looked at here; which of several goes first is `matching`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from msgspec import Struct

from ccproxy.gateway import names
from ccproxy.gateway.asked import HIGH, Asked
from ccproxy.store.routes import Match, Route, RouteTarget

LONG = 60_000
"""Input tokens above which a conversation is long, where a route says nothing else."""

_SHOWN = 100

Refusal = Callable[[str], str]
"""Why a provider cannot be used, as a sentence (`provider "x" is not enabled`); "" for one that can. Takes its name."""


class Rule(Struct, frozen=True):
    """A route, its targets that are to be had and why the others are not, and its match in a form to compare with.

    `exact` are the names that it says (in lower case), `patterns` its globs and classes as they are written. `special`:
    its match says more than a scenario. `more_than` is a number of input tokens, but for the scenario long_context,
    which has its own look at it.
    """

    route: Route
    targets: tuple[RouteTarget, ...]
    missing: tuple[str, ...]
    exact: frozenset[str]
    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    headers: tuple[tuple[str, str], ...]
    more_than: int | None
    special: bool

    @classmethod
    def of(cls, route: Route, refusal: Refusal) -> Rule:
        """The rule of a route. Asks `refusal` for each of its targets."""
        match = route.match
        refused = [(target, refusal(target.provider)) for target in route.targets]
        more_than = match.min_input_tokens if match.scenario != "long_context" else None
        return cls(
            route=route,
            targets=tuple(target for target, why in refused if not why),
            missing=tuple(dict.fromkeys(why for _, why in refused if why)),
            exact=frozenset(model.lower() for model in match.models if not names.is_glob(model)),
            patterns=tuple((model, names.pattern(model)) for model in match.models if names.is_pattern(model)),
            headers=tuple((name.lower(), value) for name, value in match.headers.items()),
            more_than=more_than,
            special=bool(match.models or match.headers or match.keys or match.agent or more_than is not None),
        )

    def fitting(self, spellings: Iterable[str]) -> str | None:
        """The pattern that one of a model's spellings fits; None for none."""
        for text, pattern in self.patterns:
            for name in spellings:
                if pattern.fullmatch(name) is not None:
                    return text
        return None

    def holds(self, asked: Asked) -> bool:
        """Whether all holds that the match says beside the model and the scenario."""
        for name, value in self.headers:
            if asked.headers.get(name) != value:
                return False
        match = self.route.match
        if match.keys and asked.caller not in match.keys:
            return False
        if match.agent is not None and asked.subagent is not (match.agent == "subagent"):
            return False
        return self.more_than is None or asked.over(self.more_than) > 0

    def scenario(self, asked: Asked) -> str | None:
        """How the request is of the route's scenario, in words ("" where it has none); None where it is not."""
        match = self.route.match
        if match.scenario is None:
            return ""
        told = _SCENARIO[match.scenario](asked, match)
        return None if told is None else f"scenario {match.scenario}{told and ': '}{told}"

    def told(self, asked: Asked) -> list[str]:
        """What `holds` has found, in words. Values of headers are left out: they may be credentials."""
        match = self.route.match
        found = [f"its header {name} fits" for name, _ in self.headers]
        if match.keys:
            found.append(f"its key {quoted(asked.caller)} fits")
        if match.agent is not None:
            found.append("a subagent sent it" if asked.subagent else "no subagent sent it")
        if self.more_than is not None:
            found.append(_size(asked, self.more_than))
        return found


def quoted(text: str) -> str:
    """A name for people, who need not see all of it."""
    return f'"{text if len(text) <= _SHOWN else text[:_SHOWN] + "…"}"'


def _size(asked: Asked, limit: int) -> str:
    return f"about {asked.over(limit):,} input tokens, more than {limit:,}"


def _long(asked: Asked, match: Match) -> str | None:
    limit = LONG if match.min_input_tokens is None else match.min_input_tokens
    return _size(asked, limit) if asked.over(limit) else None


_SCENARIO: dict[str, Callable[[Asked, Match], str | None]] = {
    "count_tokens": lambda asked, _: "" if asked.counting else None,
    "web_search": lambda asked, _: "a tool that searches the web" if asked.web_search else None,
    "long_context": _long,
    "background": lambda asked, _: f"{quoted(asked.background)} is a haiku" if asked.background else None,
    "think": lambda asked, match: asked.thinks(match.min_effort or HIGH) or None,
    "image": lambda asked, _: "an image in the conversation" if asked.image else None,
    "default": lambda _asked, _match: "",
}
SCENARIOS = tuple(_SCENARIO)
"""All scenarios, in the order in which they are looked for."""
