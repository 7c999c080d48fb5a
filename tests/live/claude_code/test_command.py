"""`ccproxy code`: Claude Code on a proxy that is started for it, from nothing but a config file."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_upstream import FakeUpstream
from tests.live.claude_code.debug_log import DebugLog
from tests.live.claude_code.scene import KEY
from tests.live.claude_code.session import LIMIT
from tests.live.claude_code.turns import Refused, Turn
from tests.live.claude_code.upstream import Play, model_of
from tests.live.server import ROOT, free_port


class Home:
    """A user's home with a config file of ccproxy's, settings of Claude Code's and a project.

    The project lies in a repository, at whose root Claude Code finds further settings that lead elsewhere.
    """

    def __init__(self, folder: Path, program: Path, upstream: FakeUpstream) -> None:
        self.folder = folder
        self.port = free_port()
        self.work = folder / "repository" / "project"
        self.settings = folder / ".claude" / "settings.json"
        self.log = folder / "debug.log"
        self.work.mkdir(parents=True)
        self.settings.parent.mkdir()
        local = self.work.parent / ".claude" / "settings.local.json"
        local.parent.mkdir()
        local.write_text('{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9", "CLAUDE_CODE_USE_BEDROCK": "1"}}')
        subprocess.run(["git", "init", "--quiet", str(self.work.parent)], check=True)
        (folder / ".claude.json").write_text("{}")  # or it logs that its own is missing
        self.settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}}')
        config = {
            "providers": [
                {
                    "name": "shop",
                    "type": "openai",
                    "api_base_url": upstream.base_url,
                    "api_key": KEY,
                    "options": {"api": "chat"},
                }
            ],
            "routes": {"default": "shop/gpt-5.2", "background": "shop/gpt-5-mini"},
        }
        (folder / "config.json").write_text(json.dumps(config))
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "PYTHONPATH": str(ROOT),
            "CLAUDE": str(program),
            "CCPROXY_CONFIG": str(folder / "config.json"),
            "CCPROXY_DATABASE_URL": f"sqlite:///{folder / 'ccproxy.db'}",
            "CCPROXY_PORT": str(self.port),
            "CCPROXY_WORKERS": "1",
            "ANTHROPIC_API_KEY": "sk-not-for-the-proxy-0123456789",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }

    def code(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`ccproxy code`, in the project."""
        return subprocess.run(
            [sys.executable, "-m", "ccproxy", "code", *arguments, "--debug-file", str(self.log)],
            cwd=self.work,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def serving(self) -> bool:
        """Whether somebody listens on the proxy's port."""
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:
        yield running


@pytest.fixture
def home(program: Path, upstream: FakeUpstream, tmp_path: Path) -> Home:
    return Home(tmp_path, program, upstream)


def test_a_session_from_nothing(home: Home, upstream: FakeUpstream) -> None:
    write = ("Bash", {"command": "echo one > one.txt", "description": "Writes"})
    play = Play(Turn(calls=(write,)), Turn("It is there.")).at(upstream)
    settings = home.settings.read_text()
    run = home.code("--", "-p", "Write a file.", "--allowedTools", "Bash")
    assert (run.returncode, run.stdout) == (0, "It is there.\n"), run.stderr
    assert (home.work / "one.txt").read_text() == "one\n"
    assert DebugLog(home.log.read_text()).complaints() == []
    assert [(kind, model_of(received)) for kind, received in play.seen] == [("main", "gpt-5.2")] * 2
    assert not home.serving(), "what was started is stopped"
    assert home.settings.read_text() == settings
    assert "ANTHROPIC_BASE_URL" in run.stderr, "the user is told what stands in place of the settings"


def test_its_exit_status_is_passed_on(home: Home, upstream: FakeUpstream) -> None:
    play = Play(Refused(401, "Incorrect API key provided")).at(upstream)
    run = home.code("--model", "shop/gpt-5", "--", "-p", "Say hello.")
    assert run.returncode == 1
    assert "Incorrect API key provided" in run.stdout
    assert [(kind, model_of(received)) for kind, received in play.seen] == [("main", "gpt-5")]
    assert not home.serving()
