"""Restoring: all of it or nothing, and what was there is kept."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from ccproxy.errors import SettingsError
from ccproxy.store import restore as module
from ccproxy.store.archive import BadBackup
from ccproxy.store.audit import Audit, Wanted
from ccproxy.store.backup import make
from ccproxy.store.migrations import migrate
from ccproxy.store.models import SCHEMA
from ccproxy.store.occupancy import InUse, Occupancy
from ccproxy.store.providers import Providers
from ccproxy.store.restore import restore
from ccproxy.store.session import open_engine, sqlite_path
from ccproxy.store.vault import Vault, add_key, key_file, load_keys, new_key, open_vault
from tests.store.test_migrations import to

FIELDS = {"type": "openai-chat", "api_base_url": "http://x"}


def put(url, name, key="sk-1", keys=()):
    providers = Providers(open_engine(url), open_vault(keys, url))
    providers.save({"name": name, **FIELDS, "api_key": key})
    providers.close()


def held(url, keys=()):
    providers = Providers(open_engine(url), open_vault(keys, url))
    found = {provider.name: provider.api_key for provider in providers.snapshot().providers}
    providers.close()
    return found


def content(folder: Path):
    """What every file of a folder holds, locks aside."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".lock"}


@pytest.fixture
def file(engine, url, tmp_path):
    """A backup with the provider `old`; since then there is `new`, too, and a key that was rotated."""
    put(url, "old")
    target = tmp_path / "b.tar"
    make(url, target, with_keys=True)
    put(url, "new")
    add_key(url)
    put(url, "newer")
    return target


@pytest.fixture
def elsewhere(tmp_path):
    return f"sqlite:///{tmp_path}/elsewhere/deep/ccproxy.db"


def test_it_is_as_it_was_and_what_was_there_is_kept(url, file):
    former = load_keys((), url)
    done = restore(url, file)
    assert held(url) == {"old": "sk-1"}
    database, keys = sqlite_path(url), key_file(url)
    assert [path.name for path in done.kept] == ["ccproxy.db.before-restore", "ccproxy.db.key.before-restore"]
    assert done.manifest.schema == SCHEMA
    assert load_keys((), url) == (former[1], former[0]), "the backup's key first; the other goes on to verify"
    assert {path.stat().st_mode & 0o777 for path in database.parent.iterdir()} == {0o600}
    kept = f"sqlite:///{done.kept[0]}"
    shutil.copy(done.kept[1], key_file(kept))
    assert held(kept) == {"old": "sk-1", "new": "sk-1", "newer": "sk-1"}
    assert keys.exists()


def test_the_audit_knows(url, file):
    restore(url, file)
    event = Audit(open_engine(url)).page(Wanted(), 1)[0]
    assert (event.actor, event.action) == ("cli", "database.restore")
    assert event.detail.startswith("backup of 20")


def test_on_a_machine_that_has_nothing_yet(file, elsewhere):
    assert restore(elsewhere, file).kept == ()
    assert held(elsewhere) == {"old": "sk-1"}
    folder = sqlite_path(elsewhere).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(content(folder)) == ["ccproxy.db", "ccproxy.db.key"]


def test_given_keys_stay_where_they_are(engine, url, tmp_path, elsewhere):
    given = (new_key(),)
    put(url, "old", keys=given)
    make(url, tmp_path / "b.tar", with_keys=False)
    with pytest.raises(SettingsError, match="none of the 1 stored"):
        restore(elsewhere, tmp_path / "b.tar")
    with pytest.raises(SettingsError, match="none of the 1 stored"):
        restore(elsewhere, tmp_path / "b.tar", (new_key(),))
    assert content(sqlite_path(elsewhere).parent) == {}
    done = restore(elsewhere, tmp_path / "b.tar", given)
    assert not done.manifest.has_keys
    assert held(elsewhere, given) == {"old": "sk-1"}
    assert not key_file(elsewhere).exists()


def test_a_backup_without_keys_is_opened_by_the_key_file_that_is_there(file, url, tmp_path):
    make(url, tmp_path / "bare.tar", with_keys=False)
    put(url, "later")
    before = key_file(url).read_bytes()
    assert [path.name for path in restore(url, tmp_path / "bare.tar").kept] == ["ccproxy.db.before-restore"]
    assert key_file(url).read_bytes() == before
    assert set(held(url)) == {"old", "new", "newer"}


def test_one_of_an_older_schema_is_brought_up_to_date(tmp_path, elsewhere):
    old = f"sqlite:///{tmp_path}/old.db"
    to(open_engine(old), "0002")
    make(old, tmp_path / "b.tar", with_keys=True)
    assert restore(elsewhere, tmp_path / "b.tar").manifest.schema == "0002"
    engine = open_engine(elsewhere)
    assert [event.action for event in Audit(engine).page(Wanted(), 9)] == ["database.restore", "database.migrate"]


def test_one_of_a_newer_schema_is_refused(url, file, tmp_path):
    newer = f"sqlite:///{tmp_path}/newer.db"
    migrate(open_engine(newer))
    with closing(sqlite3.connect(tmp_path / "newer.db", isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    make(newer, tmp_path / "newer.tar", with_keys=True)
    refused(url, tmp_path / "newer.tar", BadBackup, "is of schema 9999, made by ccproxy")


def refused(url, file, kind, words, **more):
    """It is refused, and nothing is another afterwards."""
    folder = sqlite_path(url).parent
    before = content(folder)
    with pytest.raises(kind, match=words) as raised:
        restore(url, file, **more)
    assert "\n" not in raised.value.message
    assert content(folder) == before


def test_while_somebody_serves(url, file):
    serving = Occupancy(url)
    refused(url, file, InUse, "a running ccproxy uses")
    del serving


def test_while_another_program_has_it_open(url, file, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with closing(sqlite3.connect(sqlite_path(url))) as other:
        other.execute("SELECT * FROM providers").fetchall()
        other.execute("PRAGMA journal_mode = WAL").fetchall()
        with pytest.raises(InUse, match="another program works with"):
            restore(url, file)
    assert set(held(url)) == {"old", "new", "newer"}
    assert not any("restore" in path.name for path in sqlite_path(url).parent.iterdir())


@pytest.mark.parametrize("spoil", ["page", "schema", "none"])
def test_a_damaged_one_is_refused(url, file, tmp_path, spoil):
    def damaged(path, folder):
        manifest = real(path, folder)
        data = bytearray((folder / "ccproxy.db").read_bytes())
        if spoil == "page":
            data[4096:8192] = b"\xff" * 4096
        elif spoil == "none":
            data[:16] = b"something else.."
        (folder / "ccproxy.db").write_bytes(data)
        if spoil == "schema":
            with closing(sqlite3.connect(folder / "ccproxy.db", isolation_level=None)) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '0001'")
        return manifest

    real = module.archive.read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.archive, "read", damaged)
        refused(url, file, BadBackup, "its database is damaged")


def test_one_that_takes_no_event_is_refused(url, file, tmp_path):
    with closing(sqlite3.connect(sqlite_path(url), isolation_level=None)) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'full'); END")
    make(url, tmp_path / "full.tar", with_keys=True)
    refused(url, tmp_path / "full.tar", BadBackup, "the backup cannot be made ready: full")


def test_what_is_no_backup(url, file, tmp_path):
    (tmp_path / "x").write_text("no")
    refused(url, tmp_path / "x", BadBackup, "is no backup")
    refused(url, tmp_path / "none", BadBackup, "No such file")


def test_another_database_has_its_own_program(file):
    with pytest.raises(SettingsError, match="pg_restore"):
        restore("postgresql://localhost/x", file)


@pytest.mark.parametrize("broken", ["link", "keys", "database"])
@pytest.mark.parametrize("kind", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_broken_off_anywhere_everything_is_as_before(url, file, monkeypatch, broken, kind):
    real = Path.replace

    def replace(path, target):
        step = (broken, path.name, Path(target).name)
        if step in (("keys", "merged.key", "ccproxy.db.key"), ("database", "ccproxy.db", "ccproxy.db")):
            raise kind
        return real(path, target)

    def link(*_):
        raise kind

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        if broken == "link":
            patch.setattr(module, "_same", link)
        with pytest.raises(BadBackup if isinstance(kind, OSError) else KeyboardInterrupt):
            restore(url, file)
    assert set(held(url)) == {"old", "new", "newer"}
    assert not any("restore" in path.name for path in sqlite_path(url).parent.iterdir())
    restore(url, file)
    assert held(url) == {"old": "sk-1"}


def test_killed_anywhere_the_database_that_is_there_can_be_read(url, file, monkeypatch, tmp_path):
    """Each change of a name is the last thing that happens once; then whoever comes next finds a whole state."""
    steps = []
    folder = sqlite_path(url).parent
    saved = tmp_path / "saved"
    shutil.copytree(folder, saved)

    def run(last):
        """A copy of the folder as it is after `last` steps, before any clearing up."""
        states = tmp_path / f"state-{last}"
        steps.clear()

        def killing(real):
            def step(*given):
                result = real(*given)
                steps.append(given)
                if len(steps) == last:
                    shutil.copytree(folder, states)
                return result

            return step

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", killing(Path.replace))
            patch.setattr(module, "_same", killing(module._same))
            restore(url, file)
        shutil.rmtree(folder)
        shutil.copytree(saved, folder)
        return states, len(steps)

    _, total = run(0)
    assert total == 4
    for last in range(1, total + 1):
        state, _ = run(last)
        found = held(f"sqlite:///{state}/ccproxy.db")
        assert set(found) == ({"old"} if last == total else {"old", "new", "newer"})
        assert set(found.values()) == {"sk-1"}, "its keys are there"


def test_what_one_restore_kept_another_does_not_write_over(url, file):
    restore(url, file)
    put(url, "again")
    refused(url, file, BadBackup, "ccproxy.db.before-restore is there already, from another restore: move it away")
    for kept in sqlite_path(url).parent.glob("*.before-restore"):
        kept.unlink()
    restore(url, file)
    assert held(url) == {"old": "sk-1"}


def test_what_a_killed_one_left_is_cleared_up(url, file):
    database = sqlite_path(url)
    os.link(database, f"{database}.before-restore")
    left = database.parent / ".ccproxy-restore-x1"
    left.mkdir()
    (left / "ccproxy.db").write_text("half")
    restore(url, file)
    assert not left.exists()
    assert held(url) == {"old": "sk-1"}


def test_on_a_file_system_without_links(url, file, monkeypatch):
    def no_links(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", no_links)
    done = restore(url, file)
    assert held(url) == {"old": "sk-1"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in done.kept)


@pytest.mark.parametrize("damage", ["not a database", "malformed"])
def test_a_damaged_database_can_be_replaced(url, file, damage):
    database = sqlite_path(url)
    if damage == "malformed":
        data = bytearray(database.read_bytes())
        data[100:4096] = b"\xff" * 3996
        database.write_bytes(data)
    else:
        database.write_text("no database at all " * 500)
    wal = database.with_name("ccproxy.db-wal")
    wal.write_bytes(b"left over from it")
    restore(url, file)
    assert held(url) == {"old": "sk-1"}
    with open_engine(url).connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    assert database.with_name("ccproxy.db.before-restore").exists()


def test_the_log_of_a_damaged_one_comes_back_where_that_fails(url, file, monkeypatch):
    database = sqlite_path(url)
    wal = database.with_name("ccproxy.db-wal")
    wal.write_bytes(b"its log")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_folded", lambda connection, path: path != database)
    monkeypatch.setattr(module, "_same", full)
    with pytest.raises(BadBackup, match="cannot be replaced: No space left"):
        restore(url, file)
    assert wal.read_bytes() == b"its log"


def test_without_any_key_nothing_must_be_encrypted(engine, url, tmp_path, elsewhere):
    make(url, tmp_path / "b.tar", with_keys=True)
    restore(elsewhere, tmp_path / "b.tar")
    assert not key_file(elsewhere).exists()
    assert Vault(load_keys((), elsewhere))
