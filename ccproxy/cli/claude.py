"""Claude Code as a program: where it is, which of its settings would lead it away from ccproxy, and running it.

Its own files are read, never written.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from ccproxy.cli.environment import ELSEWHERE
from ccproxy.errors import CCProxyError

INSTALL = "npm install -g @anthropic-ai/claude-code"
# Where its installers put it, which may be missing on the path of a desktop's terminal
_PLACES = (".local/bin/claude", ".claude/local/claude")
_MODES = ("--permission-mode", "--dangerously-skip-permissions", "--allow-dangerously-skip-permissions")
_PRINT = ("-p", "--print")


class NotInstalled(CCProxyError):
    """There is no Claude Code here."""


def find(environ: Mapping[str, str]) -> str:
    """The program: $CLAUDE, else `claude` on PATH or where it installs itself. Raises NotInstalled."""
    named = environ.get("CLAUDE")
    if named:
        found = shutil.which(named, path=environ.get("PATH"))
        if found is None:
            raise NotInstalled(f"CLAUDE: {named!r} is not a program that can be run")
        return found
    home = Path(environ.get("HOME") or Path.home())
    places = (shutil.which("claude", path=environ.get("PATH")), *(shutil.which(str(home / place)) for place in _PLACES))
    for place in places:
        if place is not None:
            return place
    raise NotInstalled(f"Claude Code is not on PATH; install it ({INSTALL}), or name it: CLAUDE=/path/to/claude")


def settings_files(environ: Mapping[str, str], folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The user's and the project's settings, the later ones stronger; those that cannot be read are passed over."""
    home = Path(environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME") or Path.home()) / ".claude")
    project = folder / ".claude"
    for path in (home / "settings.json", project / "settings.json", project / "settings.local.json"):
        try:
            document = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):
            continue
        if isinstance(document, dict):
            yield path, document


def contradictions(environ: Mapping[str, str], folder: Path, ours: Mapping[str, str]) -> dict[str, Path]:
    """Variables that settings files set otherwise than we do, which would win, and the file that does."""
    found: dict[str, Path] = {}
    for path, document in settings_files(environ, folder):
        for name, value in variables_of(document).items():
            if (name in ours and str(value) != ours[name]) or (name in ELSEWHERE and str(value) not in ("", "0")):
                found[name] = path
    return found


def variables_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The variables that settings set."""
    given = document.get("env")
    return given if isinstance(given, dict) else {}


def mode_is_chosen(environ: Mapping[str, str], folder: Path, arguments: Sequence[str]) -> bool:
    """Whether somebody has said how Claude Code asks for permissions, or it is not interactive and needs no mode."""
    if any(argument.split("=")[0] in (*_MODES, *_PRINT) for argument in arguments):
        return True
    return any(
        isinstance(document.get("permissions"), dict) and document["permissions"].get("defaultMode")
        for _, document in settings_files(environ, folder)
    )


def option(arguments: Sequence[str], name: str) -> str | None:
    """The value of one of its options, given as `--name value` or `--name=value`; the last one counts."""
    found = None
    for place, argument in enumerate(arguments):
        if argument == name and place + 1 < len(arguments):
            found = arguments[place + 1]
        elif argument.startswith(f"{name}="):
            found = argument.removeprefix(f"{name}=")
    return found


def without(arguments: Sequence[str], name: str) -> list[str]:
    """The arguments without that option and its values, in either form."""
    kept: list[str] = []
    values = iter(arguments)
    for argument in values:
        if argument == name:
            next(values, None)
        elif not argument.startswith(f"{name}="):
            kept.append(argument)
    return kept


def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run it in the foreground and return its exit status (128 and the signal's number where one ended it).

    Ctrl-C and Ctrl-\\ reach it from the terminal and are its own affair; SIGTERM and SIGHUP are handed on. When it
    stops itself (Ctrl-Z), so do we, and the shell has its prompt.
    """
    # A handler that does nothing, because what is ignored stays ignored in the child.
    kept = {number: signal.signal(number, _nothing) for number in (signal.SIGINT, signal.SIGQUIT)}
    child: subprocess.Popen[bytes] | None = None
    pending: list[int] = []

    def hand_on(number: int, _frame: FrameType | None) -> None:
        if child is None:
            pending.append(number)
        else:
            _send(child, number)

    kept |= {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        child = _started(command, environ)
        for number in pending:
            _send(child, number)
        return _wait(child)
    finally:
        for number, before in kept.items():
            signal.signal(number, before)


def _started(command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(list(command), env=dict(environ))
    except OSError as error:
        raise NotInstalled(f"{command[0]} cannot be run: {error.strerror}") from None


def _send(child: subprocess.Popen[bytes], number: int) -> None:
    """Not Popen's own way, which takes the exit status of one that has ended, and `_wait` would find none."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, number)


def _wait(child: subprocess.Popen[bytes]) -> int:
    while True:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.kill(os.getpid(), signal.SIGSTOP)
            os.kill(child.pid, signal.SIGCONT)  # reached when somebody continues us
            continue
        code = os.waitstatus_to_exitcode(status)
        child.returncode = code
        return 128 - code if code < 0 else code


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Left to the child."""
