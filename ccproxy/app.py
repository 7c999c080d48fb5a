"""The only place where the parts are put together."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from flask import Flask

from ccproxy import logs
from ccproxy.gateway.access import Gate
from ccproxy.gateway.catalog import Catalog
from ccproxy.gateway.exchange import Exchange
from ccproxy.gateway.lifecycle import Lifecycle
from ccproxy.gateway.routing import ADVICE, Router
from ccproxy.gateway.upstream import Upstream
from ccproxy.settings import Settings
from ccproxy.store.logbook import Logbook
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine
from ccproxy.store.statistics import Statistics
from ccproxy.store.vault import Vault, load_keys
from ccproxy.web import errors, messages, models, providers, service
from ccproxy.web.services import EXTENSION, Services


def create_app(settings: Settings) -> Flask:
    """The WSGI application.

    Raises SettingsError where the database's keys cannot be read with the settings' secret keys. Leaves no connection
    open and starts no greenlet, so that a server may fork after it; each worker calls `start` then.
    """
    logs.configure(settings.log_level, settings.log_format)
    app = Flask(__name__, static_folder=None)
    app.extensions[EXTENSION] = parts = _services(settings)
    parts.providers.add_missing(settings.providers)
    if not parts.providers.snapshot().enabled:
        structlog.get_logger().warning(
            ADVICE.replace("HOST", settings.host).replace("PORT", str(settings.port)), type="start"
        )
    parts.providers.close()
    for blueprint in (service, messages, models, providers):
        app.register_blueprint(blueprint.blueprint)
    errors.register(app)
    return app


def _services(settings: Settings) -> Services:
    engine = open_engine(settings.database_url)
    vault = Vault(load_keys(settings.secret_keys, settings.database_url))
    upstream = Upstream(connect=settings.connect_timeout, idle=settings.idle_timeout)
    return Services(
        settings=settings,
        providers=Providers(engine, vault),
        logbook=Logbook(engine),
        statistics=Statistics(engine),
        gate=Gate(settings.apikey, settings.allowed_ips, settings.trusted_proxies),
        router=Router(vault.seal_keys, settings.routes),
        exchange=Exchange(upstream, total=settings.request_timeout),
        lifecycle=Lifecycle(),
        catalog=Catalog(upstream.get),
        started_at=datetime.now(UTC),
    )
