"""`ccproxy code`: Claude Code on ccproxy, with nothing set up beforehand and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from ccproxy.cli import claude
from ccproxy.cli.api import Api, NoAnswer, Refused, Strange
from ccproxy.cli.connection import connected
from ccproxy.cli.environment import ELSEWHERE, WINDOW, variables, window_of
from ccproxy.cli.home import state_folder
from ccproxy.cli.local_proxy import at_hand
from ccproxy.cli.session_settings import above_all
from ccproxy.cli.terminal import say

_OFF = {name: "" if name.endswith("_KEY") else "0" for name in ELSEWHERE}


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--model", help="The model to start with, as ccproxy names it: provider/model, or a route's name.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- CLAUDE_ARGUMENTS]")
@connected
@click.pass_context
def code(ctx: click.Context, api: Api, model: str | None, arguments: tuple[str, ...]) -> None:
    """Run Claude Code through ccproxy:  ccproxy code -- --permission-mode acceptEdits

    The proxy that answers at the address is used; where none does and the address is on this machine, one is started
    and stopped again when the last session ends. Claude Code gets its variables for this session only: none of its
    files are touched. Its exit status is passed on.
    """
    program = claude.find(os.environ)
    with at_hand(api, os.environ):
        _admitted(api)
        chosen = model or claude.option(arguments, "--model")
        ours = variables(api, os.environ, window=None if _knows_window() else window_of(api, chosen))
        _hint_at_mode(api, arguments)
        _tell_of_settings(ours)
        given = (*(("--model", model) if model else ()), *arguments)
        with above_all({**ours, **_OFF}, given, state_folder(os.environ)) as stronger:
            status = claude.run([program, *stronger], _environ(ours))
    ctx.exit(status)


def _environ(ours: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    return {**kept, **ours}


def _knows_window() -> bool:
    """Whether the user has said how long a conversation may be."""
    files = claude.settings_files(os.environ, Path.cwd())
    return bool(os.environ.get(WINDOW)) or any(WINDOW in claude.variables_of(document) for _, document in files)


def _admitted(api: Api) -> None:
    """Whether the key is right is better said here than by Claude Code; raises Refused where it is not."""
    status = api.get("/status")
    providers = status.get("providers") if isinstance(status, dict) else None
    if isinstance(providers, dict) and not providers.get("active"):
        _say("no provider is set up yet; add one: ccproxy providers add groq")


def _hint_at_mode(api: Api, arguments: tuple[str, ...]) -> None:
    """Auto mode needs verdicts that only Anthropic's own API gives; the first risky call would end in a dialog."""
    if not _is_terminal() or claude.mode_is_chosen(os.environ, Path.cwd(), arguments):
        return
    with contextlib.suppress(NoAnswer, Refused, Strange):
        if all(provider["type"] == "anthropic" for provider in api.get("/providers") if provider["enabled"]):
            return
    _say("auto mode works with Anthropic's models only; others: ccproxy code -- --permission-mode acceptEdits")


def _tell_of_settings(ours: Mapping[str, str]) -> None:
    """What the user has set otherwise, and not for this session."""
    found = claude.contradictions(os.environ, Path.cwd(), ours)
    if found:
        where = " and ".join(sorted({str(path) for path in found.values()}))
        _say(f"{where} sets {', '.join(sorted(found))}; in this session ccproxy's stands in its place")


def _say(text: str) -> None:
    say(f"ccproxy: {text}", err=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty()
