"""`ccproxy migrate`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
def test_the_program_is_installed_and_migrates_in_an_empty_folder(tmp_path, module):
    """As the container's entrypoint does it."""
    program = (
        [sys.executable, "-W", "error", "-m", "ccproxy"] if module else [Path(sys.executable).with_name("ccproxy")]
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CCPROXY_")}
    done = subprocess.run(
        [*program, "migrate"], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"database is at schema {SCHEMA}\n", "")
    assert (tmp_path / "data" / "ccproxy.db").exists()
