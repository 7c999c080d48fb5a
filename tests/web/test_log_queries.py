"""The words in which the log is asked; what comes out is looked at in `test_logs` and in `tests/cli/test_logs.py`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from ccproxy.errors import InvalidRequest, NotFound
from ccproxy.store.history import Filters, Position
from ccproxy.web import log_queries
from ccproxy.web.parameters import Parameters


def given(**values: str) -> Parameters:
    return Parameters(MultiDict({name.rstrip("_"): value for name, value in values.items()}), log_queries.ALLOWED)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {}),
        ({"key": "ann", "session": "s", "error": "50 %"}, {"key": "ann", "session": "s", "error": "50 %"}),
        ({"status": "503"}, {"statuses": (503, 503)}),
        ({"status": "5xx"}, {"statuses": (500, 599)}),
        ({"status": "error"}, {"failed": True}),
        ({"min_duration_ms": "0"}, {"min_duration_ms": 0}),
        ({"from_": "2026-11-01"}, {"since": datetime(2026, 11, 1, tzinfo=UTC)}),
    ],
)
def test_a_query_becomes_filters(query: dict[str, str], expected: dict[str, Any]) -> None:
    assert log_queries.filters(given(**query)) == Filters(**expected)


def test_last_counts_from_now() -> None:
    since = log_queries.filters(given(last="24h")).since
    assert since is not None
    assert abs(datetime.now(UTC) - timedelta(days=1) - since) < timedelta(minutes=1)


def test_a_cursor_is_an_earlier_page_s() -> None:
    place = Position(datetime(2026, 11, 1, tzinfo=UTC), 7)
    assert log_queries.position(given(cursor=place.encode())) == place
    assert log_queries.position(given()) is None
    with pytest.raises(InvalidRequest):
        log_queries.position(given(cursor="x"))


def test_what_is_not_there_is_said_in_words() -> None:
    with pytest.raises(NotFound, match="CCPROXY_LOG_DAYS"):
        log_queries.one(lambda _: None, "r")
