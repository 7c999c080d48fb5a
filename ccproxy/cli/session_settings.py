"""The settings of one session of Claude Code, which stand above every settings file that it may find.

A variable in a settings file wins over the environment, and `--settings` over both (Claude Code's documentation). Which
files there are depends on repositories, worktrees and administrators, so the option is always given: else prompts and
the proxy's key could go to another host. The file is there for the session only; on a command line everybody on the
machine could read the key.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccproxy.cli import claude
from ccproxy.errors import InvalidRequest

_OPTION = "--settings"
_LEFT = re.compile(r"settings-(\d+)-.*\.json")


@contextlib.contextmanager
def above_all(variables: Mapping[str, str], arguments: Sequence[str], folder: Path) -> Iterator[list[str]]:
    """The arguments for Claude Code, with the variables in settings of the session's own, and the user's own in them.

    Raises InvalidRequest for an option `--settings` that cannot be read.
    """
    theirs, rest = _given(arguments)
    own = theirs.get("env")
    settings = {**theirs, "env": {**(own if isinstance(own, dict) else {}), **variables}}
    _remove_left(folder)
    descriptor, path = tempfile.mkstemp(".json", f"settings-{os.getpid()}-", folder)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(settings, file)
        yield [_OPTION, path, *rest]
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _given(arguments: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The settings that the user gives on the command line, JSON or a file of it, and the arguments without them."""
    value = claude.option(arguments, _OPTION)
    if value is None:
        return {}, list(arguments)
    try:
        text = value if value.lstrip().startswith("{") else Path(value).read_text(encoding="utf-8-sig")
        found = json.loads(text)
    except OSError as error:
        raise InvalidRequest(f"{_OPTION}: {value} cannot be read: {error.strerror}") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidRequest(f"{_OPTION}: must be an object in JSON, or the name of a file that holds one")
    return found, claude.without(arguments, _OPTION)


def _remove_left(folder: Path) -> None:
    """Files of sessions that were killed, for there is a key in them."""
    for path in folder.glob("settings-*.json"):
        found = _LEFT.fullmatch(path.name)
        if found is not None and not _runs(int(found[1])):
            path.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
