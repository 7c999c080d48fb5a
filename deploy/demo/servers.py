"""A server that the demo started: its log file, the wait until it answers, its end."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.demo.model import DemoError

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Server:
    """One started program. It has a session of its own: Ctrl-C reaches only the demo, which ends it in order."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Poll `ready` until it is true; DemoError with the log's last lines when the program ended or never was."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise DemoError(f"{self.name} ended at once:\n{self._last_words()}\nIts log: {self.log}")
            if time.monotonic() > deadline:
                raise DemoError(
                    f"{self.name} is not ready after {seconds:.0f} s:\n{self._last_words()}\nLog: {self.log}"
                )
            time.sleep(POLL_SECONDS)

    def end(self, seconds: float) -> None:
        """Ask it to end, give it `seconds`, then insist."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])


def start(name: str, command: list[str], log: Path, environ: Mapping[str, str]) -> Server:
    """Start `command` with its output in `log`. Its standard input is a pipe, which closes when the demo is gone."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=dict(environ), start_new_session=True
        )
    return Server(name, process, log)


def call(port: int, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, bytes]:
    """One HTTP request to a server on this machine. Raises OSError when nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request(method, path, json.dumps(body) if body else None, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def answers(port: int, path: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        return call(port, "GET", path)[0] == 200
    except (OSError, http.client.HTTPException):
        return False
