import os
import sqlite3
import stat
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ccproxy.errors import SettingsError
from ccproxy.store import session
from ccproxy.store.session import open_engine, sqlite_path, write_engine
from ccproxy.store.writer import is_the_database


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _lax_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def test_no_connection_and_no_file_before_the_first_use(tmp_path):
    open_engine(f"sqlite:///{tmp_path}/data/c.db")
    assert list(tmp_path.iterdir()) == []


def test_files_and_folder_belong_to_their_owner_alone(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/data/c.db")
    with engine.connect() as reader, write_engine(engine).begin() as writer:
        writer.execute(text("CREATE TABLE t (x)"))
        reader.execute(text("SELECT 1"))
        names = sorted(path.name for path in (tmp_path / "data").iterdir())
        assert names == ["c.db", "c.db-shm", "c.db-wal"]
        assert {mode(tmp_path / "data" / name) for name in names} == {0o600}
    assert mode(tmp_path / "data") == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    path = tmp_path / "c.db"
    path.touch(mode=0o666)
    tmp_path.chmod(0o755)
    with open_engine(f"sqlite:///{path}").connect():
        assert mode(path) == 0o600
    assert mode(tmp_path) == 0o755, "a folder that was there keeps its mode"


def test_pragmas(tmp_path):
    with open_engine(f"sqlite:///{tmp_path}/c.db").connect() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 250}


@pytest.fixture
def taken(tmp_path):
    """A file that is not in WAL mode yet, and that somebody has for himself."""
    holder = sqlite3.connect(tmp_path / "c.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    yield holder
    holder.close()


def test_the_switch_to_wal_waits_for_the_file(tmp_path, taken, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: taken.in_transaction and taken.execute("COMMIT"))
    with open_engine(f"sqlite:///{tmp_path}/c.db").connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_but_not_for_ever(tmp_path, taken, monkeypatch):
    monkeypatch.setattr(session, "WRITE_SECONDS", 0.0)
    with pytest.raises(OperationalError, match="locked"):
        open_engine(f"sqlite:///{tmp_path}/c.db").connect()


def test_a_relative_path_means_the_folder_of_the_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = open_engine("sqlite:///data/c.db")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with engine.connect():
        assert (tmp_path / "data" / "c.db").exists()


def test_a_write_takes_its_lock_at_its_beginning(tmp_path, monkeypatch):
    """So no transaction that has read fails when it comes to write (SQLite does not wait there)."""
    monkeypatch.setattr(session, "WRITE_SECONDS", 0.05)
    engine = open_engine(f"sqlite:///{tmp_path}/c.db")
    with write_engine(engine).begin() as first:
        first.execute(text("CREATE TABLE t (x)"))
        with pytest.raises(OperationalError, match="locked"), write_engine(engine).begin():
            pass
    with write_engine(engine).begin() as later:
        assert later.execute(text("SELECT count(*) FROM t")).scalar() == 0


@pytest.mark.parametrize(("wait", "seconds"), [(None, 5.0), (0.25, 0.25), (0.0, 0.0)])
def test_how_long_a_write_waits(tmp_path, wait, seconds):
    with write_engine(open_engine(f"sqlite:///{tmp_path}/c.db"), wait).begin() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == seconds * 1000


def test_readers_see_one_state_and_do_not_wait_for_the_writer(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/c.db")
    with write_engine(engine).begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    with engine.connect() as reader:
        assert reader.execute(text("SELECT count(*) FROM t")).scalar() == 0
        with write_engine(engine).begin() as writer:
            writer.execute(text("INSERT INTO t VALUES (1)"))
        assert reader.execute(text("SELECT count(*) FROM t")).scalar() == 0
    with engine.connect() as reader:
        assert reader.execute(text("SELECT count(*) FROM t")).scalar() == 1


def test_rolled_back_when_it_raises(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/c.db")

    def fail() -> None:
        with write_engine(engine).begin() as connection:
            connection.execute(text("CREATE TABLE t (x)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 0


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true"])
def test_sqlite_needs_a_file(url):
    with pytest.raises(SettingsError, match="names no file"):
        open_engine(url)


def test_what_is_no_url_is_not_repeated():
    with pytest.raises(SettingsError) as raised:
        open_engine("hunter2 is my password")
    assert "hunter2" not in raised.value.message


def test_other_databases():
    assert sqlite_path("postgresql://u:p@h/d") is None
    with pytest.raises(SettingsError, match="the driver of postgresql is not installed"):
        open_engine("postgresql://u:hunter2@127.0.0.1/d")


def test_a_file_that_cannot_be_opened_is_the_database_s_error(tmp_path, monkeypatch):
    """Too many open files, say: whoever holds the last snapshot goes on with that, and retention tries again."""

    def full(*_):
        raise OSError(24, "Too many open files")

    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    monkeypatch.setattr(session.os, "open", full)
    with pytest.raises(OperationalError, match=r"unable to open database file.*Too many open files") as caught:
        engine.connect()
    assert is_the_database(caught.value)
