"""Pages of the log: that they hold what they should, and how SQLite finds it among a million rows.

Nothing here asserts on time. What a page costs is told by its query plan and by the steps that SQLite's machine takes,
which are the same on every computer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert

from bench import history as month
from ccproxy.errors import InvalidRequest
from ccproxy.store import history as module
from ccproxy.store.history import SCANNED, Filters, Position, find, newer, page
from ccproxy.store.logbook import RequestRow
from ccproxy.store.migrations import migrate
from ccproxy.store.models import captures, request_logs
from ccproxy.store.rollups import DIMENSIONS
from ccproxy.store.session import open_engine, write_engine
from ccproxy.store.storage import measure
from ccproxy.store.usage import Answer, Question, ask

START = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def row(number: int, **fields: Any) -> dict[str, Any]:
    given = {"request_id": f"r{number}", "started_at": START + timedelta(seconds=number), "status": 200, **fields}
    return RequestRow(**given).to_dict()


ROWS = (
    row(0, caller="ann", provider="groq", model="groq/a", upstream_model="a", route="outright", duration_ms=10),
    row(1, caller="bob", provider="groq", model="m", upstream_model="a", route="r", client="curl", session_id="s1"),
    row(2, caller="ann", provider="azure", model="m", upstream_model="b", duration_ms=5000, session_id="s1"),
    row(3, caller="ann", provider="groq", status=429, error_type="rate_limit_error", error="answered with HTTP 429"),
    row(4, caller="bob", status=499, error_type="client_closed", error="the client closed the connection"),
    row(
        5, caller="bob", provider="azure", status=503, error_type="api_error", error="100% of 5_0 gone", session_id="s2"
    ),
    row(6, caller="ann", provider="groq", status=200, client="curl"),
    row(6, caller="ann", provider="groq", status=200, client="zed") | {"request_id": "r7"},
)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The rows above; nobody writes to it."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('few')}/ccproxy.db")
    migrate(engine)
    return _filled(engine)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    return _filled(engine)


def _filled(engine: Engine) -> Engine:
    with write_engine(engine).begin() as connection:
        connection.execute(insert(request_logs), list(ROWS))
    return engine


def read(engine: Engine, limit: int = 100, after: Position | None = None, **filters: Any) -> tuple[list[str], Any]:
    with engine.connect() as connection:
        found = page(connection, Filters(**filters), limit, after)
    return [one["request_id"] for one in found.rows], found.next


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "76543210"),
        ({"key": "ann"}, "76320"),
        ({"provider": "azure"}, "52"),
        ({"key": "ann", "provider": "azure"}, "2"),
        ({"model": "a"}, "10"),
        ({"model": "m"}, "21"),
        ({"route": "r"}, "1"),
        ({"client": "curl"}, "61"),
        ({"session": "s1"}, "21"),
        ({"session": "s1", "key": "bob"}, "1"),
        ({"session": "s1", "failed": True}, ""),
        ({"statuses": (429, 429)}, "3"),
        ({"statuses": (400, 499)}, "43"),
        ({"statuses": (200, 200)}, "76210"),
        ({"failed": True}, "543"),
        ({"failed": False}, "76210"),
        ({"failed": True, "key": "bob"}, "54"),
        ({"error_type": "api_error"}, "5"),
        ({"min_duration_ms": 10}, "20"),
        ({"error": "HTTP"}, "3"),
        ({"error": "http"}, "3"),
        ({"error": "100%"}, "5"),
        ({"error": "5_0"}, "5"),
        ({"error": "5%0"}, ""),
        ({"since": START + timedelta(seconds=5)}, "765"),
        ({"until": START + timedelta(seconds=2)}, "10"),
        ({"since": START + timedelta(seconds=2), "until": START + timedelta(seconds=4), "key": "ann"}, "32"),
        ({"key": "nobody"}, ""),
    ],
)
@pytest.mark.parametrize("limit", [100, 1])
def test_filters_choose_and_pages_join(few: Engine, filters: dict[str, Any], expected: str, limit: int) -> None:
    found, following = read(few, limit, **filters)
    while following is not None:
        more, following = read(few, limit, following, **filters)
        found += more
    assert "".join(name[1:] for name in found) == expected


@pytest.mark.parametrize("scanned", [1, 2, 3])
def test_a_page_ends_where_it_has_looked_at_enough_and_the_next_goes_on(
    few: Engine, monkeypatch: pytest.MonkeyPatch, scanned: int
) -> None:
    monkeypatch.setattr(module, "SCANNED", scanned)
    for filters, expected in (
        ({"route": "r"}, ["r1"]),
        ({"key": "bob", "client": "curl"}, ["r1"]),
        ({"failed": True}, 3),
    ):
        found, following = read(few, **filters)
        pages = 1
        while following is not None:
            more, following = read(few, 100, following, **filters)
            found += more
            pages += 1
        assert found == expected or len(found) == expected
        assert pages > 1


def test_rows_that_come_meanwhile_shift_nothing(filled: Engine) -> None:
    first, following = read(filled, 3)
    with write_engine(filled).begin() as connection:
        connection.execute(insert(request_logs), [row(9), row(2) | {"request_id": "r8"}])
    rest, _ = read(filled, 100, following)
    assert (first, rest) == (["r7", "r6", "r5"], ["r4", "r3", "r8", "r2", "r1", "r0"])


def test_a_row_has_every_column(few: Engine) -> None:
    with few.connect() as connection:
        [found] = page(connection, Filters(session="s2"), 1).rows
    assert found == {"id": 6, **ROWS[5]}


def test_one_request_is_found_by_its_id(filled: Engine) -> None:
    with write_engine(filled).begin() as connection:
        connection.execute(
            insert(captures).values(request_id="r3", captured_at=START, request=b"token", truncated=False, size=5)
        )
    with filled.connect() as connection:
        assert find(connection, "r2") == ({"id": 3, **ROWS[2]}, False)
        found = find(connection, "r3")
        assert found is not None
        assert found[1]
        assert find(connection, "r99") is None


@pytest.mark.parametrize("given", ["", "x", "é", "MS4y!", "MQ", "MS4yLjM", "OTk5OTk5OTk5OTk5OTk5OTk5LjE", "LTEuMQ"])
def test_what_no_page_gave_is_no_position(given: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever of its kinds
        Position.decode(given)


def test_a_position_comes_back_to_the_microsecond() -> None:
    position = Position(START, 17)
    assert Position.decode(position.encode()) == position


# --- a million rows ----------------------------------------------------------------------------------------------

# One of each, as an administrator would ask for; those that nothing has let the whole reach be looked at
COMMON: dict[str, dict[str, Any]] = {
    "key": {"key": "key-3"},
    "provider": {"provider": "provider-1"},
    "model": {"model": "model-3"},
    "route": {"route": "route-3"},
    "client": {"client": "zed"},
    "session": {"session": "00000010-0000-4000-8000-000000000003"},
    "status": {"statuses": (500, 599)},
    "failed": {"failed": True},
    "type": {"error_type": "overloaded_error"},
    "words": {"error": "http 52"},
    "slow": {"min_duration_ms": 90_000.0},
    "span": {"since": month.END - timedelta(days=20), "until": month.END - timedelta(days=10)},
}
RARE: dict[str, dict[str, Any]] = {
    **{name: {name: "none"} for name in ("key", "provider", "model", "route", "client", "session")},
    "status": {"statuses": (404, 404)},
    "type": {"error_type": "none"},
    "words": {"error": "none"},
    "slow": {"min_duration_ms": 1e9},
    "span": {"since": month.END - timedelta(days=29), "until": month.END - timedelta(days=1)},
}
MOST_STEPS = 60 * SCANNED
"""Steps of SQLite's machine for a page: some dozens for each row that may be looked at."""


def together(cases: dict[str, dict[str, Any]], most: int) -> Iterator[dict[str, Any]]:
    """Nothing, each alone, each so many together, and all."""
    names = [*chain.from_iterable(combinations(cases, size) for size in range(most + 1)), tuple(cases)]
    for chosen in names:
        yield {key: value for name in chosen for key, value in cases[name].items()}


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A month of a busy team. It takes the disk's space of 700 MB, so it does not stay."""
    folder = tmp_path_factory.mktemp("month")
    yield month.make(folder / "ccproxy.db")
    for path in folder.iterdir():
        path.unlink()


class Watch:
    """What SQLite says of each question: its plan, and how many steps it takes."""

    def __init__(self, connection: Connection) -> None:
        self.plans: list[str] = []
        self.steps = 0
        self._connection = connection
        self._driver: Any = connection.connection.driver_connection
        event.listen(connection, "before_cursor_execute", self._before)
        self._driver.set_progress_handler(self._count, 1000)

    def _before(self, connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("SELECT"):
            return
        planned = self._driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        self.plans.append(" | ".join(one[3] for one in planned))

    def _count(self) -> None:
        self.steps += 1000


def test_any_page_of_a_million_rows_is_searched_for_in_an_index_and_costs_no_more_than_its_share(
    million: Engine,
) -> None:
    seen = set()
    for filters in (*together(COMMON, 1), *together(RARE, 2)):
        with million.connect() as connection:
            for after in (None, Position(month.END - timedelta(days=15), 500_000)):
                watch = Watch(connection)
                found = page(connection, Filters(**filters), 50, after)
                for plan in watch.plans:
                    assert plan.startswith("SEARCH request_logs USING "), (filters, plan)
                    assert "TEMP B-TREE" not in plan, (filters, plan)
                assert watch.steps <= MOST_STEPS, (filters, watch.steps)
                seen.add(len(found.rows))
    assert {0, 50} <= seen


def test_what_was_written_since_is_found_by_its_number(million: Engine) -> None:
    for filters in together(RARE, 1):
        with million.connect() as connection:
            watch = Watch(connection)
            _, last = newer(connection, Filters(**filters), 400_000, 10_000)
        assert last == 400_000 + SCANNED
        assert watch.plans[1] == "SEARCH request_logs USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
        assert watch.steps <= MOST_STEPS


def test_one_request_among_a_million_is_found_by_an_index(million: Engine) -> None:
    with million.connect() as connection:
        [wanted] = page(connection, Filters(), 1, Position(month.END - timedelta(days=9), 1)).rows
        watch = Watch(connection)
        found = find(connection, wanted["request_id"])
    assert found is not None
    assert found[0] == wanted
    assert all("USING INDEX" in plan or "USING COVERING INDEX" in plan for plan in watch.plans), watch.plans
    assert watch.steps < 1000


def test_how_much_is_kept_is_known_without_counting(million: Engine) -> None:
    with million.connect() as connection:
        watch = Watch(connection)
        found = measure(connection)
    assert found["requests"] == month.ROWS
    assert watch.steps < 1000


NOW = month.END - timedelta(hours=9, minutes=30)  # so that neither end is a whole day


def usage(engine: Engine, span: timedelta, by: tuple[str, ...], **where: str) -> tuple[Answer | None, Watch]:
    """The answer, None where it has too many rows, and how it was found."""
    with engine.connect() as connection:
        watch = Watch(connection)
        try:
            answer = ask(connection, Question(since=NOW - span, until=NOW, by=by, where=where), NOW)
        except InvalidRequest as error:
            assert "more than 5,000 rows" in str(error), error  # noqa: PT017 - both are right
            answer = None
    return answer, watch


def test_a_month_s_usage_reads_no_request_and_a_few_thousand_sums(million: Engine) -> None:
    groups = [(), *((name,) for name in (*DIMENSIONS, "day")), ("day", "key"), ("key", "provider", "model", "client")]
    for by in groups:
        answer, watch = usage(million, timedelta(days=30), by)
        assert answer is not None
        assert answer.rows
        for plan in watch.plans:
            assert re.match("SEARCH usage_(days|hours|hours_by) USING PRIMARY KEY", plan), plan
        assert watch.steps < 5_000_000, by


def test_a_month_hour_by_hour_reads_a_row_for_each_name_and_ends_where_there_are_too_many(million: Engine) -> None:
    for by, where in (
        (("hour",), {}),
        (("hour",), {"key": "key-3"}),
        *((("hour", name), {}) for name in DIMENSIONS),
    ):
        answer, watch = usage(million, timedelta(days=30), by, **where)
        names = {"key": month.KEYS, "provider": month.PROVIDERS, "model": month.MODELS, "route": month.ROUTES}
        expected = 711 * {**names, "client": len(month.CLIENTS)}.get(by[-1], 1)
        assert (None if answer is None else len(answer.rows)) == (expected if expected <= 5_000 else None), by
        [plan] = watch.plans
        assert plan == "SEARCH usage_hours_by USING PRIMARY KEY (hour>? AND hour<?)", plan
        assert watch.steps < 2_000_000, (by, watch.steps)


def test_minutes_are_read_by_an_index_of_the_log(million: Engine) -> None:
    for by, where, index in (
        (("minute",), {}, "started_at"),
        (("minute", "model"), {}, "started_at"),
        (("minute", "key"), {"client": "zed"}, "started_at"),
        (("minute", "model"), {"key": "key-3", "provider": "provider-1"}, "caller_started_at"),
        (("minute", "model"), {"provider": "provider-1"}, "provider_started_at"),
    ):
        answer, watch = usage(million, timedelta(hours=3), by, **where)
        assert answer is not None
        assert answer.totals["requests"] > 0
        for plan in watch.plans:
            assert f"INDEX ix_request_logs_{index} (" in plan, plan
            assert "SCAN request_logs" not in plan, plan
        assert watch.steps < 2_000_000, (by, watch.steps)
