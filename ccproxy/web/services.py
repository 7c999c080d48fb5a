"""Everything that a view may use, in one value that hangs off the application; nothing else is global."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from flask import current_app

from ccproxy.metrics.standing import Busy

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccproxy.gateway.access import Gate
    from ccproxy.gateway.catalog import Catalog
    from ccproxy.gateway.counting import Counter
    from ccproxy.gateway.exchange import Exchange
    from ccproxy.gateway.health import Health
    from ccproxy.gateway.lifecycle import Lifecycle
    from ccproxy.gateway.limits import Limits
    from ccproxy.gateway.limits.shared_memory import SharedCounters
    from ccproxy.gateway.passthrough import Passthrough
    from ccproxy.gateway.pricing import Pricing
    from ccproxy.gateway.routing import Router
    from ccproxy.gateway.sessions import Sessions
    from ccproxy.gateway.trial import Trial
    from ccproxy.metrics.counting import Metrics
    from ccproxy.settings import Settings
    from ccproxy.store.audit import Audit
    from ccproxy.store.captures import Captures
    from ccproxy.store.client_keys import ClientKeys
    from ccproxy.store.logbook import Logbook, RequestRow
    from ccproxy.store.occupancy import Occupancy
    from ccproxy.store.prices import Prices
    from ccproxy.store.providers import Providers
    from ccproxy.store.reader import Reader
    from ccproxy.store.refusals import Refusals
    from ccproxy.store.retention import Retention
    from ccproxy.store.routes import Routes
    from ccproxy.store.statistics import Statistics
    from ccproxy.traces import Traces
    from ccproxy.web.health import Readings

EXTENSION = "ccproxy"


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the application, put together by `ccproxy.app` and found under `app.extensions["ccproxy"]`.

    `record` takes the row of each finished request, once. `traces` is None where none are wanted. `started_at` is an
    aware UTC time.
    """

    settings: Settings
    providers: Providers
    routes: Routes
    client_keys: ClientKeys
    prices: Prices
    logbook: Logbook
    statistics: Statistics
    readings: Readings
    gate: Gate
    counters: SharedCounters
    limits: Limits
    pricing: Pricing
    health: Health
    router: Router
    exchange: Exchange
    counter: Counter
    passthrough: Passthrough
    lifecycle: Lifecycle
    catalog: Catalog
    trial: Trial
    sessions: Sessions
    metrics: Metrics
    traces: Traces | None
    record: Callable[[RequestRow], None]
    reader: Reader
    retention: Retention
    captures: Captures
    started_at: datetime
    audit: Audit
    refusals: Refusals
    occupancy: Occupancy

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return (datetime.now(UTC) - self.started_at).total_seconds()

    @property
    def busy(self) -> Busy:
        """What this worker is busy with now."""
        return Busy(
            in_flight=self.lifecycle.live,
            rows=self.logbook.queued,
            rows_dropped=self.logbook.dropped,
            captures=self.captures.queued,
            capture_bytes=self.captures.queued_bytes,
            captures_dropped=self.captures.dropped,
        )


def services() -> Services:
    """The services of the application that serves the current request."""
    return cast("Services", current_app.extensions[EXTENSION])
