"""What would not work of what is set up: pure, from a snapshot of the database to findings.

A finding is an error where requests that mean to go there fail, a warning where something has no effect or may fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ccproxy import presets
from ccproxy.errors import CCProxyError
from ccproxy.gateway import names
from ccproxy.gateway.asked import HIGH
from ccproxy.gateway.connecting import connect
from ccproxy.gateway.rules import LONG
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Match, Route, RouteTarget
from ccproxy.translate.overrides import EFFORTS

Level = Literal["error", "warning"]

_DEFAULT = "default"
_LONG = "long_context"
_NOT_LISTED = "is not among the models of provider"


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
    reached: list[Route] = []
    for route in sorted(snapshot.routes, key=lambda route: (-route.priority, route.created_at)):
        if not route.enabled:
            continue
        where = f"route {route.name}"
        found = [_of_target(target, snapshot, where) for target in route.targets]
        yield from (finding for finding in found if finding is not None)
        if all(finding is not None and not finding.what.startswith(_NOT_LISTED) for finding in found):
            yield Finding("error", where, "none of its targets can be asked, so it is passed over")
            continue
        over = next((earlier for earlier in reached if covers(earlier.match, route.match)), None)
        if over is not None:
            yield Finding(
                "warning",
                where,
                f"is reached by its own name only: {over.name} comes first and takes all that it would",
            )
        reached.append(route)


def _of_target(target: RouteTarget, snapshot: Snapshot, where: str) -> Finding | None:
    provider = snapshot.get(target.provider)
    there = f"{where}: {target.provider}/{target.model}"
    if provider is None:
        return Finding("error", there, f"there is no provider {target.provider!r}")
    if not provider.enabled:
        return Finding("warning", there, f"provider {provider.name} is not enabled, so this target is left out")
    if provider.models and target.model not in provider.models:
        return Finding("warning", there, f"{_NOT_LISTED} {provider.name}")
    return None


def covers(first: Match, second: Match) -> bool:
    """Whether the first is looked at before the second and takes every request that the second would.

    Sure where it says yes. A glob inside another one is only seen where both are the same, or one is `*`.
    """
    if _special(first) != _special(second):
        return False
    if not _special(first) and (first.scenario or _DEFAULT) != (second.scenario or _DEFAULT):
        return False
    return (
        _models_cover(first.models, second.models)
        and first.scenario in (None, _DEFAULT, second.scenario)
        and _least(first) <= _least(second)
        and EFFORTS.index(first.min_effort or HIGH) <= EFFORTS.index(second.min_effort or HIGH)
        and all(second.headers.get(name) == value for name, value in first.headers.items())
        and (not first.keys or (bool(second.keys) and set(second.keys) <= set(first.keys)))
        and first.agent in (None, second.agent)
    )


def _special(match: Match) -> bool:
    """Whether it says more than a scenario, and so comes before those that don't."""
    tokens = match.min_input_tokens is not None and match.scenario != _LONG
    return bool(match.models or match.headers or match.keys or match.agent or tokens)


def _least(match: Match) -> int:
    return match.min_input_tokens or (LONG if match.scenario == _LONG else 0)


def _models_cover(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """Exact names are looked up before anything else, so only the same names take them away."""
    exact = {model.lower() for model in second if not names.is_glob(model)}
    if not exact <= {model.lower() for model in first if not names.is_glob(model)}:
        return False
    globs = {model.lower() for model in second if names.is_glob(model)}
    return not first or "*" in first or (bool(second) and globs <= {model.lower() for model in first})
