"""`ccproxy serve`: bring the database up to date once, then become gunicorn. The container starts it so, too."""

from __future__ import annotations

import errno
import os
import socket
import sys

import click

from ccproxy.cli.home import ROOT, pinned
from ccproxy.errors import SettingsError
from ccproxy.settings import load
from ccproxy.store.migrations import migrate
from ccproxy.store.session import open_engine

PRIVATE = 0o077
"""What the proxy writes (database, key file) is for its user alone."""


@click.command()
@click.option("--host", help="Address to listen on, in place of CCPROXY_HOST.")
@click.option("--port", help="Port to listen on, in place of CCPROXY_PORT.")
@click.option("--workers", help="How many processes, in place of CCPROXY_WORKERS.")
def serve(host: str | None, port: str | None, workers: str | None) -> None:
    """Start the proxy here, in the foreground."""
    environ = dict(os.environ)
    for name, value in (("HOST", host), ("PORT", port), ("WORKERS", workers)):
        if value is not None:
            if not value.strip():  # which in the environment would be as good as not given
                raise SettingsError(f"--{name.lower()}: {value!r} is not allowed; leave it out, or give a value")
            environ[f"CCPROXY_{name}"] = value
    environ = pinned(environ)
    settings = load(environ)
    if not (ROOT / "deploy" / "gunicorn.conf.py").exists():
        raise SettingsError(f"{ROOT} is not ccproxy's folder: install it from its sources, as the README says")
    _try(settings.host, settings.port)
    os.umask(PRIVATE)
    # Here and not in the workers: two migrations at the same time fail.
    schema = migrate(open_engine(settings.database_url))
    click.echo(f"database is at schema {schema}")
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execve(sys.executable, command(), environ)  # noqa: S606 - gunicorn takes over this process, signals and all


def _try(host: str, port: int) -> None:
    """Raise SettingsError where nobody could listen; a port that is in use may be free by the time it is needed."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
            probe.bind((host, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise SettingsError(
                f"CCPROXY_HOST: {host!r}, port {port}: nobody can listen there: {error.strerror}"
            ) from None


def command() -> list[str]:
    """The program that serves, to be run in ROOT."""
    return [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "wsgi:app"]
