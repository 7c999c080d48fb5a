"""How tests of the command line run it."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ccproxy.cli import main
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine
from ccproxy.store.vault import Vault
from tests.cli.fake_proxy import FakeProxy

Run = Callable[..., Result]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database of the test's own, not made yet."""
    return f"sqlite:///{tmp_path}/data/ccproxy.db"


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `ccproxy …` with nothing in the environment but the database and what is given."""
    for name in list(os.environ):
        if name.startswith(("CCPROXY_", "ANTHROPIC_", "CLAUDE_", "XDG_")) or name.endswith(("_API_KEY", "_TOKEN")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))

    def run(*arguments: str, given: str | None = None, **environ: str) -> Result:
        return CliRunner().invoke(main, arguments, env={"CCPROXY_DATABASE_URL": url, **environ}, input=given)

    return run


def add(url: str, vault: Vault, name: str = "a") -> None:
    """A provider in the database itself."""
    fields = {"type": "openai-chat", "api_base_url": "http://x", "api_key": f"sk-{name}"}
    Providers(open_engine(url), vault).save({"name": name, **fields})


@pytest.fixture
def proxy() -> Iterator[FakeProxy]:
    """A proxy that answers from a table."""
    with FakeProxy() as running:
        yield running


@pytest.fixture
def ask(run: Run, proxy: FakeProxy) -> Run:
    """`run` with the address of the fake proxy."""

    def ask(*arguments: str, **more: str) -> Result:
        return run(*arguments, **{"CCPROXY_URL": proxy.url, **more})

    return ask


@pytest.fixture
def without_garbage() -> Iterator[None]:
    """For what uses up the stack: garbage of other tests, cleared away down there, would complain of it on stderr."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
