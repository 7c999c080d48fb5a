import time
from types import SimpleNamespace

import pytest
from sqlalchemy import event, insert

from ccproxy.store.models import usage_days
from ccproxy.store.spending import Spending, Spent, spent_since


@pytest.fixture
def spending(engine):
    rows = [
        ("anna", 10, "m", 1, 100, 10, 1000, 5, 0.5),
        ("anna", 11, "m", 2, 200, 20, 1000, 5, 0.25),
        ("anna", 11, "other", 1, 1, 1, 0, 0, 0.0),
        ("ben", 11, "m", 4, 7, 3, 0, 0, 1.0),
    ]
    names = ("key", "day", "model", "requests", "input_tokens", "output_tokens", "cache_read_input_tokens")
    names += ("cache_creation_input_tokens", "cost_usd")
    with engine.begin() as connection:
        fixed = {"provider": "p", "route": "", "client": ""}
        connection.execute(insert(usage_days), [dict(zip(names, row, strict=True)) | fixed for row in rows])
    return engine


@pytest.mark.parametrize(
    ("since", "key", "expected"),
    [
        (10, None, {"anna": Spent(4, 342, 0.75), "ben": Spent(4, 10, 1.0)}),
        (11, None, {"anna": Spent(3, 227, 0.25), "ben": Spent(4, 10, 1.0)}),
        (11, "anna", {"anna": Spent(3, 227, 0.25)}),
        (12, None, {}),
        (10, "nobody", {}),
    ],
)
def test_what_was_spent_since_a_day(spending, monkeypatch, since, key, expected):
    monkeypatch.setattr("ccproxy.store.spending.time", SimpleNamespace(time=lambda: 11 * 86400 + 5))
    with spending.connect() as connection:
        assert spent_since(connection, since, key) == expected
    if key is not None:
        assert Spending(spending).since(since, key) == expected.get(key, Spent())


def test_a_month_of_one_key_is_looked_up_whatever_the_others_did(engine):
    seen = []
    event.listen(
        engine, "before_cursor_execute", lambda _c, _r, statement, given, _x, _m: seen.append((statement, given))
    )
    with engine.connect() as connection:
        spent_since(connection, int(time.time() // 86400) - 30, "anna")
        statement, given = seen[-1]
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
    assert any("day=? AND key=?" in step for step in plan), plan
