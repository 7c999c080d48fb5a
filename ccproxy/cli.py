"""The command line: what an administrator does beside a running proxy, and what a container does before it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from ccproxy import __version__
from ccproxy.errors import CCProxyError
from ccproxy.settings import Settings, load
from ccproxy.store import rotation
from ccproxy.store.migrations import migrate, require_current
from ccproxy.store.session import open_engine
from ccproxy.store.vault import key_file, new_key, open_vault

P = ParamSpec("P")


def _one_line(command: Callable[P, None]) -> Callable[P, None]:
    """What was foreseen ends with one line on stderr and status 1, not with a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except CCProxyError as error:
            click.echo(f"ccproxy: {error.message}", err=True)
            sys.exit(1)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ccproxy")
def main() -> None:
    """Any model provider behind the Anthropic Messages API. Settings come from the environment: docs/settings.md."""


@main.command(name="migrate")
@_one_line
def migrate_command() -> None:
    """Make the database, or bring it up to date. Run it before each start; it may run at any time."""
    settings = load(os.environ)
    schema = migrate(open_engine(settings.database_url))
    click.echo(f"database is at schema {schema}")


@main.command(name="check")
@_one_line
def check_command() -> None:
    """Say whether the proxy would start with the present settings and database."""
    settings = load(os.environ)
    engine = open_engine(settings.database_url)
    require_current(engine)
    readable = rotation.require_readable(engine, open_vault(settings.secret_keys, settings.database_url))
    click.echo(f"settings and database are in order; {readable} stored keys can be decrypted")


@main.command(name="new-secret")
@_one_line
def new_secret_command() -> None:
    """Print a fresh secret key for CCPROXY_SECRET_KEYS."""
    click.echo(new_key())


@main.command(name="rotate-secrets")
@_one_line
def rotate_secrets_command() -> None:
    """Encrypt every stored provider key anew under the first secret key.

    With a key file, a new key is put first in it; running workers pick it up. With CCPROXY_SECRET_KEYS, put the new
    key first there, restart, then run this; after it the old key may go.
    """
    settings = load(os.environ)
    engine = open_engine(settings.database_url)
    require_current(engine)
    count = rotation.rotate(engine, settings.secret_keys, settings.database_url)
    click.echo(f"{count} tokens encrypted anew under the first key of {_source(settings)}")


def _source(settings: Settings) -> str:
    return "the secret_keys setting" if settings.secret_keys else str(key_file(settings.database_url))


if __name__ == "__main__":
    main()
