"""Where ccproxy's own files are: the sources that it runs from, its database where none is configured, its state.

The package is used from its checkout or from the image, so what belongs to it lies beside it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import make_url

from ccproxy.errors import SettingsError
from ccproxy.settings import Settings, load
from ccproxy.store.session import sqlite_path

ROOT = Path(__file__).resolve().parents[2]
"""The folder of the sources: migrations/, deploy/ and wsgi.py lie in it."""


def pinned(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with its relative paths made absolute, for a command that works from any folder.

    Where no database is configured and the working directory has none, it is the one beside the sources, which
    `make run` uses: a coding session started in some project must not leave a database there. Raises SettingsError.
    """
    fixed = dict(environ)
    if environ.get("CCPROXY_CONFIG"):
        fixed["CCPROXY_CONFIG"] = str(Path(environ["CCPROXY_CONFIG"]).absolute())
    url = load(fixed).database_url
    path = sqlite_path(url)
    if path is None:
        return fixed
    if url == Settings().database_url and not path.exists():
        path = ROOT / "data" / path.name
    # In the sources' folder nothing has to be said, and a config file may name another one while it is in use.
    if path != sqlite_path(url) or Path.cwd() != ROOT:
        fixed["CCPROXY_DATABASE_URL"] = make_url(url).set(database=str(path)).render_as_string(hide_password=False)
    return fixed


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where logs and locks of `ccproxy code` lie, as the XDG base directories have it; made with mode 700.

    Raises SettingsError where it cannot be made.
    """
    base = environ.get("XDG_STATE_HOME") or os.path.join(environ.get("HOME") or str(Path.home()), ".local", "state")
    folder = Path(base) / "ccproxy"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"XDG_STATE_HOME: {folder} cannot be made: {error.strerror}") from None
    return folder
