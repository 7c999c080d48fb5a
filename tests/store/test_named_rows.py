"""What providers and routes have in common; what each makes of it is tested with them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import Row, update

from ccproxy.errors import NotFound
from ccproxy.store import version
from ccproxy.store.audit import SYSTEM, Trail
from ccproxy.store.models import routes, seeded_routes
from ccproxy.store.named_rows import NamedRows

COLUMNS = {
    "match": {},
    "targets": [],
    "strategy": "fallback",
    "priority": 0,
    "enabled": True,
    "retries": 1,
    "resume": False,
}


@dataclass(frozen=True)
class Thing:
    name: str


@pytest.fixture
def rows(engine, said) -> NamedRows:
    trail = Trail("thing", lambda row: Thing(row.name), lambda thing: {"name": thing.name})
    return NamedRows(engine, routes, "thing", said, trail=trail, seeded=seeded_routes)


def create(rows, name) -> Row:
    return rows.write(lambda connection: rows.insert(connection, {"name": name, **COLUMNS}, SYSTEM))


def test_each_write_is_one_version_and_one_transaction(engine, rows):
    create(rows, "a")

    def half(connection):
        rows.insert(connection, {"name": "b", **COLUMNS}, SYSTEM)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        rows.write(half)
    with engine.connect() as connection:
        assert version.read(connection) == 2
        assert [row.name for row in rows.all(connection)] == ["a"]


def test_order_is_that_of_creation(engine, rows):
    for name in ("z", "a", "m"):
        create(rows, name)
    with engine.connect() as connection:
        assert [row.name for row in rows.all(connection)] == ["z", "a", "m"]


def test_save_creates_or_changes(rows):
    def change(connection, row):
        connection.execute(update(routes).where(routes.c.id == row.id).values(priority=3))
        return rows.get(connection, row.name).priority

    def new(connection):
        return rows.insert(connection, {"name": "a", **COLUMNS}, SYSTEM).priority

    assert rows.save("a", new, change) == (0, True)
    assert rows.save("a", new, change) == (3, False)


def test_a_name_that_is_not_there_is_called_by_its_noun(rows):
    with pytest.raises(NotFound, match="no thing named 'a'"):
        rows.delete("a", SYSTEM)


def test_a_name_offered_twice_counts_once(rows):
    made = []

    def make(connection, fields):
        made.append(fields)
        rows.insert(connection, {**COLUMNS, **fields}, SYSTEM)

    assert rows.add_missing([{"name": "a", "priority": 1}, {"name": "a", "priority": 2}], make) == ("a",)
    assert made == [{"name": "a", "priority": 2}]
    assert rows.add_missing([{"name": "a"}], make) == ()
