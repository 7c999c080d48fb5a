"""`ccproxy backup` and `ccproxy restore`: SQLite's database and its key file as one file, and back."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ccproxy.cli.home import pinned
from ccproxy.cli.terminal import say
from ccproxy.settings import Settings, load
from ccproxy.store import backup as making
from ccproxy.store import restore as restoring
from ccproxy.store.vault import key_file

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--without-keys", is_flag=True, help="Leave the key file out: it is kept elsewhere.")
@click.option("--force", is_flag=True, help="Replace FILE where it is there already.")
def backup(file: Path, without_keys: bool, force: bool) -> None:
    """Write the database, and the key file beside it, to FILE. The proxy may run meanwhile.

    Whoever has FILE can read the providers' keys in it, unless the key file is left out.
    """
    settings = load(pinned(os.environ))
    with_keys = not without_keys and not settings.secret_keys
    made = making.make(settings.database_url, file.absolute(), with_keys=with_keys, force=force)
    say(f"{file}: the database of schema {made.schema}{' and its key file' if made.has_keys else ''}")
    if not made.has_keys:
        say(f"not in it: {_source(settings)}; without it the providers' keys cannot be read")


@click.command()
@click.argument("file", type=_FILE)
def restore(file: Path) -> None:
    """Put what `ccproxy backup` wrote to FILE in the place of the database. The proxy must be stopped.

    What was there is kept beside it, with .before-restore at the end of its name.
    """
    settings = load(pinned(os.environ))
    done = restoring.restore(settings.database_url, file.absolute(), settings.secret_keys)
    for path in done.kept:
        say(f"kept: {path}")
    manifest = done.manifest
    say(f"restored: the database of {manifest.made_at}, schema {manifest.schema}, by ccproxy {manifest.version}")
    if not manifest.has_keys:
        say(f"the backup holds no keys; in use is {_source(settings)}")


def _source(settings: Settings) -> str:
    return "CCPROXY_SECRET_KEYS" if settings.secret_keys else f"the key file {key_file(settings.database_url)}"
