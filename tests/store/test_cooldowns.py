"""The board of rests: kept across processes, never in a request's way."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from ccproxy.store import cooldowns as module
from ccproxy.store.cooldowns import Cooldown, Cooldowns
from ccproxy.store.session import open_engine, sqlite_path
from tests.store.processes import at_once

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
REST = Cooldown(provider="groq", model="llama", key="f1", reason="429", status=429, since=NOON, until=NOON + 5 * SECOND)


@pytest.fixture
def board(engine, said) -> Cooldowns:
    return Cooldowns(engine, said)


def test_what_one_process_puts_another_reads(board, url):
    bare = Cooldown(provider="groq", reason="unreachable", since=NOON, until=NOON + SECOND)
    assert board.put(REST) is True
    board.put(bare)
    read = Cooldowns(open_engine(url)).news()
    assert sorted(read, key=lambda each: each.key) == [bare, REST]
    assert (bare.model, bare.key, bare.status) == ("", "", None)
    assert read[0].until.tzinfo is UTC


def test_the_newest_stands_in_place_of_what_was_known(board):
    board.put(REST)
    later = replace(REST, reason="529", status=529, since=NOON + SECOND, until=NOON + 60 * SECOND)
    board.put(later)
    assert board.news() == (later,)


@pytest.mark.parametrize(
    ("which", "left"),
    [
        (("groq", "llama", "f1"), 0),
        (("groq", "llama", ""), 1),
        (("groq", "", "f1"), 1),
        (("other", "llama", "f1"), 1),
    ],
)
def test_dropping_takes_exactly_that(board, which, left):
    board.put(REST)
    board.drop(*which)
    assert len(board.news()) == left


def test_what_nobody_came_back_to_goes_after_a_while(board):
    kept, long = timedelta(minutes=10), NOON + timedelta(days=2)
    board.put(REST)
    board.put(replace(REST, model="other", since=NOON + kept, until=long))
    assert {each.model for each in board.news()} == {"llama", "other"}
    board.put(replace(REST, model="third", since=NOON + kept + 6 * SECOND, until=long))
    assert {each.model for each in board.news()} == {"other", "third"}


def test_it_is_read_where_something_has_changed_only(board, url):
    other = Cooldowns(open_engine(url))
    assert (board.news(), board.news()) == ((), None)
    for change, left in (
        (lambda: other.put(REST), (REST,)),
        (lambda: other.claim("groq", "llama", "f1", NOON, NOON + 9 * SECOND), None),
        (
            lambda: other.claim("groq", "llama", "f1", REST.until, NOON + 9 * SECOND),
            (replace(REST, until=NOON + 9 * SECOND),),
        ),
        (lambda: other.drop("groq", "llama", "f2"), None),
        (lambda: other.drop("groq", "llama", "f1"), ()),
    ):
        change()
        assert (board.news(), board.news()) == (left, None)


@pytest.mark.parametrize(
    ("key", "now", "claimed"),
    [
        ("f1", NOON, False),
        ("f1", NOON + 5 * SECOND - timedelta(microseconds=1), False),
        ("f1", NOON + 5 * SECOND, True),
        ("f1", NOON + 6 * SECOND, True),
        ("unknown", NOON, True),
    ],
)
def test_a_rest_can_be_claimed_once_it_is_over(board, key, now, claimed):
    board.put(REST)
    assert board.claim("groq", "llama", key, now, NOON + 30 * SECOND) is claimed
    assert board.news()[0].until == (NOON + 30 * SECOND if claimed and key == "f1" else REST.until)


def test_one_process_of_many_gets_the_probe(board, url, tmp_path):
    for number in range(5):
        board.put(replace(REST, key=f"f{number}"))
    imports = f"""
from datetime import UTC, datetime, timedelta
from ccproxy.store import cooldowns
from ccproxy.store.session import open_engine
cooldowns.WAIT_SECONDS = 30  # whoever does not get the lock in time may probe, which is not what is tested here
board = cooldowns.Cooldowns(open_engine({url!r}))
now = datetime(2026, 3, 1, 13, tzinfo=UTC)
"""
    body = """
for number in range(5):
    print(board.claim("groq", "llama", f"f{number}", now, now + timedelta(seconds=30)))
"""
    printed = at_once(tmp_path, imports, body, 3)
    assert sum(each.split().count("True") for each in printed) == 5


class TestTrouble:
    def test_a_database_that_cannot_be_read_has_no_news(self, engine, board, said):
        board.put(REST)
        assert board.news() == (REST,)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE cooldowns RENAME TO gone"))
            connection.execute(text("UPDATE config_version SET version = version + 1"))
        assert board.news() is None
        assert said.texts == ["cool-downs cannot be read"]

    def test_what_will_never_be_taken_is_not_tried_again(self, engine, board, said):
        """A lasting fault is none of being busy; a database that is gone for a while is."""
        with engine.begin() as connection:
            connection.execute(text("CREATE TRIGGER t BEFORE INSERT ON cooldowns BEGIN SELECT RAISE(ABORT, 'no'); END"))
        assert board.put(REST) is True
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE cooldowns RENAME TO gone"))
        assert board.put(REST) is False
        assert said.texts == ["cool-downs cannot be written"] * 2

    def test_a_lock_that_is_held_stops_no_request(self, board, url, said, monkeypatch):
        board.put(REST)
        monkeypatch.setattr(module, "WAIT_SECONDS", 0.02)
        board = Cooldowns(open_engine(url), said)
        holder = sqlite3.connect(sqlite_path(url), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert board.put(replace(REST, key="f2")) is False
        assert board.drop("groq", "llama", "f1") is False
        assert board.claim("groq", "llama", "f1", NOON, NOON + SECOND) is True
        assert said.texts == ["cool-downs cannot be written"] * 3
        assert board.news() == (REST,), "reading goes on"
        holder.execute("COMMIT")
        holder.close()
        assert board.drop("groq", "llama", "f1") is True
        assert board.news() == ()

    def test_after_close_all_comes_again(self, board):
        board.put(REST)
        board.close()
        board.drop("groq", "llama", "f1")
        assert board.news() == ()
