"""`ccproxy backup` and `ccproxy restore`."""

from __future__ import annotations

import pytest

from ccproxy.store.occupancy import Occupancy
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine, sqlite_path
from ccproxy.store.vault import Vault, key_file, new_key, open_vault
from tests.cli.conftest import add


@pytest.fixture
def filled(run, url):
    run("migrate")
    add(url, open_vault((), url))
    return url


def names(url):
    return [provider.name for provider in Providers(open_engine(url), open_vault((), url)).snapshot().providers]


def test_there_and_back(run, filled, tmp_path):
    file = tmp_path / "b.tar"
    made = run("backup", str(file))
    assert (made.exit_code, made.output) == (0, f"{file}: the database of schema 0003 and its key file\n")
    add(filled, open_vault((), filled), "b")
    done = run("restore", str(file))
    assert done.exit_code == 0, done.output
    database = sqlite_path(filled)
    first, second, last = done.output.splitlines()
    assert (first, second) == (f"kept: {database}.before-restore", f"kept: {key_file(filled)}.before-restore")
    assert last.startswith("restored: the database of 20")
    assert names(filled) == ["a"]


def test_what_is_there_is_not_replaced(run, filled, tmp_path):
    file = tmp_path / "b.tar"
    file.write_text("mine")
    refused = run("backup", str(file))
    assert (refused.exit_code, file.read_text()) == (1, "mine")
    assert refused.output == f"ccproxy: {file}: is there already; --force replaces it\n"
    assert run("backup", "--force", str(file)).exit_code == 0


def test_keys_that_are_elsewhere_are_said_to_be_missing(run, filled, tmp_path):
    made = run("backup", "--without-keys", str(tmp_path / "bare.tar"))
    assert f"not in it: the key file {key_file(filled)}; without it the providers' keys cannot be read" in made.output
    done = run("restore", str(tmp_path / "bare.tar"))
    assert f"the backup holds no keys; in use is the key file {key_file(filled)}" in done.output


def test_given_keys_are_not_written_down(run, url, tmp_path):
    key = new_key()
    run("migrate")
    add(url, Vault([key]))
    made = run("backup", str(tmp_path / "b.tar"), CCPROXY_SECRET_KEYS=key)
    assert "not in it: CCPROXY_SECRET_KEYS;" in made.output
    assert key.encode() not in (tmp_path / "b.tar").read_bytes()
    lost = run("restore", str(tmp_path / "b.tar"), CCPROXY_SECRET_KEYS=new_key())
    assert (lost.exit_code, lost.output.count("\n")) == (1, 1)
    assert run("restore", str(tmp_path / "b.tar"), CCPROXY_SECRET_KEYS=key).exit_code == 0


def test_not_while_it_is_in_use(run, filled, tmp_path):
    run("backup", str(tmp_path / "b.tar"))
    serving = Occupancy(filled)
    refused = run("restore", str(tmp_path / "b.tar"))
    assert refused.output == f"ccproxy: a running ccproxy uses {sqlite_path(filled)}: stop it first\n"
    assert refused.exit_code == 1
    del serving


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_postgresql_has_programs_of_its_own(run, tmp_path, command):
    refused = run(command, str(tmp_path / "b.tar"), CCPROXY_DATABASE_URL="postgresql://u:secret@localhost/x")
    assert refused.exit_code == 1
    assert ("pg_dump" if command == "backup" else "pg_restore") in refused.output
    assert "secret" not in refused.output
