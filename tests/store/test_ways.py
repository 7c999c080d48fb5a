"""Names that clients invent fill no table: each key's day has so many, what is beyond is counted as `other`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from ccproxy.store import ways as module
from ccproxy.store.logbook import RequestRow
from ccproxy.store.models import usage_days, usage_hours, usage_hours_by
from ccproxy.store.rollups import DIMENSIONS, count
from ccproxy.store.session import write_engine
from ccproxy.store.ways import OTHER, Ways, read

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = int(MOMENT.timestamp()) // 86400


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_MODELS", 2)
    monkeypatch.setattr(module, "MOST_CLIENTS", 3)
    monkeypatch.setattr(module, "MOST_WAYS", 5)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("taken", "way", "expected"),
    [
        ("", "paru", "paru"),
        ("paru pbru", "pcru", "p*ru"),
        ("paru pbru", "qbsv", "qbsv"),
        ("paru pbru", "p-ru", "p-ru"),  # no name is none of them
        ("paru p*ru p-ru", "pbru", "pbru"),  # and neither is `other`
        ("paru parv parw", "parx", "par*"),
        ("paru parv pbrw", "pcrx", "p*r*"),
        ("paru parv parw pbru pbrv", "pbrw", "p*r*"),
        ("paru parv parw pbru pbrv", "paru", "paru"),  # what is there goes on
        ("paru parv parw pbru pbrv", "qasu", "q*s*"),
        ("paru parv parw pbru pbrv q*s*", "qasu", "q*s*"),
    ],
)
def test_which_way_is_taken(taken: str, way: str, expected: str) -> None:
    def named(letters: str) -> Any:
        return tuple({"*": OTHER, "-": ""}.get(letter, letter) for letter in letters)

    ways = Ways(named(letters) for letters in taken.split())
    assert ways.take(named(way)) == named(expected)
    assert ways.take(named(way)) == named(expected)


def rows(names: Iterable[Any], *, caller: str = "eve", at: datetime = MOMENT) -> list[RequestRow]:
    usual: dict[str, Any] = {"provider": "groq", "route": "r", "status": 200, "input_tokens": 7, "cost_usd": 0.5}
    return [
        RequestRow(
            request_id="1", started_at=at, caller=caller, upstream_model=f"model-{name}", client=f"me-{name}", **usual
        )
        for name in names
    ]


def test_invented_names_fill_no_table_and_every_request_counts(engine: Engine) -> None:
    for batch in range(10):  # each could be another worker's, or come after a restart
        with write_engine(engine).begin() as connection:
            at = MOMENT + timedelta(hours=batch % 3)
            count(connection, rows(range(batch * 100, batch * 100 + 100), at=at) + rows([1], caller="ann"))
    with engine.connect() as connection:
        for table in (usage_days, usage_hours):
            sums = select(table.c.key, *(func.sum(table.c[name]) for name in ("requests", "input_tokens", "cost_usd")))
            assert connection.execute(sums.group_by(table.c.key).order_by(table.c.key)).all() == [
                ("ann", 10, 70, 5.0),
                ("eve", 1000, 7000, 500.0),
            ]
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() < 120
            names = select(table.c.model, table.c.client).where(table.c.key == "ann").distinct()
            assert connection.execute(names).all() == [("model-1", "me-1")]
        eve = usage_days.c.key == "eve"
        assert len(connection.execute(select(usage_days.c.model).where(eve).distinct()).all()) == module.MOST_MODELS + 1
        assert (
            len(connection.execute(select(usage_days.c.client).where(eve).distinct()).all()) == module.MOST_CLIENTS + 1
        )
        dimension = usage_hours_by.c.dimension
        by = select(dimension, func.sum(usage_hours_by.c.requests)).group_by(dimension).order_by(dimension)
        found = [tuple(one) for one in connection.execute(by)]
        assert found == [(name, 1010) for name in sorted(("", *DIMENSIONS))]


def test_what_is_counted_is_read_by_day_and_key(engine: Engine) -> None:
    with write_engine(engine).begin() as connection:
        count(connection, rows([1], at=MOMENT) + rows([2], at=MOMENT + timedelta(days=1)) + rows([3], caller="ann"))
        found = read(connection, [(DAY, "eve"), (DAY, "nobody"), (DAY + 1, "eve")])
    assert {which: ways._ways for which, ways in found.items()} == {
        (DAY, "eve"): {("groq", "model-1", "r", "me-1")},
        (DAY, "nobody"): set(),
        (DAY + 1, "eve"): {("groq", "model-2", "r", "me-2")},
    }


def test_the_day_s_names_are_found_by_the_key_of_the_table(engine: Engine) -> None:
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        asked: list[str] = []
        driver.set_trace_callback(asked.append)
        read(connection, [(DAY, "eve"), (DAY, "ann")])
        driver.set_trace_callback(None)
        [plan] = driver.execute(f"EXPLAIN QUERY PLAN {asked[-1]}").fetchall()
    assert plan[3] == "SEARCH usage_days USING PRIMARY KEY (day=? AND key=?)"
