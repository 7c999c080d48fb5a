"""`ccproxy migrate`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccproxy.cli import home
from ccproxy.store.models import SCHEMA
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine
from ccproxy.store.vault import Vault, new_key


def test_migrate_makes_the_database_and_may_run_again(run, url):
    for _ in range(2):
        result = run("migrate")
        assert (result.exit_code, result.output) == (0, f"database is at schema {SCHEMA}\n")
    assert Providers(open_engine(url), Vault([new_key()])).snapshot().providers == ()


@pytest.mark.parametrize("module", [False, True], ids=["program", "module"])
def test_the_program_is_installed_and_runs_in_an_empty_folder(tmp_path, module):
    program = (
        [sys.executable, "-W", "error", "-m", "ccproxy"] if module else [Path(sys.executable).with_name("ccproxy")]
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CCPROXY_")}
    environ["CCPROXY_DATABASE_URL"] = "sqlite:///made/here.db"
    done = subprocess.run(
        [*program, "migrate"], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"database is at schema {SCHEMA}\n", "")
    assert (tmp_path / "made" / "here.db").exists()


@pytest.fixture
def elsewhere(run, tmp_path, monkeypatch):
    """Commands in some folder, without a database's address; what is beside the sources is beside `tmp_path`."""
    monkeypatch.setattr(home, "ROOT", tmp_path)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return lambda *arguments: run(*arguments, CCPROXY_DATABASE_URL="")


def test_from_any_folder_it_is_the_database_that_the_others_use(elsewhere, tmp_path):
    there = tmp_path / "data" / "ccproxy.db"
    for command in ("check", "logs", "rotate-secrets"):
        result = elsewhere(command)
        assert (result.exit_code, result.stderr) == (
            1,
            f"ccproxy: CCPROXY_DATABASE_URL: there is no {there} yet: run `ccproxy migrate`\n",
        )
    assert not there.exists()
    assert elsewhere("migrate").exit_code == 0
    assert there.exists()
    assert [elsewhere(command).exit_code for command in ("check", "logs", "rotate-secrets")] == [0, 0, 0]
    assert list((tmp_path / "project").iterdir()) == []
