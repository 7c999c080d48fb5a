"""`ccproxy serve`, up to the moment in which gunicorn takes over; what it then does is tested in tests/deploy."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from ccproxy.cli.home import ROOT
from ccproxy.cli.serve import command
from tests.cli.conftest import Run


class Replaced(Exception):
    """In place of the program that would run from here on."""


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was to be run, and in which folder; whatever `serve` changes of this process is put back."""
    found: list[Any] = []

    def execve(*given: Any) -> None:
        found.extend((*given, Path.cwd()))
        raise Replaced

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.chdir(Path.cwd())
    monkeypatch.setattr(os, "umask", found.append)
    return found


def test_the_database_is_made_and_gunicorn_takes_over(run: Run, taken: list[Any], url: str) -> None:
    result = run("serve", "--port", "4567", "--workers", "3", "--host", "localhost")
    assert isinstance(result.exception, Replaced)
    assert result.output.startswith("database is at schema ")
    mask, program, arguments, environ, folder = taken
    assert (mask, program, arguments, folder) == (0o077, sys.executable, command(), ROOT)
    assert {name: environ[f"CCPROXY_{name}"] for name in ("PORT", "WORKERS", "HOST", "DATABASE_URL")} == {
        "PORT": "4567",
        "WORKERS": "3",
        "HOST": "localhost",
        "DATABASE_URL": url,
    }
    assert Path(url.removeprefix("sqlite:///")).exists()


def test_what_is_not_given_is_the_environment_s(run: Run, taken: list[Any]) -> None:
    run("serve", CCPROXY_PORT="4568")
    assert taken[3]["CCPROXY_PORT"] == "4568"
    assert "CCPROXY_WORKERS" not in taken[3]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "http"], "CCPROXY_PORT: 'http' is not allowed"),
        (["--port", "70000"], "CCPROXY_PORT: '70000' is not allowed"),
        (["--workers", "0"], "CCPROXY_WORKERS: '0'"),
        (["--host", "1.2.3.999"], "CCPROXY_HOST: '1.2.3.999' is not allowed"),
        (["--host", ""], "--host: '' is not allowed"),
        (["--host", "192.0.2.1", "--port", "4567"], "CCPROXY_HOST: '192.0.2.1', port 4567: nobody can listen there: "),
        (["--port", " "], "--port: ' ' is not allowed"),
        (["--workers", ""], "--workers: '' is not allowed"),
    ],
)
def test_a_bad_setting_is_one_line(run: Run, taken: list[Any], arguments: list[str], words: str) -> None:
    result = run("serve", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"ccproxy: {words}")
    assert result.stderr.count("\n") == 1
    assert taken == []


def test_a_port_that_is_in_use_is_left_to_gunicorn_which_tries_again(run: Run, taken: list[Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        run("serve", "--port", str(other.getsockname()[1]))
    assert taken[2] == command()


def test_away_from_its_sources_it_says_so(
    run: Run, taken: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys.modules[command.__module__], "ROOT", tmp_path)
    result = run("serve")
    assert (result.exit_code, taken) == (1, [])
    assert "is not ccproxy's folder" in result.stderr
