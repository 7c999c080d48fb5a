import pytest
from sqlalchemy import insert

from ccproxy.store.models import usage_days
from ccproxy.store.reader import Reader
from ccproxy.store.spending import Spending, Spent


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
    return Spending(Reader(engine))


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
def test_what_was_spent_since_a_day(spending, since, key, expected):
    assert spending.since(since, key) == expected
