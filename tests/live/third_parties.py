"""Servers that imitate providers and that nobody here wrote: LLMock, which breaks on demand, and aimock."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.server import free_port, until

JAVASCRIPT = Path(__file__).parent / "javascript"


class LLMock:
    """A running LLMock; `play` says what it does with the next requests."""

    def __init__(self, url: str) -> None:
        self.url = url

    def play(self, **behaviour: Any) -> None:
        """Queue one behaviour, for the next request."""
        self._post("/_llmock/scenario", {"behaviors": [behaviour]})

    def forget(self) -> None:
        """No behaviours and no requests any more."""
        self._post("/_llmock/reset", {})

    def healthy(self) -> bool:
        """Whether it serves."""
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def _post(self, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10):
            pass


@contextlib.contextmanager
def llmock(folder: Path) -> Iterator[LLMock]:
    """LLMock on a free port."""
    port = free_port()
    mock = LLMock(f"http://127.0.0.1:{port}")
    command = [str(Path(sys.executable).with_name("llmock")), "serve", "--port", str(port), "--log-level", "warning"]
    with _running(command, folder / "llmock.log"):
        until(mock.healthy, "LLMock serves")
        yield mock


@contextlib.contextmanager
def aimock(folder: Path) -> Iterator[str]:
    """aimock on a free port, with the answers of javascript/aimock.mjs; gives its URL."""
    node = shutil.which("node")
    if node is None or not (JAVASCRIPT / "node_modules" / "@copilotkit" / "aimock").is_dir():
        pytest.skip("node or aimock is not installed here (`make test` installs it where there is npm)")
    log = folder / "aimock.log"
    with _running([node, "aimock.mjs"], log, cwd=JAVASCRIPT):
        yield until(lambda: log.read_text().partition("\n")[0], "aimock says where it listens")


@contextlib.contextmanager
def _running(command: list[str], log: Path, cwd: Path | None = None) -> Iterator[None]:
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=cwd, env=environ)
    try:
        yield
        assert process.poll() is None, f"it has ended: {log.read_text()}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
