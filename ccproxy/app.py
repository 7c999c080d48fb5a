"""The only place where the parts are put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from random import random

import structlog
from flask import Flask
from sqlalchemy import Engine

from ccproxy import logs
from ccproxy.gateway.access import Gate
from ccproxy.gateway.affinity import Affinity
from ccproxy.gateway.call import Caller
from ccproxy.gateway.catalog import Catalog
from ccproxy.gateway.choice import Choice
from ccproxy.gateway.counting import Counter
from ccproxy.gateway.credentials import Credentials
from ccproxy.gateway.discretion import secrets_of
from ccproxy.gateway.exchange import Exchange
from ccproxy.gateway.health import Health
from ccproxy.gateway.keepsakes import Keepsakes
from ccproxy.gateway.lifecycle import Lifecycle
from ccproxy.gateway.limits import Counters, Limits
from ccproxy.gateway.limits.shared_memory import SharedCounters
from ccproxy.gateway.passthrough import Passthrough
from ccproxy.gateway.pricing import Pricing
from ccproxy.gateway.recording import without_keys
from ccproxy.gateway.routing import Router, advice
from ccproxy.gateway.sessions import Sessions
from ccproxy.gateway.trial import LISTING, Trial
from ccproxy.gateway.upstream import Upstream
from ccproxy.metrics.counting import Metrics
from ccproxy.settings import Settings
from ccproxy.store.audit import Audit
from ccproxy.store.captures import Captures
from ccproxy.store.client_keys import ClientKeys
from ccproxy.store.cooldowns import Cooldowns
from ccproxy.store.logbook import Logbook, RequestRow
from ccproxy.store.migrations import require_current
from ccproxy.store.occupancy import Occupancy
from ccproxy.store.prices import Prices
from ccproxy.store.providers import Providers
from ccproxy.store.reader import Reader
from ccproxy.store.refusals import Refusals
from ccproxy.store.retention import Retention
from ccproxy.store.rotation import require_readable
from ccproxy.store.routes import Routes
from ccproxy.store.session import open_engine
from ccproxy.store.spending import Spending
from ccproxy.store.statistics import Statistics
from ccproxy.store.vault import Vault, open_vault
from ccproxy.traces import Traces, open_traces
from ccproxy.web import (
    audit,
    captures,
    console,
    errors,
    explain,
    keys,
    messages,
    metrics,
    models,
    passthrough,
    presets,
    prices,
    providers,
    routes,
    service,
    usage,
)
from ccproxy.web import logs as log_pages
from ccproxy.web.health import Readings
from ccproxy.web.key_schemas import audited_key
from ccproxy.web.offers import offered_providers, offered_routes
from ccproxy.web.route_schemas import show_route
from ccproxy.web.schemas import audited_provider
from ccproxy.web.services import EXTENSION, Services


def create_app(settings: Settings, counters: SharedCounters | None = None) -> Flask:
    """The WSGI application. `counters` are those of the one whose place it takes: limits hold on across a reload.

    Raises SettingsError where the database is not migrated, its keys cannot be read with the secret keys at hand, or
    an offered provider or route is not one, or traces are wanted and cannot be made; Unavailable where another process
    holds the database. Leaves no connection open and starts no greenlet, so that a server may fork after it.
    """
    logs.configure(settings.log_level, settings.log_format)
    occupancy = Occupancy(settings.database_url)
    engine = open_engine(settings.database_url)
    require_current(engine)
    vault = open_vault(settings.secret_keys, settings.database_url)
    require_readable(engine, vault)
    app = Flask(__name__, static_folder=None)
    app.extensions[EXTENSION] = parts = _services(settings, engine, vault, counters or SharedCounters(), occupancy)
    parts.providers.add_missing(offered_providers(settings))
    parts.routes.add_missing(offered_routes(settings))
    if not parts.providers.snapshot().enabled:
        structlog.get_logger().warning(_advice(settings), type="start")
    parts.providers.close()
    parts.routes.close()
    engine.dispose()
    pages = (service, messages, explain, passthrough, models, metrics)
    for module in (
        *pages,
        providers,
        routes,
        keys,
        prices,
        usage,
        log_pages,
        captures,
        audit,
        presets,
        *console.MODULES,
    ):
        app.register_blueprint(module.blueprint)
    errors.register(app)
    return app


def _services(
    settings: Settings, engine: Engine, vault: Vault, counters: SharedCounters, occupancy: Occupancy
) -> Services:
    upstream = Upstream(connect=settings.connect_timeout, idle=settings.idle_timeout)
    credentials = Credentials(upstream)
    affinity = Affinity()
    health = Health(Cooldowns(engine), affinity)
    table = Providers(engine, vault, show=audited_provider)
    pricing = Pricing(lambda: table.held)
    choice = Choice(health, affinity, random, pricing.estimate)
    caller = Caller(upstream, credentials)
    logbook = Logbook(engine)
    counted = Metrics(lambda: table.held)
    client_keys = ClientKeys(engine, show=audited_key)

    def seal_keys() -> tuple[bytes, ...]:
        table.snapshot()  # takes in what another process has rotated
        return vault.seal_keys

    sessions = Sessions(seal_keys)
    reader = Reader(engine)
    refusals = Refusals(engine)

    def secrets() -> tuple[str, ...]:
        return (*secrets_of(table.snapshot().providers), *filter(None, (settings.apikey,)))

    return Services(
        settings=settings,
        providers=table,
        routes=Routes(engine, show=show_route),
        client_keys=client_keys,
        prices=Prices(engine),
        logbook=logbook,
        statistics=Statistics(engine),
        readings=Readings(),
        gate=Gate(
            settings.apikey,
            settings.allowed_ips,
            settings.trusted_proxies,
            client_keys.snapshot,
            sessions.brought,
            refused=refusals.note,
            used=lambda name: logbook.used(name, datetime.now(UTC)),
        ),
        counters=counters,
        limits=Limits(_counters(settings, counters), Spending(engine).since),
        pricing=pricing,
        health=health,
        router=Router(lambda: vault.seal_keys, _advice(settings), Keepsakes()),
        exchange=Exchange(caller, health, choice, total=settings.request_timeout),
        counter=Counter(upstream, credentials, health),
        passthrough=Passthrough(upstream, credentials, health, total=settings.request_timeout),
        lifecycle=Lifecycle(),
        catalog=Catalog(upstream.get, credentials.headers, health),
        trial=Trial(caller, Catalog(upstream.get, credentials.headers, timeout=LISTING), health),
        sessions=sessions,
        metrics=counted,
        traces=_traces(settings, table),
        record=_recorder(logbook.record, counted.observe),
        reader=reader,
        retention=Retention(engine, settings.log_days, settings.capture_days, settings.log_max_bytes),
        captures=Captures(engine, vault, without_keys, secrets, most_bytes=settings.log_max_bytes),
        started_at=datetime.now(UTC),
        audit=Audit(engine),
        refusals=refusals,
        occupancy=occupancy,
    )


def _recorder(*takers: Callable[[RequestRow], None]) -> Callable[[RequestRow], None]:
    """All that a finished request's row is handed to, in this order; none of them raises."""

    def record(row: RequestRow) -> None:
        for take in takers:
            take(row)

    return record


def _traces(settings: Settings, table: Providers) -> Traces | None:
    return None if settings.otlp_endpoint is None else open_traces(settings.otlp_endpoint, lambda: table.held)


def _counters(settings: Settings, shared: SharedCounters) -> Counters:
    """Where limits are counted: on this machine, unless there is a Redis for several."""
    if settings.redis_url is None:
        return shared
    from ccproxy.gateway.limits.redis import RedisCounters  # some MB for each worker, which most can do without

    return RedisCounters(str(settings.redis_url), shared)


def _advice(settings: Settings) -> str:
    return advice(settings.host, settings.port, settings.apikey is not None)
