"""A proxy on this machine for the time of a coding session: used where one answers, else started, and then stopped.

Sessions at the same time share one: each holds a shared lock for its time, and the last of them stops what the first
has started. A proxy that was there before any of them is never stopped. Sources of truth are the locks, which the
system gives back whatever becomes of a process, and a file with the process id of what was started. A signal that ends
a session ends it by an exception, so that what it has started is stopped then too.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ccproxy.cli.api import Api, NoAnswer, Refused, Strange
from ccproxy.cli.connection import EVERYWHERE, is_here
from ccproxy.cli.home import ROOT, pinned, state_folder
from ccproxy.errors import CCProxyError
from ccproxy.settings import load

READY_SECONDS = 60.0
"""How long a start may take, on a machine that is busy."""
STOP_SECONDS = 40.0
"""Running streams get 25 s of it; nobody should be left who has one."""
_POLL_SECONDS = 0.05


class NotStarted(CCProxyError):
    """The proxy did not come up; the message repeats what it said."""


def answers(api: Api) -> bool:
    """Whether ccproxy answers there. Raises Strange where something else does."""
    try:
        document = api.get("/")
    except NoAnswer:
        return False
    except (Refused, Strange):
        document = None
    if not isinstance(document, dict) or document.get("message") != "CCProxy":
        raise Strange(f"what answers at {api.url} is not ccproxy; name another address with --url or CCPROXY_PORT")
    return True


@contextlib.contextmanager
def at_hand(api: Api, environ: Mapping[str, str]) -> Iterator[bool]:
    """Inside the block a proxy answers at the address; the value says whether it was started for it.

    One on another machine, or behind something else on this one, is not ours to start: NoAnswer.
    """
    if not _is_ours(api):
        api.get("/health")
        answers(api)
        yield False
        return
    folder = state_folder(environ)
    name = f"code-{urlsplit(api.url).port or 80}"
    process: subprocess.Popen[bytes] | None = None
    with _on_signals(_exit), (folder / f"{name}.users").open("a") as users:
        try:
            with _alone(folder / f"{name}.lock"):
                if not answers(api):
                    process = _start(api, environ, folder, name)
                fcntl.flock(users, fcntl.LOCK_SH)
            yield process is not None
        finally:
            _leave(api, folder, name, users.fileno(), process)


def _is_ours(api: Api) -> bool:
    """Whether one that we start could answer there: ours speaks no TLS, and has nothing before the API's paths."""
    parts = urlsplit(api.url)
    return is_here(api) and parts.scheme == "http" and not parts.path


@contextlib.contextmanager
def _on_signals(act: Callable[[int], object]) -> Iterator[None]:
    """What SIGTERM and SIGHUP do inside the block, unless they are ignored here."""
    numbers = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is not signal.SIG_IGN]
    kept = {one: signal.signal(one, lambda number, _frame: act(number)) for one in numbers}
    try:
        yield
    finally:
        for one, before in kept.items():
            signal.signal(one, before)


def _exit(number: int) -> None:
    sys.exit(128 + number)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Held while something is started or stopped; whoever comes meanwhile waits."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(api: Api, environ: Mapping[str, str], folder: Path, name: str) -> subprocess.Popen[bytes]:
    """Start one that listens where the address says, and wait until it serves."""
    log, record = folder / f"{name}.log", folder / f"{name}.pid"
    settings = listening(api, environ)
    process: subprocess.Popen[bytes] | None = None
    came: list[int] = []
    try:
        # An exception in the middle of it would lose the process.
        with log.open("wb") as output, _on_signals(came.append):
            process = subprocess.Popen(
                [sys.executable, "-m", "ccproxy", "serve"],
                cwd=ROOT,
                env=settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C at the terminal is not meant for it
            )
        for number in came:
            _exit(number)
        # Before the wait: where this session is killed in it, the next one finds what to stop.
        record.write_text(str(process.pid))
        _await(api, process, log)
        return process
    except BaseException:
        if process is not None:
            _end(process)
            record.unlink(missing_ok=True)
        raise


def listening(api: Api, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of one that listens at the address; one that is to listen everywhere still does."""
    parts = urlsplit(api.url)
    made = {**environ, "CCPROXY_PORT": str(parts.port or 80)}
    if load(environ).host not in EVERYWHERE:
        made["CCPROXY_HOST"] = parts.hostname or ""
    return pinned(made)


def _await(api: Api, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        if process.poll() is not None:
            said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            raise NotStarted(f"the proxy did not start: {said[-1].removeprefix('ccproxy: ')}")
        with contextlib.suppress(NoAnswer, Refused, Strange):
            api.get("/health")
            return
        if time.monotonic() > deadline:
            raise NotStarted(f"the proxy did not answer at {api.url} within {READY_SECONDS:g} s; its log is {log}")
        time.sleep(_POLL_SECONDS)


def _leave(api: Api, folder: Path, name: str, users: int, process: subprocess.Popen[bytes] | None) -> None:
    """The end of a session: the last one stops what a session started."""
    record = folder / f"{name}.pid"
    with _alone(folder / f"{name}.lock"):
        fcntl.flock(users, fcntl.LOCK_UN)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if process is not None:
            _end(process)
        elif (pid := _recorded(record)) is not None and _is_it(api, pid):
            _end_foreign(pid)
        record.unlink(missing_ok=True)


def _recorded(record: Path) -> int | None:
    try:
        return int(record.read_text())
    except (OSError, ValueError):
        return None


def _is_it(api: Api, pid: int) -> bool:
    """Whether what answers is what was recorded: its workers are in the group that began with it."""
    try:
        return os.getpgid(int(api.get("/status")["pid"])) == pid
    except (CCProxyError, OSError, KeyError, TypeError, ValueError):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _end_foreign(pid: int) -> None:
    """The same for one that an earlier session has started, and which is no child of ours."""
    deadline = time.monotonic() + STOP_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while True:
            os.kill(pid, 0)
            if time.monotonic() > deadline:
                os.killpg(pid, signal.SIGKILL)
                return
            time.sleep(_POLL_SECONDS)
