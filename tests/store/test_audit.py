"""The audit trail: what is recorded with which change, what is not, and that nothing is taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.exc import DBAPIError

from ccproxy.errors import Unavailable
from ccproxy.store.audit import COMMAND_LINE, Actor, Audit, Wanted, record
from ccproxy.store.migrations import migrate
from ccproxy.store.models import SCHEMA, audit_events
from ccproxy.store.providers import Providers
from ccproxy.store.rotation import rotate
from ccproxy.store.routes import Routes, RouteTarget
from ccproxy.store.session import open_engine
from tests.store.test_migrations import to

ANNA = Actor("anna", "10.0.0.7")
NEEDED = {"type": "openai-chat", "api_base_url": "http://127.0.0.1:1/v1"}
START = datetime(2026, 3, 1, tzinfo=UTC)


def shown(provider):
    """As the API shows it, in short: a key by its end."""
    return {
        "name": provider.name,
        "models": list(provider.models),
        "enabled": provider.enabled,
        "key": provider.api_key and provider.api_key[-4:],
        "updated_at": str(provider.updated_at),
    }


@pytest.fixture
def providers(engine, vault, said):
    return Providers(engine, vault, said, shown)


def events(engine, **wanted):
    return Audit(engine).page(Wanted(**wanted), 100)


def last(engine):
    told = events(engine)[0]
    return told.action, told.subject, told.before, told.after, told.detail


def test_each_change_is_told_with_who_from_where_before_and_after(engine, providers):
    before = datetime.now(UTC)
    providers.save({"name": "a", **NEEDED, "api_key": "sk-12345678"}, ANNA)
    [told] = events(engine)
    assert (told.actor, told.address) == ("anna", "10.0.0.7")
    assert before <= told.at <= datetime.now(UTC)
    assert (told.action, told.subject, told.before) == ("provider.create", "a", None)
    assert (told.after["key"], told.after["enabled"]) == ("5678", True)
    providers.save({"name": "a", "models": ["m"]}, ANNA)
    assert last(engine) == ("provider.change", "a", {"models": []}, {"models": ["m"]}, None)
    providers.toggle("a", ANNA)
    assert last(engine) == ("provider.toggle", "a", {"enabled": True}, {"enabled": False}, None)
    providers.change("a", {"name": "b"}, ANNA)
    assert last(engine) == ("provider.change", "a", {"name": "a"}, {"name": "b"}, None)
    providers.delete("b", ANNA)
    action, subject, was, after, _ = last(engine)
    assert (action, subject, was["models"], after) == ("provider.delete", "b", ["m"], None)


def test_a_change_of_nothing_is_none(engine, providers):
    providers.save({"name": "a", **NEEDED}, ANNA)
    providers.save({"name": "a", **NEEDED}, ANNA)
    providers.change("a", {}, ANNA)
    assert len(events(engine)) == 1


def test_a_secret_that_changed_is_told_by_its_name_alone(engine, providers):
    providers.save({"name": "a", **NEEDED, "api_key": "sk-first-5678", "headers": {"x-token": "one"}}, ANNA)
    providers.change("a", {"api_key": "sk-other-5678", "headers": {"x-token": "two"}}, ANNA)
    assert last(engine) == ("provider.change", "a", {}, {}, "changed without being shown: api_key, headers")
    everything = str(rows(engine, "SELECT * FROM audit_events"))
    assert "5678" in everything
    assert not any(secret in everything for secret in ("sk-first", "sk-other", "one'", "two'"))


def test_where_nobody_says_how_to_show_a_row_its_name_is_all(engine, vault):
    Providers(engine, vault).save({"name": "a", **NEEDED, "api_key": "sk-1"}, ANNA)
    assert last(engine)[3] == {"name": "a"}


def test_routes_are_told_too(engine):
    routes = Routes(engine, show=lambda route: {"name": route.name, "priority": route.priority})
    routes.save({"name": "r", "targets": (RouteTarget(provider="a", model="m"),)}, ANNA)
    routes.change("r", {"priority": 3}, ANNA)
    assert last(engine) == ("route.change", "r", {"priority": 0}, {"priority": 3}, None)
    routes.toggle("r", ANNA)
    assert last(engine)[4] == "changed without being shown: enabled"
    routes.delete("r", ANNA)
    assert [event.action for event in reversed(events(engine))] == [
        "route.create",
        "route.change",
        "route.toggle",
        "route.delete",
    ]


def test_what_a_start_offers_is_told_of_nobody(engine, providers):
    providers.add_missing([{"name": "a", **NEEDED}])
    providers.add_missing([{"name": "a", **NEEDED}])
    [told] = events(engine)
    assert (told.actor, told.address, told.action) == ("", "", "provider.create")
    assert told.detail == "offered by the configuration of a start"


def test_a_change_that_fails_leaves_no_event_and_an_event_that_fails_no_change(engine, providers, monkeypatch):
    providers.save({"name": "a", **NEEDED}, ANNA)
    providers.save({"name": "b", **NEEDED}, ANNA)
    with pytest.raises(Exception, match="exists already"):
        providers.change("a", {"name": "b"}, ANNA)
    assert len(events(engine)) == 2
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'no'); END")
        )
    for write in (lambda: providers.toggle("a", ANNA), lambda: providers.delete("a", ANNA)):
        with pytest.raises((DBAPIError, Unavailable)):
            write()
    assert providers.snapshot().get("a").enabled


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor = 'somebody else'",
        "DELETE FROM audit_events",
        "INSERT OR REPLACE INTO audit_events SELECT id, at, 'x', address, action, subject, before, after, detail"
        " FROM audit_events",
    ],
)
def test_events_are_only_ever_added(engine, statement):
    with engine.begin() as connection:
        record(connection, ANNA, "provider.create", "a")
    before = rows(engine, "SELECT * FROM audit_events")
    with pytest.raises(DBAPIError, match="audit events are only ever added"), engine.begin() as connection:
        connection.execute(text(statement))
    assert rows(engine, "SELECT * FROM audit_events") == before
    with engine.begin() as connection:
        record(connection, ANNA, "provider.delete", "a")
    assert len(events(engine)) == 2


def test_what_is_not_there_is_null(engine):
    with engine.begin() as connection:
        record(connection, ANNA, "provider.create", "a" * 300)
    assert rows(engine, "SELECT before, after, detail, length(subject) FROM audit_events") == [(None, None, None, 200)]


def test_pages_are_newest_first_and_leave_nothing_out(engine):
    fill(engine, 25)
    found = []
    cursor = None
    while page := Audit(engine).page(Wanted(), 4, cursor):
        assert len(page) <= 4
        found += page
        cursor = (page[-1].at, page[-1].id)
    assert [event.id for event in found] == list(range(25, 0, -1))


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"actor": "a1"}, [23, 20, 17, 14, 11, 8, 5, 2]),
        ({"action": "x.create", "actor": "a0"}, [25, 19, 13, 7, 1]),
        ({"subject": "s5"}, [6]),
        ({"since": START + timedelta(minutes=11)}, [25, 24, 23]),
        ({"until": START + timedelta(minutes=1)}, [2, 1]),
        ({"since": START + timedelta(minutes=3), "until": START + timedelta(minutes=4)}, [8, 7]),
        ({"actor": ""}, []),
    ],
)
def test_filters(engine, wanted, ids):
    fill(engine, 25)
    assert [event.id for event in events(engine, **wanted)] == ids


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"actor": "a"},
        {"action": "a"},
        {"subject": "a"},
        {"since": START},
        {"action": "a", "actor": "a"},
        {"action": "a", "subject": "a"},
    ],
)
def test_every_page_is_found_by_an_index_and_sorted_by_it(engine, wanted):
    asked = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    Audit(engine).page(Wanted(**wanted), 50, (START, 3))
    statement, values = asked[-1]
    with engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert not any("TEMP B-TREE" in step for step in plan), plan
    assert all("USING INDEX ix_audit_events" in step for step in plan), plan
    assert set(wanted) == {"action"} or not any("events_action" in step for step in plan), plan


def test_the_command_line_acts_too(engine, url, vault):
    Providers(engine, vault).save({"name": "a", **NEEDED}, ANNA)
    rotate(engine, (), url)
    [told] = events(engine, action="secrets.rotate")
    assert (told.actor, told.detail) == (COMMAND_LINE.name, "0 tokens encrypted anew under a new key")


def test_a_database_that_is_brought_up_to_date_says_from_where(engine, tmp_path):
    assert events(engine) == [], "a new one has no past"
    old = open_engine(f"sqlite:///{tmp_path}/old.db")
    to(old, "0002")
    migrate(old)
    migrate(old)
    [told] = events(old)
    assert (told.actor, told.action, told.detail) == ("cli", "database.migrate", f"from schema 0002 to {SCHEMA}")


def fill(engine, count):
    """Events two a minute from START on, of three actors and two actions."""
    with engine.begin() as connection:
        connection.execute(
            insert(audit_events),
            [
                {
                    "at": START + timedelta(minutes=number // 2),
                    "actor": f"a{number % 3}",
                    "address": "",
                    "action": ("x.create", "x.delete")[number % 2],
                    "subject": f"s{number}",
                }
                for number in range(count)
            ],
        )


def rows(engine, statement):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_a_database_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "c.db").write_text("no database " * 500)
    with pytest.raises(Unavailable, match="the audit cannot be read"):
        Audit(open_engine(f"sqlite:///{tmp_path}/c.db")).page(Wanted(), 1)
