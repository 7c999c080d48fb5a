"""Which route takes a request, and why. Pure: the facts of the request and the compiled routes in, a decision out.

The order, for what the model's name does not settle outright (`names.outright`):

1. routes whose match names the model exactly, then a route of that very name
2. routes that match by a glob or a class of models, a header, a key, the agent or a number of tokens
3. scenarios: count_tokens, web_search, long_context, background, think, image
4. an enabled provider that lists the model
5. routes of the scenario default, and those whose match says nothing
6. the only enabled provider

Within each, the higher priority goes first, and of equal ones what was created first. A route of the first two that has
a scenario as well needs both. One that has no target left, because no provider of its is to be had, is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from msgspec import Struct

from ccproxy.errors import NotFound
from ccproxy.gateway import names
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.names import Outright
from ccproxy.gateway.rules import SCENARIOS, Refusal, Rule, quoted
from ccproxy.store.providers import Snapshot
from ccproxy.store.routes import Route, RouteTarget

OUTRIGHT, LISTED, ONLY = "outright", "models", "only"
"""What decides where no route does: the name itself, a provider's list, the only provider."""
OWN = (OUTRIGHT, LISTED, ONLY)

_MOST = 1000
"""Models' names that are remembered at most, for a client may ask for any."""


class Fit(Struct, frozen=True):
    """A rule that a model's name fits, and how, in words. `named`: the route itself was asked for, by its name."""

    rule: Rule
    how: str = ""
    named: bool = False


class Named(Struct, frozen=True):
    """All that follows from a model's name: the provider that it says outright, the rules that come before the
    scenarios, and who lists the model.
    """

    outright: Outright | None
    fits: tuple[Fit, ...]
    listed: RouteTarget | None


class Decision(Struct, frozen=True):
    """Where a request goes. `rule` is the route's name, or `models` or `only` where no route took it.

    `why` is one sentence for people.
    """

    rule: str
    why: str
    targets: tuple[RouteTarget, ...]
    route: Route | None = None


class Index:
    """The routes and listed models of one snapshot; what a model's name comes to is worked out once for each name."""

    def __init__(self, snapshot: Snapshot, refusal: Refusal) -> None:
        """`refusal` is asked for the targets of all enabled routes."""
        enabled = sorted((route for route in snapshot.routes if route.enabled), key=lambda route: -route.priority)
        rules = [Rule.of(route, refusal) for route in enabled]
        self.snapshot = snapshot
        self.scenarios = tuple(
            rule
            for scenario in SCENARIOS
            for rule in rules
            if not rule.special and rule.route.match.scenario == scenario != "default"
        )
        self.defaults = tuple(
            rule for rule in rules if not rule.special and rule.route.match.scenario in (None, "default")
        )
        self._special = tuple(rule for rule in rules if rule.special)
        self._exact: dict[str, list[Rule]] = {}
        for rule in self._special:
            for name in rule.exact:
                self._exact.setdefault(name, []).append(rule)
        self._by_route = {rule.route.name.lower(): rule for rule in reversed(rules)}
        self._listed = _listed(snapshot)
        self._named: dict[str, Named] = {}

    def named(self, model: str) -> Named:
        """What follows from a model's name as it was asked for."""
        found = self._named.get(model)
        if found is None:
            if len(self._named) >= _MOST:
                self._named.clear()
            spellings = names.spellings(model)
            listed = (self._listed.get(name) for name in (model, *spellings))
            found = self._named[model] = Named(
                outright=names.outright(model, self.snapshot),
                fits=tuple(self._fits(model, spellings)),
                listed=next((target for target in listed if target is not None), None),
            )
        return found

    def _fits(self, model: str, spellings: tuple[str, ...]) -> Iterator[Fit]:
        for name in spellings:
            for rule in self._exact.get(name, ()):
                yield Fit(rule, f"its match.model is {quoted(name)}")
        for name in spellings:
            if name in self._by_route:
                yield Fit(self._by_route[name], "asked for by its name", named=True)
        for rule in self._special:
            if not rule.route.match.models:
                yield Fit(rule)
            elif (glob := rule.fitting(spellings)) is not None:
                yield Fit(rule, f"its match.model {quoted(glob)} fits {quoted(model)}")


def decide(asked: Asked, index: Index) -> Decision:
    """Where a request goes. Raises NotFound where it leads nowhere."""
    passed: dict[str, Rule] = {}
    named = index.named(asked.model)
    for rule, why in chain(_by_name(asked, named), _by_scenario(asked, index)):
        if rule.targets:
            return _taken(rule, why, passed)
        passed[rule.route.name] = rule
    if named.listed is not None:
        why = f"provider {quoted(named.listed.provider)} lists {quoted(named.listed.model)}"
        return Decision(LISTED, _with(why, passed), (named.listed,))
    for rule in index.defaults:
        if rule.targets:
            return _taken(rule, rule.scenario(asked) or "nothing else fits, and its match says nothing", passed)
        passed[rule.route.name] = rule
    if len(index.snapshot.enabled) == 1:
        only = index.snapshot.enabled[0]
        model = only.models[0] if only.models else names.as_provider_knows(asked.model, only)
        target = RouteTarget(provider=only.name, model=model)
        return Decision(ONLY, _with(f"{quoted(only.name)} is the only provider that is enabled", passed), (target,))
    raise NotFound(f"{_nowhere(asked, passed)}; {names.known(index.snapshot)}")


def _by_name(asked: Asked, named: Named) -> Iterator[tuple[Rule, str]]:
    """The rules that take the request for its model, or for something else than a scenario alone, and why."""
    for fit in named.fits:
        rule = fit.rule
        if not rule.holds(asked):
            continue
        scenario = "" if fit.named else rule.scenario(asked)
        if scenario is not None:
            yield rule, ", ".join(filter(None, (fit.how, *rule.told(asked), scenario)))


def _by_scenario(asked: Asked, index: Index) -> Iterator[tuple[Rule, str]]:
    for rule in index.scenarios:
        scenario = rule.scenario(asked)
        if scenario is not None:
            yield rule, scenario


def _taken(rule: Rule, why: str, passed: dict[str, Rule]) -> Decision:
    why = f"route {quoted(rule.route.name)}: {why}"
    if rule.missing:
        why += f"; left out, as {' and '.join(rule.missing)}"
    return Decision(rule.route.name, _with(why, passed), rule.targets, rule.route)


def _with(why: str, passed: dict[str, Rule]) -> str:
    """The sentence, with the routes that would have been taken before."""
    return "; ".join(
        (why, *(f"route {quoted(rule.route.name)} passed over, as {_why_not(rule)}" for rule in passed.values()))
    )


def _nowhere(asked: Asked, passed: dict[str, Rule]) -> str:
    if passed:
        return "; ".join(
            f"route {quoted(rule.route.name)} leads nowhere, as {_why_not(rule)}" for rule in passed.values()
        )
    return f"model: {asked.model!r} is not known here"


def _why_not(rule: Rule) -> str:
    return " and ".join(rule.missing) or "it has no target"


def _listed(snapshot: Snapshot) -> dict[str, RouteTarget]:
    """The models that enabled providers list, as they are written and in lower case; the first provider's counts."""
    listed: dict[str, RouteTarget] = {}
    for provider in snapshot.enabled:
        for model in provider.models:
            listed.setdefault(model, RouteTarget(provider=provider.name, model=model))
    for model, target in list(listed.items()):
        listed.setdefault(model.lower(), target)
    return listed
