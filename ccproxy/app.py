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
from ccproxy.store.cooldowns import Cooldowns
from ccproxy.store.logbook import Logbook
from ccproxy.store.migrations import require_current
from ccproxy.store.providers import Providers
from ccproxy.store.reader import Reader
from ccproxy.store.retention import Retention
from ccproxy.store.rotation import require_readable
from ccproxy.store.routes import Routes
from ccproxy.store.session import open_engine
from ccproxy.store.statistics import Statistics
from ccproxy.store.vault import Vault, open_vault
from ccproxy.web import errors, explain, messages, models, passthrough, providers, routes, service, usage
from ccproxy.web import logs as log_pages
from ccproxy.web.health import Readings
from ccproxy.web.offers import offered_providers, offered_routes
from ccproxy.web.services import EXTENSION, Services


def create_app(settings: Settings) -> Flask:
    """The WSGI application.

    Raises SettingsError where the database is not migrated, its keys cannot be read with the secret keys at hand, or
    an offered provider or route is not one; Unavailable where another process holds the database. Leaves no connection
    open and starts no greenlet, so that a server may fork after it.
    """
    logs.configure(settings.log_level, settings.log_format)
    engine = open_engine(settings.database_url)
    require_current(engine)
    vault = open_vault(settings.secret_keys, settings.database_url)
    require_readable(engine, vault)
    app = Flask(__name__, static_folder=None)
    app.extensions[EXTENSION] = parts = _services(settings, engine, vault)
    parts.providers.add_missing(offered_providers(settings))
    parts.routes.add_missing(offered_routes(settings))
    if not parts.providers.snapshot().enabled:
        structlog.get_logger().warning(_advice(settings), type="start")
    parts.providers.close()
    parts.routes.close()
    engine.dispose()
    for module in (service, messages, explain, passthrough, models, providers, routes, usage, log_pages):
        app.register_blueprint(module.blueprint)
    errors.register(app)
    return app


def _services(settings: Settings, engine: Engine, vault: Vault) -> Services:
    upstream = Upstream(connect=settings.connect_timeout, idle=settings.idle_timeout)
    credentials = Credentials(upstream)
    affinity = Affinity()
    health = Health(Cooldowns(engine), affinity)
    choice = Choice(health, affinity, random)
    caller = Caller(upstream, credentials)
    return Services(
        settings=settings,
        providers=Providers(engine, vault),
        routes=Routes(engine),
        logbook=Logbook(engine),
        statistics=Statistics(engine),
        readings=Readings(),
        gate=Gate(settings.apikey, settings.allowed_ips, settings.trusted_proxies),
        health=health,
        router=Router(lambda: vault.seal_keys, _advice(settings), Keepsakes()),
        exchange=Exchange(caller, health, choice, total=settings.request_timeout),
        counter=Counter(upstream, credentials, health),
        passthrough=Passthrough(upstream, credentials, health, total=settings.request_timeout),
        lifecycle=Lifecycle(),
        catalog=Catalog(upstream.get, credentials.headers, health),
        trial=Trial(caller, Catalog(upstream.get, credentials.headers, timeout=LISTING), health),
        reader=Reader(engine),
        retention=Retention(engine, settings.log_days, settings.capture_days, settings.log_max_bytes),
        started_at=datetime.now(UTC),
    )


def _advice(settings: Settings) -> str:
    return advice(settings.host, settings.port, settings.apikey is not None)
