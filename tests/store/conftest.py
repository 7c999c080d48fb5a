"""A migrated SQLite file of one's own for each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ccproxy.store.migrations import migrate
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine
from ccproxy.store.vault import Vault, new_key


class Said:
    """A Report that remembers."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def __call__(self, event: str, /, **fields: object) -> None:
        self.events.append((event, fields))

    @property
    def texts(self) -> list[str]:
        return [event for event, _ in self.events]


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/ccproxy.db"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, made once and copied."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    migrate(open_engine(f"sqlite:///{path}"))
    return path


@pytest.fixture
def engine(url: str, tmp_path: Path, empty_database: Path) -> Engine:
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copy(empty_database, tmp_path / "data" / "ccproxy.db")
    return open_engine(url)


@pytest.fixture
def vault() -> Vault:
    return Vault([new_key()])


@pytest.fixture
def another(engine: Engine, url: str, vault: Vault, said: Said) -> Callable[[], Providers]:
    """Makes Providers as another worker has them: an engine and connections of its own on the same file."""
    del engine  # it has made the tables
    return lambda: Providers(open_engine(url), vault, said)


@pytest.fixture
def providers(engine: Engine, vault: Vault, said: Said) -> Providers:
    return Providers(engine, vault, said)
