"""Routes as values and in their table."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ccproxy.errors import Conflict, NotFound, Unavailable
from ccproxy.store import session
from ccproxy.store.audit import Audit, Wanted
from ccproxy.store.routes import MOST_PRIORITY, Match, Route, Routes, RouteTarget, priorities
from ccproxy.store.session import open_engine, sqlite_path
from tests.store.processes import at_once

TARGETS = (RouteTarget(provider="p", model="m"),)
FULL = {
    "name": "gpt-5 for Ann: all/of it",
    "match": Match(
        models=("claude-*", "opus"),
        scenario="think",
        min_input_tokens=1000,
        min_effort="max",
        headers={"x-team": "nine"},
        keys=("ann", "bob"),
        agent="subagent",
    ),
    "targets": (
        RouteTarget(provider="groq", model="a/b", weight=3, parameters={"temperature": 0.5, "thinking": None}),
        RouteTarget(provider="openai", model="gpt-5", weight=0),
    ),
    "strategy": "weighted",
    "priority": -7,
    "enabled": False,
    "retries": 4,
    "first_byte_timeout": 2.5,
    "resume": True,
    "capture": "errors",
}


@pytest.fixture
def routes(engine, said) -> Routes:
    return Routes(engine, said)


def held(providers) -> list[str]:
    return [route.name for route in providers.snapshot().routes]


def test_a_route_that_says_little_takes_every_request_in_order() -> None:
    route = Route(name="all", targets=TARGETS)
    assert route.match == Match()
    assert (route.strategy, route.enabled, route.resume) == ("fallback", True, False)


def test_everything_survives(routes, another):
    before = datetime.now(UTC)
    saved, created = routes.save(FULL)
    assert created
    assert {name: getattr(saved, name) for name in FULL} == FULL
    assert before <= saved.created_at == saved.updated_at <= datetime.now(UTC)
    assert another().snapshot().routes == (saved,)


def test_defaults(routes):
    saved, _ = routes.save({"name": "a", "targets": TARGETS})
    assert saved == Route(name="a", targets=TARGETS, created_at=saved.created_at, updated_at=saved.updated_at)


def test_what_a_match_leaves_out_is_not_kept(engine, routes):
    routes.save({"name": "a", "targets": TARGETS, "match": Match(scenario="image")})
    with engine.connect() as connection:
        assert connection.execute(text("SELECT match FROM routes")).scalar_one() == '{"scenario": "image"}'


@pytest.mark.parametrize("write", ["save", "change"])
def test_fields_left_out_stay(routes, write):
    first, _ = routes.save(FULL)
    changes = {"priority": 9, "match": Match(agent="main")}
    if write == "save":
        second, created = routes.save({"name": FULL["name"], **changes})
        assert not created
    else:
        second = routes.change(FULL["name"], changes)
    assert (second.priority, second.match) == (9, Match(agent="main"))
    assert second.created_at == first.created_at
    assert second.updated_at >= first.updated_at
    kept = FULL.keys() - changes.keys()
    assert {name: getattr(second, name) for name in kept} == {name: FULL[name] for name in kept}


def test_renaming_toggling_deleting(routes, providers):
    for name in ("a", "b"):
        routes.save({"name": name, "targets": TARGETS})
    assert routes.change("a", {"name": "c"}).name == "c"
    with pytest.raises(Conflict, match="a route named 'b' exists already"):
        routes.change("c", {"name": "b"})
    assert held(providers) == ["c", "b"]
    assert routes.toggle("c").enabled is False
    assert routes.toggle("c").enabled is True
    routes.delete("c")
    assert held(providers) == ["b"]


ORDERS = [
    ([], []),
    ([(0, 1), (0, 2)], [0, 0]),
    ([(0, 2), (0, 1)], [1, 0]),
    ([(0, 3), (0, 1), (0, 2)], [1, 0, 0]),
    ([(0, 2), (0, 3), (0, 1)], [1, 1, 0]),
    ([(9, 1), (5, 2), (0, 3)], [9, 5, 0]),
    ([(5, 2), (9, 1), (0, 3)], [10, 9, 0]),
    ([(0, 3), (9, 1), (5, 2)], [10, 9, 5]),
    ([(-5, 1), (0, 2)], [0, 0]),
    ([(0, 2), (MOST_PRIORITY, 1)], [2, 1]),
]


@pytest.mark.parametrize(("wanted", "made"), ORDERS)
def test_an_order_changes_no_more_priorities_than_it_must(wanted: list[tuple[int, int]], made: list[int]) -> None:
    assert priorities(wanted) == made
    assert max(priorities([*wanted, *((0, 9 - index) for index in range(3))]), default=0) <= MOST_PRIORITY


def test_an_order_is_one_write_and_told(routes, providers, engine):
    for name in ("a", "b", "c"):
        routes.save({"name": name, "targets": TARGETS})
    before = providers.snapshot()
    routes.reorder(["c", "a", "b"])
    after = {route.name: route.priority for route in providers.snapshot().routes}
    assert after == {"a": 0, "b": 0, "c": 1}
    [event] = Audit(engine).page(Wanted(action="route.reorder"), 5)
    assert (event.subject, event.detail) == ("c", "changed without being shown: priority")
    routes.reorder(["c", "a", "b"])
    assert len(Audit(engine).page(Wanted(action="route.reorder"), 5)) == 1
    assert before.version < providers.snapshot().version


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b", "c"], ["a", "a"], ["b", "c"]])
def test_an_order_of_other_routes_than_there_are(routes, providers, names):
    for name in ("a", "b"):
        routes.save({"name": name, "targets": TARGETS})
    with pytest.raises(Conflict, match="there are a, b"):
        routes.reorder(names)
    assert [route.priority for route in providers.snapshot().routes] == [0, 0]


@pytest.mark.parametrize(
    "act", [lambda r: r.change("x", {"enabled": True}), lambda r: r.delete("x"), lambda r: r.toggle("x")]
)
def test_unknown_names(routes, providers, act):
    version = providers.snapshot().version
    with pytest.raises(NotFound, match="no route named 'x'"):
        act(routes)
    assert providers.snapshot().version == version


def test_fields_that_are_none(routes, providers):
    with pytest.raises(TypeError, match="not a field of a route: created_at, weight"):
        routes.save({"name": "a", "targets": TARGETS, "weight": 1, "created_at": None})
    assert held(providers) == []


@pytest.mark.parametrize(
    "write",
    [
        lambda r: r.save({"name": "b", "targets": TARGETS}),
        lambda r: r.save({"name": "a", "retries": 0}),
        lambda r: r.change("a", {"resume": True}),
        lambda r: r.toggle("a"),
        lambda r: r.delete("a"),
        lambda r: r.add_missing([{"name": "c", "targets": TARGETS}]),
    ],
    ids=["create", "save", "change", "toggle", "delete", "seed"],
)
def test_another_worker_sees_every_write_at_once(routes, another, write):
    routes.save({"name": "a", "targets": TARGETS})
    one, two = another(), another()
    before = two.snapshot()
    write(routes)
    after = two.snapshot()
    assert after.version == before.version + 1
    assert after.routes != before.routes
    assert after == one.snapshot()


def test_a_provider_that_routes_name_can_go(routes, providers):
    providers.save({"name": "p", "type": "openai-chat", "api_base_url": "http://127.0.0.1:1/v1"})
    routes.save({"name": "a", "targets": TARGETS})
    providers.delete("p")
    assert providers.snapshot().routes[0].targets == TARGETS


class TestSeeding:
    def test_what_an_administrator_made_of_it_stays(self, routes, providers):
        routes.save({"name": "there", "targets": TARGETS, "priority": 5})
        offered = [{"name": name, "targets": TARGETS} for name in ("there", "deleted", "toggled")]
        assert routes.add_missing(offered) == ("deleted", "toggled")
        routes.delete("deleted")
        routes.toggle("toggled")
        before = providers.snapshot()
        assert [(route.name, route.priority, route.enabled) for route in before.routes] == [
            ("there", 5, True),
            ("toggled", 0, False),
        ]
        assert routes.add_missing(offered) == ()
        assert providers.snapshot() == before

    def test_a_provider_of_the_same_name_is_another_thing(self, routes, providers):
        providers.add_missing([{"name": "a", "type": "openai-chat", "api_base_url": "http://127.0.0.1:1/v1"}])
        assert routes.add_missing([{"name": "a", "targets": TARGETS}]) == ("a",)

    def test_nothing_offered_writes_nothing(self, routes, providers):
        assert routes.add_missing([]) == ()
        assert providers.snapshot().version == 1

    def test_at_once(self, engine, url, tmp_path):
        imports = f"""
from ccproxy.store.routes import Routes, RouteTarget
from ccproxy.store.session import open_engine
routes = Routes(open_engine({url!r}))
targets = (RouteTarget(provider="p", model="m"),)
"""
        body = "print(len(routes.add_missing([{'name': n, 'targets': targets} for n in 'abc'])))"
        assert sorted(at_once(tmp_path, imports, body, 3)) == ["0", "0", "3"]


class TestTrouble:
    def test_a_lock_that_is_held_too_long(self, routes, url, said, monkeypatch):
        monkeypatch.setattr(session, "WRITE_SECONDS", 0.05)
        routes.save({"name": "a", "targets": TARGETS})
        holder = sqlite3.connect(sqlite_path(url), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as raised:
            routes.toggle("a")
        assert raised.value.retry_after == 1
        assert said.events == [("routes cannot be written", {"error": "database is locked"})]
        holder.execute("COMMIT")
        holder.close()
        assert routes.toggle("a").enabled is False

    def test_after_close_all_comes_again(self, routes, url):
        routes.save({"name": "a", "targets": TARGETS})
        routes.close()
        routes.delete("a")
        assert sqlite_path(url) is not None
        with open_engine(url).connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM routes")).scalar_one() == 0
