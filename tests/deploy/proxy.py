"""A real ccproxy on a free loopback port, started as the container starts it, and what a test does with one."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.server import ROOT, free_port, until

__all__ = ["ROOT", "Proxy", "environment", "free_port", "image", "paste", "running"]

READY_SECONDS = 60.0  # generous: the machine may be busy with other tests


@dataclass(frozen=True)
class Proxy:
    """A running one."""

    port: int
    process: subprocess.Popen[str]

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request on a connection of its own: status and JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            headers = {"content-type": "application/json"} if body is not None else {}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            return self.request("GET", "/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        self.process.terminate()
        return self.process.wait(READY_SECONDS)


def environment(data: Path, **more: str) -> dict[str, str]:
    """A bare environment: this interpreter first on the path, one folder to write to, nothing inherited."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "HOME": str(data),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CCPROXY_DATABASE_URL": f"sqlite:///{data / 'ccproxy.db'}",
        "CCPROXY_WORKERS": "2",
        **more,
    }


@contextlib.contextmanager
def running(folder: Path, environ: Mapping[str, str]) -> Iterator[Proxy]:
    """ccproxy from the sources in `folder`, once it answers; ended at the latest when the block is left."""
    port = free_port()
    log = Path(environ["HOME"]) / "log.txt"
    with log.open("a") as output:
        process = subprocess.Popen(
            [str(folder / "deploy" / "entrypoint.sh")],
            env={**environ, "CCPROXY_PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
        )
    proxy = Proxy(port, process)
    try:
        until(lambda: proxy.ready() or process.poll() is not None, "the proxy answers", READY_SECONDS)
        assert process.poll() is None, log.read_text()
        yield proxy
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def paste(command: str) -> str:
    """What a pasted curl prints; it fails with an answer that is no success."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    done = subprocess.run(
        ["sh", "-c", f"{command.strip()} -sS --fail-with-body"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def image(folder: Path) -> Path:
    """`folder` filled with what .dockerignore lets into the image: the project as the container sees it."""
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line.startswith("!"):
            continue
        source, target = ROOT / line[1:], folder / line[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    return folder
