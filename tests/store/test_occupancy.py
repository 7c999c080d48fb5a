"""The lock that tells whether somebody serves with a database."""

from __future__ import annotations

import gc
import os
import stat

import pytest

from ccproxy.errors import SettingsError
from ccproxy.store.occupancy import InUse, Occupancy, alone, lock_file


def test_many_may_serve_and_nobody_restores_meanwhile(url):
    first, second = Occupancy(url), Occupancy(url)
    with pytest.raises(InUse, match=r"uses .*ccproxy\.db: stop it first"), alone(url):
        pytest.fail("somebody serves")
    del first
    gc.collect()
    with pytest.raises(InUse), alone(url):
        pytest.fail("somebody serves still")
    del second
    gc.collect()
    with alone(url):
        pass


def test_nobody_begins_to_serve_while_it_is_restored_and_afterwards_all_may(url):
    with alone(url):
        with pytest.raises(SettingsError, match=r"ccproxy\.db is being restored"):
            Occupancy(url)
        with pytest.raises(InUse), alone(url):
            pytest.fail("two at once")
    assert Occupancy(url)


def test_what_is_raised_inside_is_not_taken_for_a_lock(url):
    with pytest.raises(BlockingIOError), alone(url):
        raise BlockingIOError


def test_a_fork_serves_on_when_its_parent_does_not(url):
    ready, done = os.pipe(), os.pipe()
    held = Occupancy(url)
    child = os.fork()
    if not child:
        os.write(ready[1], b"x")
        os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    del held
    gc.collect()
    with pytest.raises(InUse), alone(url):
        pytest.fail("the fork serves")
    os.write(done[1], b"x")
    os.waitpid(child, 0)
    with alone(url):
        pass
    for end in (*ready, *done):
        os.close(end)


def test_the_file_is_private_and_beside_the_database(url):
    held = Occupancy(url)
    path = lock_file(url)
    assert path.name == "ccproxy.db.lock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    del held


def test_another_database_needs_none():
    assert Occupancy("postgresql://localhost/x")
    assert lock_file("postgresql://localhost/x") is None
    with pytest.raises(SettingsError, match="not SQLite"), alone("postgresql://localhost/x"):
        pytest.fail("there is nothing to lock")


def test_where_no_file_can_be_made_the_start_says_so(tmp_path):
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be opened"):
        Occupancy(f"sqlite:///{tmp_path}/data/ccproxy.db")
