"""A real gunicorn with the project's own configuration, in a folder of its own, on a free loopback port."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 30.0
"""Seconds after which something that should have happened counts as failed."""

T = TypeVar("T")


def until(condition: Callable[[], T], what: str, limit: float = LIMIT) -> T:
    """The condition's first true value; polls, and fails after `limit` seconds."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {limit:g} s: {what}"
        time.sleep(0.01)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Server:
    """The running proxy. `settings` are further CCPROXY_ variables, without the prefix."""

    def __init__(self, folder: Path, *, workers: int = 2, settings: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "ccproxy.db"
        self.log = folder / "log"
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")},
            "CCPROXY_DATABASE_URL": f"sqlite:///{self.database}",
            "CCPROXY_PORT": str(self.port),
            "CCPROXY_WORKERS": str(workers),
            "PYTHONPATH": str(ROOT),
            **{f"CCPROXY_{name.upper()}": value for name, value in (settings or {}).items()},
        }
        self.workers = workers
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Migrate, start, and wait until all workers serve."""
        subprocess.run(
            [sys.executable, "-m", "ccproxy", "migrate"],
            check=True,
            env=self.environ,
            cwd=ROOT,
            capture_output=True,
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "wsgi:app"],
                cwd=ROOT,
                env=self.environ,
                stdout=log,
                stderr=log,
            )
        until(lambda: self.healthy() or self.exited(), "the proxy serves")
        assert not self.exited(), self.log.read_text()

    def exited(self) -> bool:
        """Whether gunicorn's master has ended."""
        return self.process is None or self.process.poll() is not None

    def healthy(self) -> bool:
        """Whether /health answers 200."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/health")[0] == 200
        return False

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON (or text) and headers of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        try:
            sent = {"content-type": "application/json", **(headers or {})}
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            text = answer.read().decode()
            found = {name.lower(): value for name, value in answer.getheaders()}
            parsed = json.loads(text) if text and "json" in found.get("content-type", "") else text
            return answer.status, parsed, found
        finally:
            connection.close()

    def add_provider(self, name: str, base_url: str, **fields: Any) -> None:
        """Set up a provider over the admin API."""
        body = {"name": name, "type": "openai-chat", "api_base_url": base_url, **fields}
        headers = {"x-api-key": self.environ["CCPROXY_APIKEY"]} if "CCPROXY_APIKEY" in self.environ else {}
        status, answer, _ = self.request("POST", "/providers", body, headers)
        assert status in (200, 201), answer

    def lines(self) -> list[dict[str, Any]]:
        """The log's JSON lines so far."""
        found = []
        for line in self.log.read_text().splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return [line for line in found if isinstance(line, dict)]

    def rows(self, **where: str) -> list[dict[str, Any]]:
        """The rows of request_logs so far, oldest first, or those with these values; lists are parsed.

        Many of one server's tests wait for a row at the same time, so SQLite looks for it, and nothing else is read.
        """
        chosen = " AND ".join(f"{column} = ?" for column in where) or "TRUE"
        query = f"SELECT * FROM request_logs WHERE {chosen} ORDER BY id"
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute(query, (*where.values(),))]
        for row in rows:
            row["dropped"], row["attempts"] = json.loads(row["dropped"]), json.loads(row["attempts"])
        return rows

    def row(self, request_id: str) -> dict[str, Any]:
        """The row of one request, waited for: it is written in a batch."""
        [row] = until(lambda: self.rows(request_id=request_id), f"the row of {request_id}")
        return row

    def worker_pids(self) -> list[int]:
        """The processes that gunicorn's master has now."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to gunicorn's master."""
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """End it with SIGTERM and wait; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        assert error or "Traceback" not in self.log.read_text(), "the log holds a traceback"
