"""How things stand, worked out from what the request log says: one word for everybody, the rest for callers.

Only judges; `service` asks the database and answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ccproxy.store.providers import Provider
from ccproxy.web.schemas import moment

HEALTHY = "healthy"
DEGRADED = "degraded"
DRAINING = "draining"
UNHEALTHY = "unhealthy"

# A provider refusing its key or its account goes on doing so until somebody changes something; what else fails on its
# side passes, and nobody may have called since.
LASTING = frozenset((401, 402, 403))
PASSING = timedelta(minutes=10)


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


def details(providers: Sequence[Provider], log: Mapping[str, Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """For each provider: enabled, healthy, last_error, last_success. `log` is `Statistics.provider_health()`."""
    return {provider.name: _detail(provider, log.get(provider.name, {}), now) for provider in providers}


def _detail(provider: Provider, log: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    success: datetime | None = log.get("last_success")
    error: Mapping[str, Any] | None = log.get("last_error")
    shown = {**error, "time": moment(error["time"])} if error else None
    if provider.error:
        shown = {"time": None, "type": "configuration", "status": None, "message": provider.error}
    return {
        "enabled": provider.enabled,
        "healthy": provider.error is None and not _failing(provider, success, error, now),
        "last_error": shown,
        "last_success": moment(success) if success else None,
    }


def _failing(provider: Provider, success: datetime | None, error: Mapping[str, Any] | None, now: datetime) -> bool:
    """Whether the last that was heard of the provider is a failure of its own, not of a request."""
    if error is None or error["time"] < provider.updated_at or (success is not None and success >= error["time"]):
        return False
    if error["status"] in LASTING:
        return True
    return bool(error["status"] >= 500 and now - error["time"] < PASSING)
