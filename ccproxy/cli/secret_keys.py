"""`ccproxy new-secret` and `rotate-secrets`: the keys that encrypt the providers' keys."""

from __future__ import annotations

import os

import click

from ccproxy.cli.database import open_current
from ccproxy.cli.home import pinned
from ccproxy.settings import Settings, load
from ccproxy.store import rotation
from ccproxy.store.vault import key_file, new_key


@click.command(name="new-secret")
def new_secret() -> None:
    """Print a fresh secret key for CCPROXY_SECRET_KEYS."""
    click.echo(new_key())


@click.command(name="rotate-secrets")
def rotate_secrets() -> None:
    """Encrypt every stored provider key, and what is captured of requests, anew under the first secret key.

    With a key file, a new key is put first in it; running workers pick it up. With CCPROXY_SECRET_KEYS, put the new
    key first there, restart, then run this; after it the old key may go.
    """
    settings = load(pinned(os.environ))
    engine = open_current(settings.database_url)
    count = rotation.rotate(engine, settings.secret_keys, settings.database_url)
    click.echo(f"{count} tokens encrypted anew under the first key of {_source(settings)}")
    turned, unreadable = rotation.rotate_captures(engine, settings.secret_keys, settings.database_url)
    if turned:
        click.echo(f"{turned} captured requests encrypted anew too")
    if unreadable:
        click.echo(f"{unreadable} captured requests cannot be decrypted; they are deleted in their time")


def _source(settings: Settings) -> str:
    return "the secret_keys setting" if settings.secret_keys else str(key_file(settings.database_url))
