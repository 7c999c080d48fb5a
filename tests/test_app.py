"""What `create_app` puts together, and what stops it."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from ccproxy.app import create_app
from ccproxy.errors import SettingsError
from ccproxy.settings import Settings, load
from ccproxy.store.migrations import migrate
from ccproxy.store.session import open_engine
from ccproxy.web.services import EXTENSION, Services

ENDPOINTS = [
    ("/", {"GET", "HEAD"}),
    ("/api/hello", {"GET", "HEAD"}),
    ("/health", {"GET"}),
    ("/status", {"GET"}),
    ("/metrics", {"GET"}),
    ("/providers", {"GET", "POST"}),
    ("/providers/groq", {"GET", "PUT", "DELETE"}),
    ("/providers/groq/toggle", {"PATCH"}),
    ("/v1/messages", {"POST"}),
    ("/v1/messages/count_tokens", {"POST"}),
    ("/v1/models", {"GET"}),
    ("/v1/models/groq/openai/gpt-oss-20b", {"GET"}),
]


@pytest.fixture(autouse=True)
def _logs_stay_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Settings for an empty, migrated database."""
    url = f"sqlite:///{tmp_path / 'ccproxy.db'}"
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    return {"CCPROXY_DATABASE_URL": url}


@pytest.mark.parametrize(("path", "methods"), ENDPOINTS)
def test_every_endpoint_is_there(environ: dict[str, str], path: str, methods: set[str]) -> None:
    paths = create_app(load(environ)).url_map.bind("localhost")
    assert set(paths.allowed_methods(path)) >= methods


def test_everything_hangs_off_one_value(environ: dict[str, str]) -> None:
    settings = load(environ)
    parts = create_app(settings).extensions[EXTENSION]
    assert isinstance(parts, Services)
    assert parts.settings is settings
    absent = [field.name for field in dataclasses.fields(parts) if getattr(parts, field.name) is None]
    assert absent == ["traces"], "nobody asked for them"


def test_two_applications_share_nothing(environ: dict[str, str]) -> None:
    first, second = (create_app(load(environ)).extensions[EXTENSION] for _ in range(2))
    own = [
        field.name for field in dataclasses.fields(Services) if field.name not in ("settings", "started_at", "traces")
    ]
    shared = [name for name in own if getattr(first, name) is getattr(second, name)]
    assert shared == []


def test_nothing_runs_before_the_fork(environ: dict[str, str]) -> None:
    before = threading.active_count()
    create_app(load(environ))
    assert threading.active_count() == before


def test_without_a_provider_it_says_how_to_add_one(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    create_app(load({**environ, "CCPROXY_PORT": "4567"}))
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["level"] == "warning"
    assert "curl -X POST http://127.0.0.1:4567/providers" in told["msg"]


def test_what_the_settings_offer_is_there_at_the_first_start(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    parts: Services = create_app(load({**environ, "GROQ_API_KEY": "a-key-for-this-test"})).extensions[EXTENSION]
    (provider,) = parts.providers.snapshot().providers
    assert (provider.name, provider.type, provider.api_key) == ("groq", "groq", "a-key-for-this-test")
    parts.providers.close()
    assert capsys.readouterr().out == ""


def test_an_offered_provider_that_is_none_stops_the_start(environ: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"providers": [{"name": "ok", "type": "groq"}, {"name": "box", "type": "no-such-type"}]}')
    with pytest.raises(SettingsError, match=r"config file .*config\.json: providers\.1\.type"):
        create_app(load({**environ, "CCPROXY_CONFIG": str(config)}))


def test_a_database_that_is_not_migrated_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="migrate"):
        create_app(Settings(database_url=f"sqlite:///{tmp_path / 'empty.db'}"))
