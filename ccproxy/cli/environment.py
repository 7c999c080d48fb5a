"""`ccproxy env`: what Claude Code has to find in its environment so that it talks to ccproxy.

Sources: Claude Code's documentation of its environment variables and of LLM gateways, and recorded traffic.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from urllib.parse import urlsplit

import click

from ccproxy.cli.api import Api, NoAnswer, Refused, in_path
from ccproxy.cli.connection import connected, token

ELSEWHERE = (
    "ANTHROPIC_API_KEY",  # is sent beside the token, and asked about at a start
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
)
"""Variables that take Claude Code past the base URL, or another key to it."""

WINDOW = "CLAUDE_CODE_MAX_CONTEXT_TOKENS"
_PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_DIRECT = ("NO_PROXY", "no_proxy")
_POWERSHELL_QUOTES = str.maketrans({quote: quote * 2 for quote in "'‘’‚‛"})


def variables(
    api: Api, environ: Mapping[str, str], model: str | None = None, window: int | None = None
) -> dict[str, str]:
    """Name to value. `window` is the model's context in tokens: without it Claude Code assumes a million."""
    found = {
        "ANTHROPIC_BASE_URL": api.url,
        "ANTHROPIC_AUTH_TOKEN": token(api),
        # Claude Code lists our models in /model.
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
        # A line at the head of the system prompt that differs with each conversation: providers other than Anthropic
        # could not reuse a cached prompt behind it.
        "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
    }
    if model:
        found["ANTHROPIC_MODEL"] = model
    if window:
        found[WINDOW] = str(window)
    return {**found, **_past_proxies(api, environ)}


def _past_proxies(api: Api, environ: Mapping[str, str]) -> dict[str, str]:
    """What keeps requests to ccproxy from going through a proxy for the web, which could read them."""
    if not any(environ.get(name) for name in _PROXIES):
        return {}
    listed = [host.strip() for name in _DIRECT for host in environ.get(name, "").split(",")]
    host = urlsplit(api.url).hostname or ""
    return dict.fromkeys(_DIRECT, ",".join(dict.fromkeys(filter(None, (*listed, host)))))


def window_of(api: Api, model: str | None) -> int | None:
    """The context window that the proxy tells of a model, in tokens; None where it tells none, or cannot be asked."""
    if not model:
        return None
    try:
        document = api.get(f"/v1/models/{in_path(model)}")
    except (NoAnswer, Refused):
        return None
    found = document.get("max_input_tokens") if isinstance(document, dict) else None
    return found if isinstance(found, int) and found > 0 else None


def exports(shell: str, set_: Mapping[str, str], unset: tuple[str, ...]) -> str:
    """Lines that a shell (`sh`, `fish`, `powershell`) reads, each value quoted so that nothing in it is expanded."""
    match shell:
        case "fish":
            lines = [f"set -gx {name} {_fish(value)}" for name, value in set_.items()]
            gone = [f"set -e {name}" for name in unset]
        case "powershell":
            lines = [f"$env:{name} = '{value.translate(_POWERSHELL_QUOTES)}'" for name, value in set_.items()]
            gone = [f"Remove-Item Env:{name}" for name in unset]
        case _:
            lines = [f"export {name}={shlex.quote(value)}" for name, value in set_.items()]
            gone = [f"unset {name}" for name in unset]
    return "\n".join([*lines, *gone])


def _fish(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@click.command()
@click.option("--shell", type=click.Choice(["sh", "fish", "powershell"]), default="sh", show_default=True)
@click.option("--model", help="Also the model to start with, as ccproxy names it, and its context window.")
@connected
def env(api: Api, shell: str, model: str | None) -> None:
    """Print what leads Claude Code here:  eval "$(ccproxy env)"

    Fish:  ccproxy env --shell fish | source     PowerShell:  ccproxy env --shell powershell | Out-String | iex

    Variables that would lead it elsewhere are unset, where they are set.
    """
    unset = tuple(name for name in ELSEWHERE if os.environ.get(name))
    click.echo(exports(shell, variables(api, os.environ, model, window_of(api, model)), unset))
