"""Claude Code as a program: found, read for what would lead it away, and run. Programs of ours stand in for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ccproxy.cli import claude
from tests.live.server import until


def program(path: Path, text: str = "exit 0") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("place", ["bin/claude", ".local/bin/claude", ".claude/local/claude"])
def test_it_is_found_on_the_path_or_where_it_installs_itself(tmp_path: Path, place: str) -> None:
    installed = program(tmp_path / place)
    assert claude.find({"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}) == installed


def test_one_that_is_named_wins(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "claude")
    other = program(tmp_path / "other")
    assert claude.find({"PATH": str(tmp_path / "bin"), "CLAUDE": other}) == other
    with pytest.raises(claude.NotInstalled, match=r"CLAUDE: '.*/gone' is not a program"):
        claude.find({"PATH": str(tmp_path / "bin"), "CLAUDE": str(tmp_path / "gone")})


def test_where_it_is_not_the_error_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(claude.NotInstalled, match="npm install -g @anthropic-ai/claude-code"):
        claude.find({"PATH": str(tmp_path), "HOME": str(tmp_path)})


def settings(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))


OURS = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:3456", "N": "1"}


@pytest.mark.parametrize(
    ("env", "found"),
    [
        ({"ANTHROPIC_BASE_URL": "http://elsewhere"}, {"ANTHROPIC_BASE_URL"}),
        ({"ANTHROPIC_BASE_URL": "http://127.0.0.1:3456", "N": 1}, set()),
        ({"ANTHROPIC_API_KEY": "k", "CLAUDE_CODE_USE_BEDROCK": 1}, {"ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_BEDROCK"}),
        ({"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_USE_BEDROCK": "0", "OTHER": "x"}, set()),
        (["not", "an", "object"], set()),
    ],
)
@pytest.mark.parametrize("place", ["home/.claude/settings.json", "here/.claude/settings.local.json"])
def test_settings_that_contradict(tmp_path: Path, place: str, env: Any, found: set[str]) -> None:
    settings(tmp_path / place, {"env": env})
    told = claude.contradictions({"HOME": str(tmp_path / "home")}, tmp_path / "here", OURS)
    assert told == dict.fromkeys(found, tmp_path / place)


def test_the_stronger_file_is_named_and_broken_ones_are_passed_over(tmp_path: Path) -> None:
    environ = {"CLAUDE_CONFIG_DIR": str(tmp_path / "config")}
    settings(tmp_path / "config" / "settings.json", {"env": {"N": "2"}})
    settings(tmp_path / ".claude" / "settings.json", "{ not JSON")
    settings(tmp_path / ".claude" / "settings.local.json", ["a", "list"])
    assert claude.contradictions(environ, tmp_path, OURS) == {"N": tmp_path / "config" / "settings.json"}
    settings(tmp_path / ".claude" / "settings.json", {"env": {"N": "3"}})
    assert claude.contradictions(environ, tmp_path, OURS) == {"N": tmp_path / ".claude" / "settings.json"}


@pytest.mark.parametrize(
    ("arguments", "document", "chosen"),
    [
        ([], {}, False),
        (["--permission-mode", "plan"], {}, True),
        (["--permission-mode=plan"], {}, True),
        (["--dangerously-skip-permissions"], {}, True),
        (["-p", "hello"], {}, True),
        (["--model", "x"], {"permissions": {"defaultMode": "acceptEdits"}}, True),
        ([], {"permissions": ["x"]}, False),
        ([], {"permissions": {"allow": ["x"]}}, False),
    ],
)
def test_whether_a_mode_is_chosen(tmp_path: Path, arguments: list[str], document: Any, chosen: bool) -> None:
    settings(tmp_path / ".claude" / "settings.json", document)
    assert bool(claude.mode_is_chosen({"HOME": str(tmp_path / "home")}, tmp_path, arguments)) is chosen


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ([], None),
        (["--model", "a"], "a"),
        (["--model=a", "--model", "b"], "b"),
        (["--model"], None),
        (["--models", "a"], None),
    ],
)
def test_the_value_of_an_option(arguments: list[str], value: str | None) -> None:
    assert claude.option(arguments, "--model") == value


@pytest.mark.parametrize(("text", "status"), [("exit 7", 7), ("kill -KILL $$", 137), ('test "$A" = b', 0)])
def test_its_exit_status_is_ours(tmp_path: Path, text: str, status: int) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert claude.run([program(tmp_path / "claude", text)], {"A": "b", "PATH": os.environ["PATH"]}) == status
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_what_cannot_be_run_is_said(tmp_path: Path) -> None:
    (tmp_path / "claude").write_text("#!/nowhere/at/all\n")
    (tmp_path / "claude").chmod(0o755)
    with pytest.raises(claude.NotInstalled, match="cannot be run: No such file"):
        claude.run([str(tmp_path / "claude")], {})


def test_a_signal_that_comes_when_it_has_ended_takes_its_exit_status_from_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = claude._wait

    def late(child: subprocess.Popen[bytes]) -> int:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        os.kill(os.getpid(), signal.SIGTERM)
        status = wait(child)
        signal.raise_signal(signal.SIGHUP)  # nobody of that number is there any more
        return status

    monkeypatch.setattr(claude, "_wait", late)
    assert claude.run([program(tmp_path / "claude", "exit 7")], {"PATH": os.environ["PATH"]}) == 7


RUN = "import os, sys; from ccproxy.cli import claude; sys.exit(claude.run(sys.argv[1:], os.environ))"


def beside(tmp_path: Path, text: str) -> subprocess.Popen[bytes]:
    """`run` in a process of its own, with a child that says in a file when it listens."""
    child = program(tmp_path / "claude", text.replace("READY", str(tmp_path / "ready")))
    process = subprocess.Popen([sys.executable, "-c", RUN, child], start_new_session=True)
    until((tmp_path / "ready").exists, "the child listens")
    return process


LISTENS = "trap 'exit 3' {signal}\n: > READY\nwhile :; do sleep 0.05; done"


@pytest.mark.parametrize("name", ["TERM", "HUP"])
def test_a_signal_to_us_is_handed_on(tmp_path: Path, name: str) -> None:
    process = beside(tmp_path, LISTENS.format(signal=name))
    process.send_signal(getattr(signal, f"SIG{name}"))
    assert process.wait(10) == 3


def test_an_interrupt_is_the_child_s_affair(tmp_path: Path) -> None:
    """The terminal sends it to both, and Claude Code is not ended by it."""
    process = beside(
        tmp_path, "trap ': > READY.again' INT\n: > READY\nwhile ! test -e READY.again; do sleep 0.05; done\nexit 4"
    )
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(10) == 4


def test_when_it_stops_itself_so_do_we(tmp_path: Path) -> None:
    process = beside(tmp_path, ": > READY\nkill -STOP $$\nexit 5")

    def state() -> str:
        return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    if not Path("/proc/self/stat").exists():
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        pytest.skip("there is no /proc here to see a stopped process in")
    until(lambda: state() == "T", "we are stopped")
    process.send_signal(signal.SIGCONT)
    assert process.wait(10) == 5


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--a", "1", "-p"], ["-p"]),
        (["-p", "--a=1", "x", "--a", "2"], ["-p", "x"]),
        (["--ab", "1", "--a"], ["--ab", "1"]),
    ],
)
def test_an_option_is_taken_out(arguments: list[str], left: list[str]) -> None:
    assert claude.without(arguments, "--a") == left


def test_settings_with_a_byte_order_mark_are_settings(tmp_path: Path) -> None:
    path = tmp_path / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"env": {"ANTHROPIC_BASE_URL": "http://x"}}', encoding="utf-8-sig")
    found = claude.contradictions({"HOME": str(tmp_path)}, tmp_path / "project", {"ANTHROPIC_BASE_URL": "http://y"})
    assert found == {"ANTHROPIC_BASE_URL": path}
