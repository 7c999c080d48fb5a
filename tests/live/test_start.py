"""How it starts, with good settings and bad ones, and what is still there when it starts again."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fake_upstream import FakeUpstream
from tests.live.raw import ask
from tests.live.server import ROOT, Server, until

KEY = "sk-provider-secret-0123456789"
SECRET = "sk-setting-secret-0123456789"


@pytest.fixture
def provider() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


def command(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m` with the server's environment."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env=server.environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def gunicorn(server: Server) -> subprocess.CompletedProcess[str]:
    return command(server, "gunicorn", "-c", "deploy/gunicorn.conf.py", "wsgi:app")


# --- settings that stop the start -----------------------------------------------------------------------------------

BAD_SETTINGS = [
    ({"CCPROXY_PORT": "http"}, "CCPROXY_PORT", "'http'"),
    ({"CCPROXY_ALLOWED_IPS": "10.0.0.0/99"}, "CCPROXY_ALLOWED_IPS", "10.0.0.0/99"),
    ({"CCPROXY_DATABASE_URL": f"nonsense://me:{SECRET}@db/x"}, "CCPROXY_DATABASE_URL", ""),
    ({"CCPROXY_SECRET_KEYS": SECRET}, "CCPROXY_SECRET_KEYS", ""),
    ({"CCPROXY_CONFIG": "/no/such/file.json"}, "CCPROXY_CONFIG", "/no/such/file.json"),
    ({"CONFIG": '{"port": 1, "colour": "red"}'}, "colour", "unknown key"),
    ({"CONFIG": f'{{"apikey": ["{SECRET}"]}}'}, "apikey", ""),
    ({"CONFIG": f'{{"providers": [{{"name": "x", "type": "nope", "api_key": "{SECRET}"}}]}}'}, "providers.0", "groq"),
]


def test_bad_settings_stop_the_start_with_one_line(tmp_path: Path) -> None:
    """Each costs a process, so two run at once."""
    ready = tmp_path / "ready"
    ready.mkdir()
    assert command(Server(ready), "ccproxy", "migrate").returncode == 0

    def run(number: int) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / str(number)
        shutil.copytree(ready, folder)
        server = Server(folder)
        given = dict(BAD_SETTINGS[number][0])
        if "CONFIG" in given:
            (folder / "config.json").write_text(given.pop("CONFIG"))
            given["CCPROXY_CONFIG"] = str(folder / "config.json")
        server.environ |= given
        return gunicorn(server)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, range(len(BAD_SETTINGS))))
    for (given, name, value), done in zip(BAD_SETTINGS, results, strict=True):
        text = done.stdout + done.stderr
        assert done.returncode not in (0, None), given
        assert len(text.splitlines()) == 1, f"{given}: {text}"
        assert name in text, text
        assert value in text, text
        assert SECRET not in text


def test_a_database_that_is_not_ready_stops_the_start_with_one_line(tmp_path: Path) -> None:
    server = Server(tmp_path)
    done = gunicorn(server)
    assert done.returncode != 0
    [line] = (done.stdout + done.stderr).splitlines()
    assert "migrate" in line

    with server:
        server.add_provider("kept", "http://127.0.0.1:9/v1", api_key=KEY)
    for name in os.listdir(tmp_path):
        if "key" in name:
            (tmp_path / name).unlink()
    done = gunicorn(server)
    assert done.returncode != 0
    [line] = (done.stdout + done.stderr).splitlines()
    assert "CCPROXY_SECRET_KEYS" in line
    assert KEY not in line


def test_a_database_that_another_holds_stops_the_start_in_words(tmp_path: Path) -> None:
    server = Server(tmp_path)
    assert command(server, "ccproxy", "migrate").returncode == 0
    server.environ["GROQ_API_KEY"] = KEY
    with contextlib.closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = gunicorn(server)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1] == "ccproxy: the provider database is busy or cannot be written"


# --- without a provider ---------------------------------------------------------------------------------------------


def test_without_a_provider_it_says_how_to_add_one(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        [line] = [line for line in server.lines() if line.get("type") == "start" and line["level"] == "warning"]
        [ready] = [line for line in server.lines() if line.get("msg") == "ccproxy is ready"]
        assert ready["url"] == server.url
        status, answer, headers = server.request("POST", "/v1/messages", ask())
        assert (status, answer["error"]["type"], headers["x-should-retry"]) == (503, "api_error", "false")
        for text in (line["msg"], answer["error"]["message"]):
            assert "curl" in text
            assert "/providers" in text
        assert f"127.0.0.1:{server.port}/providers" in line["msg"]
        assert server.row(headers["request-id"])["status"] == 503
        assert server.request("GET", "/health")[1]["status"] == "healthy", "nothing is wrong"


# --- what is kept ---------------------------------------------------------------------------------------------------


def everything_in(folder: Path) -> bytes:
    """Every byte of the database, its journal and the rest, but the log."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.name != "log" and path.is_file())


def test_everything_is_there_after_a_restart(tmp_path: Path, provider: FakeUpstream) -> None:
    server = Server(tmp_path)
    begun = time.monotonic()
    server.start()
    print(f"ready after {time.monotonic() - begun:.2f} s, migrations included")  # noqa: T201
    with_headers = {"api_key": KEY, "models": ["m"], "headers": {"X-Team": SECRET}, "enabled": True}
    server.add_provider("kept", provider.base_url, **with_headers)
    server.add_provider("off", provider.base_url, enabled=False)
    status, _, headers = server.request("POST", "/v1/messages", ask(model="m"))
    assert status == 200
    rotated = command(server, "ccproxy", "rotate-secrets")
    assert (rotated.returncode, rotated.stderr) == (0, "")
    for _ in range(10):  # both workers
        assert server.request("POST", "/v1/messages", ask(model="kept/m"))[0] == 200
    before = server.request("GET", "/providers")[1]
    row = server.row(headers["request-id"])
    for path in tmp_path.iterdir():
        if path.name != "log":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    stored = everything_in(tmp_path)
    assert (KEY.encode() in stored, SECRET.encode() in stored) == (False, False)
    assert server.stop() == 0

    with server:
        assert server.request("GET", "/providers")[1] == before
        assert server.row(headers["request-id"]) == row
        assert server.request("POST", "/v1/messages", ask(model="m"))[0] == 200
        until(
            lambda: server.request("GET", "/health")[1]["performance"]["requests"]["success"] == 12,
            "all requests before and after are counted",
        )
    assert {received.headers["authorization"] for received in provider.requests} == {f"Bearer {KEY}"}
    assert {received.headers["x-team"] for received in provider.requests} == {SECRET}
    assert everything_in(tmp_path).count(KEY.encode()) == 0
    assert not [secret for secret in (KEY, SECRET) if secret in server.log.read_text()]


def test_what_the_settings_offer_is_set_up_once(tmp_path: Path, provider: FakeUpstream) -> None:
    """From the config file and from well-known variables; what an administrator made of it later holds."""
    config = tmp_path / "config.json"
    offered = [
        {"name": name, "type": "openai-chat", "api_base_url": provider.base_url, "api_key": "${FILE_KEY}"}
        for name in ("stays", "goes", "changes")
    ]
    config.write_text(json.dumps({"providers": offered, "routes": {"quick": "stays/small-model"}}))
    server = Server(tmp_path, settings={"config": str(config)})
    server.environ |= {"FILE_KEY": KEY, "GROQ_API_KEY": SECRET}

    def listed() -> dict[str, tuple[bool, str]]:
        return {one["name"]: (one["enabled"], one["api_key_hint"]) for one in server.request("GET", "/providers")[1]}

    with server:
        assert listed() == {
            **dict.fromkeys(("stays", "goes", "changes"), (True, KEY[-4:])),
            "groq": (True, SECRET[-4:]),
        }
        status, answer, _ = server.request("POST", "/v1/messages", ask(model="quick"))
        assert (status, answer["model"]) == (200, "stays/small-model")
        assert provider.requests[-1].headers["authorization"] == f"Bearer {KEY}"
        assert server.request("DELETE", "/providers/goes")[0] == 200
        assert server.request("DELETE", "/providers/groq")[0] == 200
        assert server.request("PATCH", "/providers/changes/toggle")[0] == 200
    with server:
        assert listed() == {"stays": (True, KEY[-4:]), "changes": (False, KEY[-4:])}
    stored = everything_in(tmp_path) + server.log.read_bytes()
    assert (KEY.encode() in stored, SECRET.encode() in stored) == (False, False)


def test_a_worker_may_open_as_many_sockets_as_its_streams_need(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))  # what a shell hands down, made smaller
    server = Server(tmp_path, workers=1)
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    [worker] = server.worker_pids()
    given = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    server.stop()
    assert given == (min(hard, 65536), hard)
