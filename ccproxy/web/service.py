"""`/`, `/health`, `/status` and `/api/hello`: what ccproxy says of itself, with a key or without."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from ccproxy import __version__
from ccproxy.errors import Unavailable
from ccproxy.gateway.access import ADMIN
from ccproxy.store import storage
from ccproxy.store.providers import Provider
from ccproxy.web import health
from ccproxy.web.process import memory_mb
from ccproxy.web.reading import read
from ccproxy.web.replies import as_json
from ccproxy.web.schemas import moment
from ccproxy.web.services import Services, services

LINKS = {
    "messages": "/v1/messages",
    "count_tokens": "/v1/messages/count_tokens",
    "explain": "/v1/messages/explain",
    "models": "/v1/models",
    "providers": "/providers",
    "routes": "/routes",
    "presets": "/presets",
    "keys": "/keys",
    "prices": "/prices",
    "usage": "/usage",
    "logs": "/logs",
    "audit": "/audit",
    "console": "/console",
    "health": "/health",
    "metrics": "/metrics",
    "status": "/status",
}

INDEX = {"message": "CCProxy", "version": __version__, "docs": LINKS}

NO_PERFORMANCE: Mapping[str, Any] = {
    "requests": {"total": None, "success": None, "failed": None},
    "latency": {"avg_ms": None, "p50_ms": None, "p95_ms": None, "p99_ms": None},
}

blueprint = Blueprint("service", __name__)


@blueprint.get("/")
def index() -> Response:
    """Who answers here, and where to go on; somebody at a browser goes on to the console."""
    page = request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"
    response = Response(status=302, headers={"Location": "/console"}) if page else as_json(INDEX)
    response.headers["Vary"] = "Accept"
    return response


@blueprint.get("/api/hello")
def hello() -> Response:
    """Clients probe this when they start."""
    return Response(b"", mimetype="text/plain")


@blueprint.get("/health")
def show_health() -> Response:
    """One word for everybody, details for callers; 503 where no request should be sent here."""
    parts = services()
    caller = parts.gate.identify(request.environ)
    if caller is not None and caller.role != ADMIN:
        caller = None  # members hear what everybody hears
    reading = parts.readings.take(parts.statistics, health.MAX_AGE if caller is None else 0)
    providers = _providers(parts)
    now = datetime.now(UTC)
    seen = health.details(providers, reading.log, now, partial(health.standing_of, parts.health))
    word = health.status(parts.lifecycle.draining, reading.database_ok, providers, seen)
    body: dict[str, Any] = {"status": word, "timestamp": moment(now)}
    if caller is not None:
        body |= _details(parts, seen, parts.statistics.performance() if reading.database_ok else NO_PERFORMANCE)
        body["storage"] = _storage(parts) if reading.database_ok else None
    return as_json(body, 503 if word in (health.DRAINING, health.UNHEALTHY) else 200)


def _details(parts: Services, seen: Mapping[str, Any], performance: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "uptime": round(parts.uptime, 3),
        "version": __version__,
        "config": {
            "host": parts.settings.host,
            "port": parts.settings.port,
            "providers": len(seen),
            "api_key_configured": parts.gate.key_configured,
        },
        "providers": {
            "healthy": sum(1 for detail in seen.values() if detail["enabled"] and detail["healthy"]),
            "total": len(seen),
            "details": dict(seen),
        },
        "performance": {"memory_mb": memory_mb(), **performance},
    }


def _storage(parts: Services) -> dict[str, Any]:
    found = read(parts, storage.measure)
    oldest = found["oldest"]
    return {**found, "oldest": moment(oldest) if oldest else None, "most_bytes": parts.retention.most_bytes}


@blueprint.get("/status")
def show_status() -> Response:
    """What runs here, since when, and which build."""
    parts = services()
    parts.gate.require_admin(request.environ)
    providers = _providers(parts)
    return as_json(
        {
            "service": "CCProxy",
            "version": __version__,
            "status": "running",
            "uptime": in_words(parts.uptime),
            "pid": os.getpid(),
            "host": parts.settings.host,
            "port": parts.settings.port,
            "api_key_configured": parts.gate.key_configured,
            "providers": {
                "count": len(providers),
                "active": [provider.name for provider in providers if provider.enabled],
            },
            # Set when an image is built; a checkout has neither
            "build": {
                "version": __version__,
                "commit": os.environ.get("CCPROXY_BUILD_COMMIT") or None,
                "date": os.environ.get("CCPROXY_BUILD_DATE") or None,
            },
        }
    )


def in_words(seconds: float) -> str:
    """`2h 15m 30s`; larger units only where there are any."""
    whole = max(0, int(seconds))
    units = (("d", whole // 86400), ("h", whole // 3600 % 24), ("m", whole // 60 % 60), ("s", whole % 60))
    first = next((place for place, (_, count) in enumerate(units) if count), len(units) - 1)
    return " ".join(f"{count}{unit}" for unit, count in units[first:])


def _providers(parts: Services) -> tuple[Provider, ...]:
    try:
        snapshot = parts.providers.snapshot()
        parts.health.take_in(snapshot)
        return snapshot.providers
    except Unavailable:
        return ()
