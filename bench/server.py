"""Starting and ending the servers: gunicorn with the proxy, gunicorn with the bare application, the upstream."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import machine

ROOT = Path(__file__).resolve().parent.parent
PROVIDER = "bench"
"""The name that the upstream is set up by: `bench/words-20` is a model of it."""
_READY_WITHIN = 30.0
_END_WITHIN = 15.0


class NotReady(Exception):
    """A server did not come up; the text holds the end of its log."""


@dataclass
class Server:
    """A running server: its port, its one worker's process id (None where unknown), seconds from start to ready."""

    port: int
    worker: int | None
    ready_after: float = 0.0


@contextmanager
def upstream(core: int | None) -> Iterator[Server]:
    """The benchmark's own provider."""
    with machine.pinned(core):
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.upstream"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
    with _ended(process):
        assert process.stdout is not None
        with process.stdout:
            yield Server(int(process.stdout.readline()), process.pid)


@contextmanager
def bare(core: int | None) -> Iterator[Server]:
    """The bare WSGI application under gunicorn's gevent worker."""
    with tempfile.TemporaryDirectory(prefix="ccproxy-bench-") as folder:
        port = _free_port()
        command = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gevent", "--workers", "1", "--no-control-socket"]
        with _gunicorn([*command, "bench.bare:application"], core, Path(folder), port, {}) as server:
            yield server


@contextmanager
def proxy(core: int | None, upstream_port: int) -> Iterator[Server]:
    """The proxy as it is deployed, with one worker, an empty database and the upstream as its only provider."""
    with tempfile.TemporaryDirectory(prefix="ccproxy-bench-") as folder:
        port = _free_port()
        config = Path(folder) / "config.json"
        provider = {
            "name": PROVIDER,
            "type": "openai-chat",
            "api_base_url": f"http://127.0.0.1:{upstream_port}/v1",
            "api_key": "bench-key-of-no-worth",
        }
        config.write_text(json.dumps({"providers": [provider]}))
        settings = {
            "CCPROXY_CONFIG": str(config),
            "CCPROXY_DATABASE_URL": f"sqlite:///{folder}/data/ccproxy.db",
            "CCPROXY_HOST": "127.0.0.1",
            "CCPROXY_PORT": str(port),
            "CCPROXY_WORKERS": "1",
        }
        migrate = [sys.executable, "-m", "ccproxy", "migrate"]
        subprocess.run(migrate, cwd=ROOT, env=_environment(settings), check=True, stdout=subprocess.DEVNULL)
        command = ["-c", "deploy/gunicorn.conf.py", "wsgi:app"]
        with _gunicorn(command, core, Path(folder), port, settings) as server:
            yield server


@contextmanager
def _gunicorn(
    arguments: list[str], core: int | None, folder: Path, port: int, settings: dict[str, str]
) -> Iterator[Server]:
    log = folder / "server.log"
    begun = time.perf_counter()
    with log.open("wb") as output, machine.pinned(core):
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *arguments],
            cwd=ROOT,
            env=_environment(settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    with _ended(process):
        _wait_until_ready(process, port, begun + _READY_WITHIN, log)
        ready_after = time.perf_counter() - begun
        workers = machine.children(process.pid)
        yield Server(port, workers[0] if workers else None, ready_after)


def _environment(settings: dict[str, str]) -> dict[str, str]:
    """The caller's environment without anything that would set up the proxy or its providers differently."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CCPROXY_", "GUNICORN_")) and not name.endswith(("_API_KEY", "_TOKEN"))
    }
    return {**kept, **settings}


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, deadline: float, log: Path) -> None:
    while time.perf_counter() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    raise NotReady(f"the server did not become ready; the end of its log:\n{log.read_text(errors='replace')[-3000:]}")


@contextmanager
def _ended(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> Iterator[None]:
    """Ends the process, and only it, when the block is left."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
