"""`make demo`: a small real model and ccproxy in front of it, until Ctrl-C. With `--fetch`: only fetch the model.

The proxy is started as everywhere else, by deploy/entrypoint.sh, with a data folder of its own and nothing of the
caller's settings but the port: no account, no key and no other provider comes into it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from deploy.demo import model, servers

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "build" / "demo"
INHERITED = ("HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "CCPROXY_PORT", "CCPROXY_LOG_LEVEL", "CCPROXY_LOG_FORMAT")
TARGET = f"local/{model.NAME}"

INVITATION = """
ccproxy answers on {url}, with {target} behind it: a real model, though a very small one.

  Ask it something:
    curl {url}/v1/messages -H 'content-type: application/json' -d '{{"model": "{target}", "max_tokens": 120, "messages": [{{"role": "user", "content": "In one sentence: what is a proxy server?"}}]}}'

  Claude Code:
    export ANTHROPIC_BASE_URL={url}
    export ANTHROPIC_AUTH_TOKEN=local ANTHROPIC_MODEL={target}

  The SDK (pip install anthropic):
    client = anthropic.Anthropic(base_url="{url}", api_key="local")
    print(client.messages.create(model="{target}", max_tokens=120, messages=[{{"role": "user", "content": "Hello!"}}]))

  Claude Code's own instructions alone are longer than this model's 8192 tokens: to work with it, add a larger model
  (docs/providers.md) and name that one. Logs and database: {data}
  Ctrl-C ends it.
"""  # noqa: E501 (a command to paste is one line)


class _Ended(Exception):
    """Somebody asked the demo to end."""


def _on_signal(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)  # asked a second time, it ends at once: the servers have been told already
    raise _Ended


def say(text: str) -> None:
    """Tell the user."""
    print(text, flush=True)


def require_free(port: int) -> None:
    """DemoError when somebody listens on the port already; better now than after the download."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise model.DemoError(
                f"Port {port} is taken. End what listens there, or take another one: CCPROXY_PORT={port + 1} make demo"
            ) from None


def port_from(text: str) -> int:
    """The port to listen on. DemoError when it is none."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise model.DemoError(f"CCPROXY_PORT is {text!r}: a port is a number from 1 to 65535.")
    return int(text)


def start_model(installed: model.Installed) -> tuple[servers.Server, int]:
    """Start the model's server and wait until it answers; also its port."""
    address = DATA / "model.address"
    address.unlink(missing_ok=True)
    here = Path(__file__).parent
    command = [installed.python, here / "model_server.py", installed.weights, here / "chat_template.jinja"]
    started = servers.start(
        "The model's server", [*map(str, command), model.NAME, str(address)], DATA / "model.log", _environ()
    )
    try:
        started.wait_until(address.exists, 120)
        port = urlsplit(address.read_text(encoding="utf-8")).port or 0
        started.wait_until(lambda: servers.answers(port, "/health"), 30)
    except BaseException:
        started.end(1)
        raise
    return started, port


def start_proxy(port: int) -> servers.Server:
    """Start ccproxy and wait until it answers."""
    environ = {
        **_environ(),
        "CCPROXY_HOST": "127.0.0.1",
        "CCPROXY_PORT": str(port),
        "CCPROXY_DATABASE_URL": f"sqlite:///{DATA / 'ccproxy.db'}",
    }
    started = servers.start("ccproxy", [str(ROOT / "deploy" / "entrypoint.sh")], DATA / "proxy.log", environ)
    try:
        started.wait_until(lambda: servers.answers(port, "/health"), 60)
    except BaseException:
        started.end(1)
        raise
    return started


def introduce(proxy_port: int, model_port: int) -> None:
    """Make the model a provider of the proxy, and see that it answers through it. Raises DemoError."""
    provider: dict[str, Any] = {
        "name": "local",
        "type": "llamacpp",
        "api_base_url": f"http://127.0.0.1:{model_port}",  # another port at every start
        "models": [model.NAME],
        "enabled": True,
    }
    question = {"model": TARGET, "max_tokens": 1, "messages": [{"role": "user", "content": "Hello!"}]}
    for path, body in (("/providers", provider), ("/v1/messages", question)):
        status, answer = servers.call(proxy_port, "POST", path, body)
        if status not in (200, 201):
            raise model.DemoError(f"ccproxy answered {status} to POST {path}: {answer.decode(errors='replace')[:500]}")


def run() -> None:
    """Start both, tell how to use them, and stay until one of them ends or somebody ends the demo."""
    port = port_from(os.environ.get("CCPROXY_PORT") or "3456")
    require_free(port)
    installed = model.fetch(model.cache_folder(os.environ), say)
    DATA.mkdir(parents=True, exist_ok=True)
    running: list[servers.Server] = []
    try:
        model_server, model_port = start_model(installed)
        running.append(model_server)
        running.append(start_proxy(port))
        introduce(port, model_port)
        say(INVITATION.format(url=f"http://127.0.0.1:{port}", target=TARGET, data=os.path.relpath(DATA)))
        while all(server.process.poll() is None for server in running):
            time.sleep(0.5)
        ended = next(server for server in running if server.process.poll() is not None)
        raise model.DemoError(f"{ended.name} ended unexpectedly. Its log: {ended.log}")
    finally:
        for server in reversed(running):
            server.end(seconds=35)  # a little longer than the proxy gives its running streams


def main() -> int:
    """Run the demo; 0 when the user ended it, 1 with one clear text when it could not go on."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    try:
        if sys.argv[1:] == ["--fetch"]:
            model.fetch(model.cache_folder(os.environ), say)
        else:
            run()
    except _Ended:
        say("\nThe demo has ended.")
        return 0
    except model.DemoError as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1
    return 0


def _environ() -> dict[str, str]:
    """What the servers get to know of this machine; the project's interpreter comes first on the path."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    here = str(Path(sys.executable).parent)
    return {**kept, "PATH": os.pathsep.join([here, os.environ.get("PATH", os.defpath)]), "PYTHONUNBUFFERED": "1"}


if __name__ == "__main__":
    sys.exit(main())
