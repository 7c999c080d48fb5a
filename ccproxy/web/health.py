"""How things stand, worked out from how providers answered last and from who rests: one word for everybody, the rest
for callers.

Only judges, and remembers for a moment what the database said; `service` answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ccproxy.gateway.health import Health
from ccproxy.gateway.health.report import OK, RESTING
from ccproxy.store.providers import Provider
from ccproxy.store.statistics import Statistics
from ccproxy.web.schemas import hint, moment

HEALTHY = "healthy"
DEGRADED = "degraded"
DRAINING = "draining"
UNHEALTHY = "unhealthy"

# A provider refusing its key or its account goes on doing so until somebody changes something; what else fails on its
# side passes, and nobody may have called since.
LASTING = frozenset((401, 402, 403))
PASSING = timedelta(minutes=10)

MAX_AGE = 1.0
"""Seconds that a reading serves strangers: one costs milliseconds, and they may ask as often as they like."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the database said: whether it can be read, and `Statistics.provider_health()` (empty if not)."""

    database_ok: bool
    log: Mapping[str, Mapping[str, Any]]


class Readings:
    """The latest reading of one worker. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[float, Reading] | None = None

    def take(self, statistics: Statistics, max_age: float) -> Reading:
        """A reading that is at most `max_age` seconds old."""
        now = self._clock()
        if self._last is not None and now - self._last[0] < max_age:
            return self._last[1]
        database_ok = statistics.database_ok()
        reading = Reading(database_ok, statistics.provider_health() if database_ok else {})
        self._last = (now, reading)
        return reading


def status(draining: bool, database_ok: bool, providers: Sequence[Provider], seen: Mapping[str, Any]) -> str:
    """The one word. `providers` as in `details`, whose result is `seen`.

    With no provider set up yet nothing is wrong; with one enabled provider failing, something is.
    """
    if draining:
        return DRAINING
    if not database_ok:
        return UNHEALTHY
    failing = any(not seen[provider.name]["healthy"] for provider in providers if provider.enabled)
    return DEGRADED if failing or any(provider.error for provider in providers) else HEALTHY


def details(
    providers: Sequence[Provider],
    log: Mapping[str, Mapping[str, Any]],
    now: datetime,
    standing: Callable[[Provider], Mapping[str, Any]],
) -> dict[str, Any]:
    """For each provider: enabled, healthy, state, resting, last_error, last_success.

    `log` is `Statistics.provider_health()`, `standing` is `standing_of` with the health of the gateway.
    """
    return {
        provider.name: _detail(provider, log.get(provider.name, {}), now, standing(provider)) for provider in providers
    }


def standing_of(health: Health, provider: Provider) -> dict[str, Any]:
    """What traffic has shown of a provider, as JSON has it: keys by their hints, moments as text."""
    report = health.report(provider)
    return {
        **_told(report),
        "targets": {model: _told(target) for model, target in report["targets"].items()},
        "keys": [{"hint": hint(key), **_told(said)} for key, said in zip(provider.keys, report["keys"], strict=True)],
    }


def _told(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "state": said["state"],
        "until": moment(said["until"]) if said["until"] else None,
        "reason": said["reason"],
        "status": said["status"],
    }


def _detail(provider: Provider, log: Mapping[str, Any], now: datetime, standing: Mapping[str, Any]) -> dict[str, Any]:
    success: datetime | None = log.get("last_success")
    error: Mapping[str, Any] | None = log.get("last_error")
    shown = {"time": moment(error["time"]), "type": error["type"], "status": error["status"]} if error else None
    if provider.error:
        shown = {"time": None, "type": "configuration", "status": None, "message": provider.error}
    return {
        "enabled": provider.enabled,
        "healthy": provider.error is None
        and standing["state"] != RESTING
        and not _failing(provider, success, error, now),
        "state": standing["state"],
        "resting": {
            "until": standing["until"],
            "reason": standing["reason"],
            "targets": standing["targets"],
            "keys": [key for key in standing["keys"] if key["state"] != OK],
        },
        "last_error": shown,
        "last_success": moment(success) if success else None,
    }


def _failing(provider: Provider, success: datetime | None, error: Mapping[str, Any] | None, now: datetime) -> bool:
    """Whether the last that was heard of the provider is a failure of its own, not of a request."""
    if error is None or (success is not None and success >= error["time"]):
        return False
    if error["asked"] < provider.updated_at:
        return False  # it was asked as it had been before, with another key maybe
    if error["status"] in LASTING:
        return True
    return bool(error["status"] >= 500 and now - error["time"] < PASSING)
