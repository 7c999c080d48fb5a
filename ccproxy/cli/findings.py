"""What would not work of what is set up: pure, from a snapshot of the database to findings.

A finding is an error where requests that mean to go there fail, a warning where something has no effect or may fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ccproxy import presets
from ccproxy.errors import CCProxyError
from ccproxy.gateway.asked import HIGH
from ccproxy.gateway.connecting import connect
from ccproxy.gateway.rules import LONG, Rule
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Match, RouteTarget
from ccproxy.translate.overrides import EFFORTS

Level = Literal["error", "warning"]

_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: how bad it is, where it is, and what is wrong."""

    level: Level
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.what}"


def of_providers(snapshot: Snapshot) -> Iterator[Finding]:
    """Providers that cannot be used as they are stored."""
    if not snapshot.enabled:
        yield Finding("warning", "providers", "none is set up and enabled, so every message is refused")
    for provider in snapshot.providers:
        yield from _of_provider(provider)


def _of_provider(provider: Provider) -> Iterator[Finding]:
    where = f"provider {provider.name}"
    if provider.error:
        yield Finding("error", where, provider.error)
        return
    # What is not in use breaks no request.
    level: Level = "error" if provider.enabled else "warning"
    preset = presets.find(provider.type)
    try:
        if preset is not None:
            presets.check_options(preset, provider.options)
        connect(provider)
    except CCProxyError as error:
        yield Finding(level, where, error.message)
    except ValueError as error:
        yield Finding(level, where, str(error))
    if preset is not None and preset.key_required and not provider.api_key and not provider.headers:
        yield Finding("warning", where, f"has no API key, and {preset.name} asks for one")


def of_routes(snapshot: Snapshot) -> Iterator[Finding]:
    """Routes that lead nowhere or stand behind another, each target that will not be asked."""
    reached: list[Rule] = []
    for route in sorted(snapshot.routes, key=lambda route: (-route.priority, route.created_at)):
        if not route.enabled:
            continue
        where = f"route {route.name}"
        for target in route.targets:
            yield from _of_target(target, snapshot, where)
        rule = Rule.of(route, lambda name: _refusal(snapshot.get(name), name))
        if not rule.targets:
            yield Finding("error", where, "none of its targets can be asked, so it is passed over")
            continue
        over = next((earlier.route.name for earlier in reached if covers(earlier, rule)), None)
        if over is not None:
            yield Finding(
                "warning", where, f"is reached by its own name only: {over} comes first and takes all that it would"
            )
        reached.append(rule)


def _of_target(target: RouteTarget, snapshot: Snapshot, where: str) -> Iterator[Finding]:
    provider = snapshot.get(target.provider)
    there = f"{where}: {target.provider}/{target.model}"
    refusal = _refusal(provider, target.provider)
    if refusal:
        yield Finding("error" if provider is None else "warning", there, refusal)
    elif provider is not None and provider.models and target.model not in provider.models:
        yield Finding("warning", there, f"is not among the models of provider {provider.name}")


def _refusal(provider: Provider | None, name: str) -> str:
    if provider is None:
        return f"there is no provider {name!r}"
    return "" if provider.enabled else f"provider {name} is not enabled, so this target is left out"


def covers(first: Rule, second: Rule) -> bool:
    """Whether the first is looked at before the second and takes every request that the second would.

    Sure where it says yes. A glob inside another one is only seen where both are the same, or one is `*`.
    """
    one, other = first.route.match, second.route.match
    if first.special != second.special:
        return False
    if not first.special and (one.scenario or _DEFAULT) != (other.scenario or _DEFAULT):
        return False
    return (
        _models_cover(first, second)
        and one.scenario in (None, _DEFAULT, other.scenario)
        and _least(one) <= _least(other)
        and EFFORTS.index(one.min_effort or HIGH) <= EFFORTS.index(other.min_effort or HIGH)
        and set(first.headers) <= set(second.headers)
        and (not one.keys or (bool(other.keys) and set(other.keys) <= set(one.keys)))
        and one.agent in (None, other.agent)
    )


def _least(match: Match) -> int:
    return match.min_input_tokens or (LONG if match.scenario == "long_context" else 0)


def _models_cover(first: Rule, second: Rule) -> bool:
    """Exact names are looked up before anything else, so only the same names take them away."""
    if not second.exact <= first.exact:
        return False
    theirs, ours = ({text.lower() for text, _ in rule.patterns} for rule in (first, second))
    return not first.route.match.models or "*" in theirs or (bool(second.route.match.models) and ours <= theirs)
