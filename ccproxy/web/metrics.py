"""`/metrics`: what all workers counted, for Prometheus, and what is true just now."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from ccproxy import __version__
from ccproxy.errors import Unavailable
from ccproxy.gateway.health.report import RESTING
from ccproxy.gateway.peers import is_within
from ccproxy.metrics.standing import Provider, Standing, StandingCollector
from ccproxy.store.storage import captured
from ccproxy.web import health
from ccproxy.web.process import memory_mb
from ccproxy.web.reading import read
from ccproxy.web.services import Services, services

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show() -> Response:
    """The metrics, for administrators and for the addresses in CCPROXY_METRICS_ALLOWED_IPS."""
    parts = services()
    _require_reader(parts)
    parts.metrics.publish(parts.busy)
    accept = request.environ.get("HTTP_ACCEPT", "")
    text, content_type = parts.metrics.exposition(accept, StandingCollector(_standing(parts)))
    return Response(text, content_type=content_type, headers={"Cache-Control": "no-store"})


def _require_reader(parts: Services) -> None:
    """Raises Forbidden, Unauthenticated."""
    allowed = parts.settings.metrics_allowed_ips
    if allowed and is_within(parts.gate.client_address(request.environ), allowed):
        return
    parts.gate.require_admin(request.environ)


def _standing(parts: Services) -> Standing:
    reading = parts.readings.take(parts.statistics, health.MAX_AGE)
    try:
        snapshot = parts.providers.snapshot()
        parts.health.take_in(snapshot)
        enabled = snapshot.enabled
    except Unavailable:
        enabled = ()
    seen = health.details(enabled, reading.log, datetime.now(UTC), partial(health.standing_of, parts.health))
    return Standing(
        version=__version__,
        commit=os.environ.get("CCPROXY_BUILD_COMMIT") or "",
        started=parts.started_at.timestamp(),
        memory_bytes=memory_mb() * 2**20,
        database_ok=reading.database_ok,
        database_bytes=parts.statistics.database_bytes(),
        providers={name: _provider(detail) for name, detail in seen.items()},
        capture_bytes=_captured(parts) if reading.database_ok else None,
    )


def _captured(parts: Services) -> int | None:
    """What captured bodies take; None where the database does not say."""
    try:
        return read(parts, captured)["capture_bytes"]
    except Unavailable:
        return None


def _provider(detail: Mapping[str, Any]) -> Provider:
    parts = detail["resting"]
    return Provider(
        healthy=detail["healthy"],
        resting=detail["state"] == RESTING,
        models=sum(1 for model in parts["targets"].values() if model["state"] == RESTING),
        keys=sum(1 for key in parts["keys"] if key["state"] == RESTING),
    )
