"""What would not work of what is set up: pure, from a snapshot of the database to findings.

A finding is an error where requests that mean to go there fail, a warning where something has no effect or may fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from ccproxy import presets
from ccproxy.errors import CCProxyError
from ccproxy.gateway.connecting import connect
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Match, Route, RouteTarget

Level = Literal["error", "warning"]

_GLOB = re.compile(r"[*?\[]")


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
    """Routes that lead nowhere or are never reached, each target that will not be asked."""
    reached: list[Route] = []
    for route in sorted(snapshot.routes, key=lambda route: (-route.priority, route.created_at)):
        if not route.enabled:
            continue
        where = f"route {route.name}"
        usable = 0
        for target in route.targets:
            finding = _of_target(target, snapshot, where)
            usable += finding is None or finding.what.startswith(_LISTED)
            if finding is not None:
                yield finding
        if not usable:
            yield Finding("error", where, "none of its targets can be asked, so it is passed over")
            continue
        over = next((earlier for earlier in reached if covers(earlier.match, route.match)), None)
        if over is not None:
            yield Finding("warning", where, f"is never reached: {over.name} comes first and takes all that it would")
        reached.append(route)


_LISTED = "is not among"


def _of_target(target: RouteTarget, snapshot: Snapshot, where: str) -> Finding | None:
    provider = snapshot.get(target.provider)
    there = f"{where}: {target.provider}/{target.model}"
    if provider is None:
        return Finding("error", there, f"there is no provider {target.provider!r}")
    if not provider.enabled:
        return Finding("warning", there, f"provider {provider.name} is not enabled, so this target is left out")
    if provider.models and target.model not in provider.models:
        return Finding("warning", there, f"{_LISTED} the models of provider {provider.name}")
    return None


def covers(first: Match, second: Match) -> bool:
    """Whether every request that fits the second fits the first, and is not taken elsewhere before it.

    Sure where it says yes; a glob inside another glob is only seen where both are the same, or one is `*`.
    """
    if _place(first) != _place(second):
        return False
    return (
        _models_cover(first.models, second.models)
        and first.scenario in (None, second.scenario)
        and (first.min_input_tokens or 0) <= (second.min_input_tokens or 0)
        and first.min_effort in (None, second.min_effort)
        and _contained(first.headers, second.headers)
        and (not first.keys or (bool(second.keys) and set(second.keys) <= set(first.keys)))
        and first.agent in (None, second.agent)
    )


def _place(match: Match) -> str:
    """Where routing looks at it: exact names, then other conditions, then the scenarios one by one."""
    if any(not _GLOB.search(model) for model in match.models):
        return "exact"
    if match.models or match.headers or match.keys or match.agent or (match.min_input_tokens and not match.scenario):
        return "conditions"
    return match.scenario or "default"


def _models_cover(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    if not first:
        return True
    return bool(second) and all(
        model in first or "*" in first or (not _GLOB.search(model) and any(fnmatchcase(model, glob) for glob in first))
        for model in second
    )


def _contained(few: Mapping[str, str], many: Mapping[str, str]) -> bool:
    return all(many.get(name) == value for name, value in few.items())
