"""The command line: what an administrator does beside a running proxy, what a container does before it, and `code`.

Each module is one noun with its commands; this one only puts them together. Commands that change providers and routes
speak HTTP to a running proxy (`connection`); the others read settings and the database themselves. Nothing here runs
inside the proxy, and nothing patches sockets.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from ccproxy import __version__
from ccproxy.cli.audit import audit
from ccproxy.cli.backup import backup, restore
from ccproxy.cli.check import check
from ccproxy.cli.code import code
from ccproxy.cli.database import migrate_command
from ccproxy.cli.environment import env
from ccproxy.cli.importing import import_command
from ccproxy.cli.keys import keys
from ccproxy.cli.logs import logs
from ccproxy.cli.prices import prices
from ccproxy.cli.providers import providers
from ccproxy.cli.replay import replay
from ccproxy.cli.routes import routes
from ccproxy.cli.secret_keys import new_secret, rotate_secrets
from ccproxy.cli.serve import serve
from ccproxy.cli.terminal import say
from ccproxy.cli.usage import usage
from ccproxy.errors import CCProxyError

__all__ = ["main"]


class _OneLine(click.Group):
    """What was foreseen ends with one line on stderr and status 1, not with a traceback.

    And in silence where whoever read the output has enough of it.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CCProxyError as error:
            say(f"ccproxy: {error.message}", err=True)
            ctx.exit(1)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left for the interpreter's end
            return None
        except OSError as error:  # a full disk, a terminal that is gone
            say(f"ccproxy: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ccproxy")
def main() -> None:
    """Any model provider behind the Anthropic Messages API. Settings come from the environment: docs/settings.md."""


for command in (
    serve,
    code,
    env,
    providers,
    routes,
    keys,
    prices,
    check,
    import_command,
    logs,
    usage,
    replay,
    migrate_command,
    new_secret,
    rotate_secrets,
    audit,
    backup,
    restore,
):
    main.add_command(command)
