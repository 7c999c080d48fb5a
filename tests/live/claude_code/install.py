"""The pinned Claude Code from npm, fetched once into a cache folder: `python -m tests.live.claude_code.install`.

package-lock.json beside this file pins every file of it by its hash. No script of the package runs: what its own
install script would put in place is started where npm has put it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = "@anthropic-ai/claude-code"
FOLDER = "CLAUDE_CODE_TEST_CACHE"
"""The environment variable that names another folder to keep it in."""
FETCHING = 300.0
"""Seconds that npm may take: the package is some 100 MB."""


class Missing(Exception):
    """It is not here and cannot be fetched; the text says why."""


def version() -> str:
    """The version that is pinned."""
    return str(json.loads((HERE / "package.json").read_text())["dependencies"][PACKAGE])


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where it is kept: `ccproxy-claude-code` in the user's cache folder, unless the environment says otherwise."""
    if environ.get(FOLDER):
        return Path(environ[FOLDER])
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ccproxy-claude-code"


def fetch(cache: Path) -> Path:
    """The program, fetched if it is not there yet; two at once do not collide. Raises Missing."""
    folder = cache / version()
    complete = folder / "complete"
    if not complete.exists():
        if shutil.which("npm") is None:
            raise Missing("Claude Code is not here, and there is no npm to fetch it")
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            if not complete.exists():
                _install(folder)
                complete.touch()
    return _program(folder)


def _install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCHING, check=False, cwd=folder)
    except subprocess.TimeoutExpired:
        raise Missing(f"npm has not fetched Claude Code within {FETCHING:g} s") from None
    if done.returncode != 0:
        raise Missing("npm could not fetch Claude Code: " + " ".join(done.stderr.split())[-500:])
    _program(folder)


def _program(folder: Path) -> Path:
    """The one program for this machine: npm leaves those for others out. Two may be there for two C libraries."""
    found = sorted((folder / "node_modules" / "@anthropic-ai").glob("claude-code-*/claude"))
    for program in found:
        if _starts(program):
            return program
    raise Missing("the package holds no Claude Code that runs on this machine")


def _starts(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        fetch(cache_folder(os.environ))
    except Missing as missing:
        sys.exit(str(missing))
