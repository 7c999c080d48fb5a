"""`ccproxy migrate`: the database's schema."""

from __future__ import annotations

import os

import click

from ccproxy.settings import load
from ccproxy.store.migrations import migrate
from ccproxy.store.session import open_engine


@click.command(name="migrate")
def migrate_command() -> None:
    """Make the database, or bring it up to date. `serve` does it too; it may run at any time."""
    settings = load(os.environ)
    schema = migrate(open_engine(settings.database_url))
    click.echo(f"database is at schema {schema}")
