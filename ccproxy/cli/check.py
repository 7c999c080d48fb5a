"""`ccproxy check`: whether the proxy would start, and what would not work once it has."""

from __future__ import annotations

import os

import click

from ccproxy.settings import load
from ccproxy.store import rotation
from ccproxy.store.migrations import require_current
from ccproxy.store.session import open_engine
from ccproxy.store.vault import open_vault


@click.command()
def check() -> None:
    """Say whether the proxy would start with the present settings and database."""
    settings = load(os.environ)
    engine = open_engine(settings.database_url)
    require_current(engine)
    readable = rotation.require_readable(engine, open_vault(settings.secret_keys, settings.database_url))
    click.echo(f"settings and database are in order; {readable} stored keys can be decrypted")
