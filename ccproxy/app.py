"""The only place where the parts are put together."""

from __future__ import annotations

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
from ccproxy.gateway.exchange import Exchange
from ccproxy.gateway.health import Health
from ccproxy.gateway.keepsakes import Keepsakes
from ccproxy.gateway.lifecycle import Lifecycle
from ccproxy.gateway.passthrough import Passthrough
from ccproxy.gateway.routing import Router, advice
from ccproxy.gateway.trial import LISTING, Trial
from ccproxy.gateway.upstream import Upstream
from ccproxy.settings import Settings
from ccproxy.store.audit import Audit
from ccproxy.store.cooldowns import Cooldowns
from ccproxy.store.logbook import Logbook
from ccproxy.store.migrations import require_current
from ccproxy.store.occupancy import Occupancy
from ccproxy.store.providers import Providers
from ccproxy.store.refusals import Refusals
from ccproxy.store.rotation import require_readable
from ccproxy.store.routes import Routes
from ccproxy.store.session import open_engine
from ccproxy.store.statistics import Statistics
from ccproxy.store.vault import Vault, open_vault
from ccproxy.web import audit, errors, explain, messages, models, passthrough, providers, routes, service
from ccproxy.web.health import Readings
from ccproxy.web.offers import offered_providers, offered_routes
from ccproxy.web.route_schemas import show_route
from ccproxy.web.schemas import audited_provider
from ccproxy.web.services import EXTENSION, Services


def create_app(settings: Settings) -> Flask:
    """The WSGI application.

    Raises SettingsError where the database is not migrated, its keys cannot be read with the secret keys at hand, or
    an offered provider or route is not one; Unavailable where another process holds the database. Leaves no connection
    open and starts no greenlet, so that a server may fork after it.
    """
    logs.configure(settings.log_level, settings.log_format)
    occupancy = Occupancy(settings.database_url)
    engine = open_engine(settings.database_url)
    require_current(engine)
    vault = open_vault(settings.secret_keys, settings.database_url)
    require_readable(engine, vault)
    app = Flask(__name__, static_folder=None)
    app.extensions[EXTENSION] = parts = _services(settings, engine, vault, occupancy)
    parts.providers.add_missing(offered_providers(settings))
    parts.routes.add_missing(offered_routes(settings))
    if not parts.providers.snapshot().enabled:
        structlog.get_logger().warning(_advice(settings), type="start")
    parts.providers.close()
    parts.routes.close()
    engine.dispose()
    for module in (service, messages, explain, passthrough, models, providers, routes, audit):
        app.register_blueprint(module.blueprint)
    errors.register(app)
    return app


def _services(settings: Settings, engine: Engine, vault: Vault, occupancy: Occupancy) -> Services:
    upstream = Upstream(connect=settings.connect_timeout, idle=settings.idle_timeout)
    credentials = Credentials(upstream)
    affinity = Affinity()
    health = Health(Cooldowns(engine), affinity)
    choice = Choice(health, affinity, random)
    caller = Caller(upstream, credentials)
    refusals = Refusals(engine)
    return Services(
        settings=settings,
        providers=Providers(engine, vault, show=audited_provider),
        routes=Routes(engine, show=show_route),
        logbook=Logbook(engine),
        statistics=Statistics(engine),
        readings=Readings(),
        gate=Gate(settings.apikey, settings.allowed_ips, settings.trusted_proxies, refused=refusals.note),
        health=health,
        router=Router(lambda: vault.seal_keys, _advice(settings), Keepsakes()),
        exchange=Exchange(caller, health, choice, total=settings.request_timeout),
        counter=Counter(upstream, credentials, health),
        passthrough=Passthrough(upstream, credentials, health, total=settings.request_timeout),
        lifecycle=Lifecycle(),
        catalog=Catalog(upstream.get, credentials.headers, health),
        trial=Trial(caller, Catalog(upstream.get, credentials.headers, timeout=LISTING), health),
        started_at=datetime.now(UTC),
        audit=Audit(engine),
        refusals=refusals,
        occupancy=occupancy,
    )


def _advice(settings: Settings) -> str:
    return advice(settings.host, settings.port, settings.apikey is not None)
