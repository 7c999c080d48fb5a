"""The Makefile and .ci/run: what they offer, and what they say where they cannot go on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.deploy.proxy import ROOT

TARGETS = ["run", "demo", "test", "check", "bench", "pictures", "migrate"]


def test_make_alone_and_make_help_list_the_targets() -> None:
    alone, helped = _make(ROOT), _make(ROOT, "help")
    assert alone.returncode == 0
    assert alone.stdout == helped.stdout
    lines = alone.stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == TARGETS
    assert all(len(line.split()) > 3 for line in lines), "every target has its line of explanation"


def test_what_the_docs_tell_to_make_can_be_made() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / ".ci" / "run"]
    told = {
        target
        for page in pages
        for target in re.findall(r"(?:^|[`\s])make ([a-z]+)(?=[`\s;,.])", _commands(page.read_text()), re.MULTILINE)
    }
    assert told
    assert told <= {*TARGETS, "help"}


def test_a_python_that_is_too_old_is_refused_with_advice(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    done = _make(tmp_path, "run", "PYTHON=false")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer; false would not do" in done.stderr
    assert "make run PYTHON=/path/to/python3" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_ci_runs_check_and_test() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text().splitlines()[-1].split()[-2:] == ["check", "test"]
    assert script.read_text().splitlines()[-1].startswith("exec make ")


def _commands(text: str) -> str:
    """Code in the page: fenced blocks and what stands between backticks; a script is code as a whole."""
    if not re.search(r"```|`make", text):
        return text
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


def _make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Not part of a `make test` around it, whose flags would come along.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
