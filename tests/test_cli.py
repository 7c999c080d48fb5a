import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from ccproxy.cli import main
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine
from ccproxy.store.vault import Vault, key_file, load_keys, new_key, open_vault

FIELDS = {"type": "openai-chat", "api_base_url": "http://x"}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/ccproxy.db"


@pytest.fixture
def run(url, monkeypatch):
    """Runs `ccproxy …` with nothing in the environment but the database and what is given."""
    for name in list(os.environ):
        if name.startswith("CCPROXY_"):
            monkeypatch.delenv(name)

    def run(*arguments: str, **environ: str) -> Result:
        return CliRunner().invoke(main, arguments, env={"CCPROXY_DATABASE_URL": url, **environ})

    return run


def add(url: str, vault: Vault, name: str = "a") -> None:
    Providers(open_engine(url), vault).save({"name": name, **FIELDS, "api_key": f"sk-{name}"})


def test_migrate_makes_the_database_and_may_run_again(run, url):
    for _ in range(2):
        result = run("migrate")
        assert (result.exit_code, result.output) == (0, "database is at schema 0001\n")
    assert Providers(open_engine(url), Vault([new_key()])).snapshot().providers == ()


def test_check_before_and_after_the_first_start(run, url):
    result = run("check")
    assert result.exit_code == 1
    assert "run `ccproxy migrate`" in result.stderr
    run("migrate")
    result = run("check")
    assert (result.exit_code, result.output) == (
        0,
        "settings and database are in order; 0 stored keys can be decrypted\n",
    )
    add(url, open_vault((), url))
    assert "1 stored keys" in run("check").output


def test_check_with_a_foreign_key(run, url):
    run("migrate")
    add(url, open_vault((), url))
    result = run("check", CCPROXY_SECRET_KEYS=new_key())
    assert result.exit_code == 1
    assert "none of the 1 stored" in result.stderr
    key_file(url).unlink()
    assert "missing or empty" in run("check").stderr


def test_new_secret_is_one_that_is_accepted(run):
    key = run("new-secret").output.strip()
    run("migrate")
    assert run("check", CCPROXY_SECRET_KEYS=key).exit_code == 0
    assert run("new-secret").output.strip() != key


def test_rotate_with_the_key_file(run, url):
    run("migrate")
    add(url, open_vault((), url))
    before = load_keys((), url)
    result = run("rotate-secrets")
    assert (result.exit_code, result.output) == (0, f"1 tokens encrypted anew under the first key of {key_file(url)}\n")
    fresh, *old = load_keys((), url)
    assert tuple(old) == before
    assert Providers(open_engine(url), Vault([fresh])).snapshot().get("a").api_key == "sk-a"


def test_rotate_with_given_keys(run, url):
    old, new = new_key(), new_key()
    run("migrate")
    add(url, Vault([old]))
    result = run("rotate-secrets", CCPROXY_SECRET_KEYS=f"{new},{old}")
    assert (result.exit_code, result.output) == (
        0,
        "1 tokens encrypted anew under the first key of the secret_keys setting\n",
    )
    assert run("check", CCPROXY_SECRET_KEYS=new).exit_code == 0
    assert new not in result.output


def test_rotate_refuses_what_it_cannot_read(run, url):
    run("migrate")
    add(url, open_vault((), url))
    add(url, Vault([new_key()]), "b")
    result = run("rotate-secrets")
    assert result.exit_code == 1
    assert result.stderr.startswith("ccproxy: provider 'b': its stored api_key cannot be decrypted")


@pytest.mark.parametrize("command", ["migrate", "check", "rotate-secrets"])
def test_a_bad_setting_is_one_line_and_no_traceback(run, command):
    result = run(command, CCPROXY_PORT="eighty")
    assert result.exit_code == 1
    assert result.stderr == "ccproxy: CCPROXY_PORT: 'eighty' is not allowed; must be a whole number from 1 to 65535\n"
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["rotate-secrets", "check"])
def test_nothing_is_done_to_a_database_of_another_version(run, url, command):
    run("migrate")
    with open_engine(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert "is at schema 0000" in run(command).stderr


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
    assert (done.returncode, done.stdout, done.stderr) == (0, "database is at schema 0001\n", "")
    assert (tmp_path / "data" / "ccproxy.db").exists()
