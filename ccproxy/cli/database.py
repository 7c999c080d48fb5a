"""`ccproxy migrate`: the database's schema. And the database for commands that only work on one that is there."""

from __future__ import annotations

import os

import click
from sqlalchemy import Engine

from ccproxy.cli.home import pinned
from ccproxy.errors import SettingsError
from ccproxy.settings import load
from ccproxy.store.migrations import migrate, require_current
from ccproxy.store.session import open_engine, sqlite_path


def open_current(url: str) -> Engine:
    """The database, which must be there and up to date: opening SQLite's would make it. Raises SettingsError."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise SettingsError(f"CCPROXY_DATABASE_URL: there is no {path} yet: run `ccproxy migrate`")
    engine = open_engine(url)
    require_current(engine)
    return engine


@click.command(name="migrate")
def migrate_command() -> None:
    """Make the database, or bring it up to date. `serve` does it too; it may run at any time."""
    settings = load(pinned(os.environ))
    schema = migrate(open_engine(settings.database_url))
    click.echo(f"database is at schema {schema}")
