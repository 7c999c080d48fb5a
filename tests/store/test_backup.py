"""Backups: whole while others write, private, and never half there."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import threading

import pytest
from sqlalchemy import text

from ccproxy.errors import SettingsError
from ccproxy.store import archive, backup
from ccproxy.store.archive import DATABASE, KEYS, read
from ccproxy.store.audit import Audit, Wanted
from ccproxy.store.backup import NoBackup, make
from ccproxy.store.models import SCHEMA
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine, sqlite_path, write_engine
from ccproxy.store.vault import key_file, load_keys, open_vault
from tests.store.test_logbook import Lock

FIELDS = {"type": "openai-chat", "api_base_url": "http://x"}


@pytest.fixture
def target(tmp_path):
    return tmp_path / "b.tar"


@pytest.fixture
def filled(engine, url):
    Providers(engine, open_vault((), url)).save({"name": "a", **FIELDS, "api_key": "sk-a"})
    return url


def unpacked(tmp_path, target):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder, read(target, folder)


def rows(path, statement):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def test_the_database_and_its_keys(filled, target, tmp_path):
    manifest = make(filled, target, with_keys=True)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"b.tar", "data"}, "nothing else is left"
    folder, found = unpacked(tmp_path, target)
    assert found == manifest
    assert (manifest.schema, manifest.has_keys) == (SCHEMA, True)
    assert rows(folder / DATABASE, "SELECT name FROM providers") == [("a",)]
    assert rows(folder / DATABASE, "PRAGMA integrity_check") == [("ok",)]
    assert (folder / KEYS).read_bytes() == key_file(filled).read_bytes()


def test_the_keys_may_be_left_out(filled, target, tmp_path):
    assert not make(filled, target, with_keys=False).has_keys
    assert load_keys((), filled)[0].encode() not in target.read_bytes()


def told(url):
    return [(event.action, event.actor, event.detail) for event in Audit(open_engine(url)).page(Wanted(), 5)]


def test_the_audit_knows_of_it(filled, target):
    before = told(filled)
    make(filled, target, with_keys=True)
    with pytest.raises(NoBackup):
        make(filled, target, with_keys=True)
    make(filled, target, with_keys=False, force=True)
    assert told(filled)[: -len(before)] == [
        ("database.backup", "cli", f"to {target}, without the key file"),
        ("database.backup", "cli", f"to {target}, with the key file"),
    ]


def test_a_database_that_takes_no_event_is_backed_up_all_the_same(filled, target, monkeypatch, said):
    monkeypatch.setattr("ccproxy.store.session.WRITE_SECONDS", 0.05)
    before = told(filled)
    lock = Lock(filled)
    make(filled, target, with_keys=True, report=said)
    lock.release()
    assert (said.texts, target.exists(), told(filled)) == (
        ["the backup is made, but is not in the audit"],
        True,
        before,
    )


def test_a_database_of_another_version_is_not_written_to(filled, target):
    with write_engine(open_engine(filled)).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    before = told(filled)
    assert make(filled, target, with_keys=True).schema == "0002"
    assert told(filled) == before


def test_without_a_key_file_there_is_none_in_it(engine, url, target):
    assert not make(url, target, with_keys=True).has_keys
    assert not key_file(url).exists()


def test_it_is_of_one_moment_while_others_write(engine, url, target, tmp_path):
    """Each write is of two tables, in one transaction; a backup has both of it or none."""
    ending = threading.Event()

    def write():
        own = write_engine(open_engine(url), 30)
        number = 0
        while not ending.is_set():
            number += 1
            with own.begin() as connection:
                connection.execute(text("UPDATE request_totals SET total = :number"), {"number": number})
                connection.execute(
                    text("INSERT INTO seeded_routes VALUES (:name, '2026-01-01 00:00:00.000000')"),
                    {"name": str(number)},
                )

    writers = [threading.Thread(target=write)]
    for writer in writers:
        writer.start()
    try:
        seen = []
        for number in range(5):
            make(url, target, with_keys=True, force=True)
            folder = tmp_path / f"unpacked-{number}"
            folder.mkdir()
            read(target, folder)
            [(total,)] = rows(folder / DATABASE, "SELECT total FROM request_totals")
            assert rows(folder / DATABASE, "SELECT count(*) FROM seeded_routes") == [(total,)]
            assert rows(folder / DATABASE, "PRAGMA integrity_check") == [("ok",)]
            seen.append(total)
    finally:
        ending.set()
        for writer in writers:
            writer.join()
    assert seen == sorted(seen)
    assert seen[-1] > seen[0], "somebody wrote meanwhile"


def test_what_is_there_is_replaced_only_when_that_is_said(filled, target):
    target.write_text("mine")
    with pytest.raises(NoBackup, match="is there already; --force replaces it"):
        make(filled, target, with_keys=True)
    assert target.read_text() == "mine"
    make(filled, target, with_keys=True, force=True)
    assert target.stat().st_size > 10_000


def test_what_came_meanwhile_is_not_replaced_either(filled, target, monkeypatch):
    real = archive.write

    def slowly(*given, **more):
        target.write_text("mine")
        return real(*given, **more)

    monkeypatch.setattr(archive, "write", slowly)
    with pytest.raises(NoBackup, match="is there already"):
        make(filled, target, with_keys=True)
    assert target.read_text() == "mine"


def test_not_over_itself(filled):
    for own in (sqlite_path(filled), key_file(filled)):
        before = own.read_bytes()
        with pytest.raises(NoBackup, match="is what is to be backed up"):
            make(filled, own, with_keys=True, force=True)
        assert own.read_bytes() == before


def test_where_it_cannot_be_written_nothing_is_left(filled, tmp_path, monkeypatch):
    with pytest.raises(NoBackup, match="No such file or directory"):
        make(filled, tmp_path / "none" / "b.tar", with_keys=True)
    monkeypatch.setattr(backup.archive, "write", full)
    with pytest.raises(NoBackup, match="No space left on device"):
        make(filled, tmp_path / "b.tar", with_keys=True)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def full(*_, **__):
    raise OSError(28, "No space left on device")


def test_what_is_no_database_of_ours(url, target, tmp_path):
    with pytest.raises(SettingsError, match="there is no"):
        make(url, target, with_keys=True)
    assert not sqlite_path(url).exists()
    with contextlib.closing(sqlite3.connect(tmp_path / "empty.db")) as connection:
        connection.execute("CREATE TABLE x (y)")
    with pytest.raises(NoBackup, match="has no tables yet"):
        make(f"sqlite:///{tmp_path}/empty.db", target, with_keys=True)
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(NoBackup, match="not a database"):
        make(f"sqlite:///{tmp_path}/text.db", target, with_keys=True)
    assert not target.exists()


def test_another_database_has_its_own_program(target):
    with pytest.raises(SettingsError, match="pg_dump --format=custom --file=FILE does that"):
        make("postgresql://localhost/x", target, with_keys=True)
