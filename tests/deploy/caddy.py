"""A real Caddy with the project's own Caddyfile, in front of a server of a test, on a free loopback port."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.server import ROOT, free_port, until

CADDYFILE = ROOT / "deploy" / "tls" / "Caddyfile"
HOST = "127.0.0.1"
"""An address, which is the harder case: clients that connect to one name nobody in their first message."""


@dataclass(frozen=True)
class Caddy:
    """A running one. `authority` is the certificate that clients have to trust."""

    port: int
    authority: Path
    log: Path

    @property
    def url(self) -> str:
        """What a client is given."""
        return f"https://{HOST}:{self.port}"

    def trusting(self) -> ssl.SSLContext:
        """How a client connects that trusts the authority and no other."""
        return ssl.create_default_context(cafile=str(self.authority))


def program() -> str:
    """Where caddy is; skips the test where it is not installed."""
    found = shutil.which("caddy")
    if found is None:
        pytest.skip("there is no caddy here (Debian's package `caddy`)")
    return found


def adapted(**variables: str) -> dict[str, Any]:
    """What Caddy makes of the Caddyfile with these CCPROXY_TLS_ variables."""
    done = subprocess.run(
        [program(), "adapt", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
        env=_environment(variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextlib.contextmanager
def running(folder: Path, upstream: str, *, patient: bool = True) -> Iterator[Caddy]:
    """Caddy with its own authority in front of `upstream`; ended when the block is left.

    Only where it listens is changed, and its admin endpoint is switched off, which has a fixed port. One that is not
    `patient` does not wait for an upstream that is not there.
    """
    caddy = Caddy(free_port(), folder / "caddy" / "pki" / "authorities" / "local" / "root.crt", folder / "caddy.log")
    config = adapted(HOST=HOST, UPSTREAM=upstream)
    config["admin"] = {"disabled": True}
    [server] = config["apps"]["http"]["servers"].values()
    server["listen"] = [f"127.0.0.1:{caddy.port}"]
    config["apps"]["http"]["https_port"] = caddy.port
    if not patient:
        for proxy in handlers(server, "reverse_proxy"):
            del proxy["load_balancing"]
    (folder / "caddy.json").write_text(json.dumps(config))
    with caddy.log.open("w") as output:
        process = subprocess.Popen(
            [program(), "run", "--config", str(folder / "caddy.json")],
            env={**_environment({}), "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: _serves(caddy) or process.poll() is not None, "Caddy serves")
        assert process.poll() is None, caddy.log.read_text()
        yield caddy
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def handlers(node: Any, kind: str) -> list[dict[str, Any]]:
    """All handlers of a kind in a part of Caddy's configuration, however deep."""
    if isinstance(node, list):
        return [found for one in node for found in handlers(one, kind)]
    if not isinstance(node, dict):
        return []
    own = [node] if node.get("handler") == kind else []
    return own + [found for one in node.values() for found in handlers(one, kind)]


def _environment(variables: dict[str, str]) -> dict[str, str]:
    named = {f"CCPROXY_TLS_{name}": value for name, value in variables.items()}
    return {"PATH": os.environ.get("PATH", os.defpath), **named}


def _serves(caddy: Caddy) -> bool:
    """Whether it answers with a certificate of its authority."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, caddy.port), 5) as plain:
        caddy.trusting().wrap_socket(plain, server_hostname=HOST).close()
        return True
    return False
