"""The blueprints on a Flask application of their own, over a real store in a file of the test."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient

from ccproxy.gateway import health as standings
from ccproxy.gateway.access import Gate
from ccproxy.gateway.lifecycle import Lifecycle
from ccproxy.gateway.pricing import Pricing
from ccproxy.gateway.sessions import Sessions
from ccproxy.metrics.counting import Metrics
from ccproxy.store.audit import Audit
from ccproxy.store.client_keys import ClientKeys
from ccproxy.store.cooldowns import Cooldowns
from ccproxy.store.migrations import migrate
from ccproxy.store.prices import Prices
from ccproxy.store.providers import Providers
from ccproxy.store.reader import Reader
from ccproxy.store.refusals import Refusals
from ccproxy.store.retention import Retention
from ccproxy.store.routes import Routes
from ccproxy.store.session import open_engine
from ccproxy.store.statistics import Statistics
from ccproxy.store.vault import Vault
from ccproxy.web import audit, errors, keys, logs, prices, providers, routes, service, usage
from ccproxy.web.console import pages, session
from ccproxy.web.health import Readings
from ccproxy.web.key_schemas import audited_key
from ccproxy.web.route_schemas import show_route
from ccproxy.web.schemas import audited_provider
from ccproxy.web.services import EXTENSION, Services

KEY = "sk-ccproxy-0123456789abcdef"
PRIVATE = tuple(ip_network(n) for n in ("127.0.0.0/8", "::1/128", "10.0.0.0/8"))
DNS: Mapping[str, Sequence[str]] = {"metadata.example": ["169.254.169.254"], "api.groq.com": ["104.18.1.1"]}


@dataclass
class Health:
    """Statistics as a test wants them."""

    log: dict[str, dict[str, Any]] = field(default_factory=dict)
    ok: bool = True

    def database_ok(self) -> bool:
        return self.ok

    def provider_health(self) -> dict[str, dict[str, Any]]:
        assert self.ok, "asked a database that cannot be read"
        return self.log

    def database_bytes(self) -> int | None:
        return 4096 if self.ok else None

    def performance(self) -> dict[str, dict[str, Any]]:
        assert self.ok, "asked a database that cannot be read"
        return {
            "requests": {"total": 3, "success": 2, "failed": 1},
            "latency": {"avg_ms": 1.5, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 2.0},
        }


@dataclass
class Site:
    """An application, a client of it, and what stands behind."""

    app: Flask
    services: Services
    client: FlaskClient

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, **options)

    def add(self, **fields: Any) -> Any:
        return self.client.post("/providers", json=fields)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, made once and copied."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    migrate(open_engine(f"sqlite:///{path}"))
    return path


@pytest.fixture(autouse=True)
def dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is looked up outside: a table answers."""

    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: Any, **options: Any) -> list[Any]:
        if host in ("localhost", "127.0.0.1", "::1"):
            return list(real(host, port, *rest, **options))
        if host not in DNS:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in DNS[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def make_site(empty_database: Path, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes sites: `apikey`, `statistics`, `prepare` (a function of the application)."""
    opened: list[Providers | Routes | ClientKeys | Prices] = []

    def make(
        apikey: str | None = None,
        statistics: Any = None,
        prepare: Callable[[Flask], object] | None = None,
        address: str = "127.0.0.1",
    ) -> Site:
        path = tmp_path / "ccproxy.db"
        if not path.exists():
            shutil.copy(empty_database, path)
        engine = open_engine(f"sqlite:///{path}")
        store = Providers(engine, Vault((Fernet.generate_key().decode(),)), show=audited_provider)
        routing = Routes(engine, show=show_route)
        keyring = ClientKeys(engine, show=audited_key)
        sessions = Sessions(lambda: (b"a secret of the tests",))
        said = Prices(engine)
        questions = Reader(engine)
        opened.extend((store, routing, keyring, said))
        doorbell = Refusals(engine)
        settings: Any = SimpleNamespace(host="127.0.0.1", port=3456, log_days=30)
        absent: Any = None
        parts = Services(
            settings=settings,
            providers=store,
            routes=routing,
            client_keys=keyring,
            prices=said,
            logbook=absent,
            statistics=statistics or Statistics(engine),
            readings=Readings(),
            gate=Gate(apikey, PRIVATE, keys=keyring.snapshot, session=sessions.brought, refused=doorbell.note),
            counters=absent,
            limits=absent,
            pricing=Pricing(lambda: store.held),
            health=standings.Health(Cooldowns(engine)),
            router=absent,
            exchange=absent,
            counter=absent,
            passthrough=absent,
            lifecycle=Lifecycle(),
            catalog=absent,
            trial=absent,
            sessions=sessions,
            metrics=Metrics(lambda: store.held),
            traces=None,
            record=absent,
            reader=questions,
            retention=Retention(engine, 30, 3, 4096 * 1024 * 1024),
            captures=absent,
            started_at=datetime.now(UTC) - timedelta(hours=2, minutes=15, seconds=30),
            audit=Audit(engine),
            refusals=doorbell,
            occupancy=absent,
        )
        app = Flask("site", static_folder=None)
        app.extensions[EXTENSION] = parts
        app.register_blueprint(service.blueprint)
        app.register_blueprint(providers.blueprint)
        app.register_blueprint(routes.blueprint)
        app.register_blueprint(keys.blueprint)
        app.register_blueprint(prices.blueprint)
        app.register_blueprint(pages.blueprint)
        app.register_blueprint(session.blueprint)
        app.register_blueprint(audit.blueprint)
        app.register_blueprint(usage.blueprint)
        app.register_blueprint(logs.blueprint)
        errors.register(app)
        if prepare is not None:
            prepare(app)
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        return Site(app, parts, client)

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A site without a key, asked from this machine."""
    return make_site()


@pytest.fixture
def locked_site(make_site: Callable[..., Site]) -> Site:
    """A site with a key; the client does not send it by itself."""
    return make_site(apikey=KEY)
