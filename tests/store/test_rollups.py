"""What is counted with each batch, and that a log which is there when the tables come is counted the same."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text

from ccproxy.store.logbook import RequestRow, _insert
from ccproxy.store.models import HISTOGRAM_MS, key_uses, request_logs, usage_days, usage_hours, usage_hours_by
from ccproxy.store.rollups import count
from ccproxy.store.session import open_engine, write_engine
from tests.store.test_migrations import to

MOMENT = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
HOUR = int(MOMENT.timestamp()) // 3600


def row(**fields: Any) -> RequestRow:
    given = {"caller": "ann", "provider": "groq", "upstream_model": "llama", "route": "r", "client": "curl"}
    return RequestRow(**{"request_id": "1", "started_at": MOMENT, "status": 200, **given, **fields})


def counted(engine: Engine, *batches: list[RequestRow]) -> list[dict[str, Any]]:
    """The rows of the hours' roll-up; what is 0 is left out."""
    for batch in batches:
        with write_engine(engine).begin() as connection:
            count(connection, batch)
    return found(engine)


def found(engine: Engine, table: Any = usage_hours) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
        return [{name: value for name, value in one.items() if value != 0} for one in rows]


GROUP = {"hour": HOUR, "key": "ann", "provider": "groq", "model": "llama", "route": "r", "client": "curl"}


@pytest.mark.parametrize(
    ("fields", "sums"),
    [
        ({}, {"duration_00": 1}),
        ({"duration_ms": 50.0, "ttft_ms": 50.1}, {"duration_00": 1, "ttft_01": 1}),
        ({"duration_ms": 300_000.5, "ttft_ms": 0.0}, {"duration_20": 1, "ttft_00": 1}),
        ({"status": 529, "error_type": "overloaded_error", "ttft_ms": 60}, {"errors": 1, "ttft_01": 1}),
        ({"status": 499, "error_type": "client_closed"}, {"cancelled": 1}),
        ({"input_tokens": 5}, {"input_tokens": 5, "unpriced": 1, "duration_00": 1}),
        ({"output_tokens": 5, "cost_usd": 0.5}, {"output_tokens": 5, "cost_usd": 0.5, "duration_00": 1}),
        ({"input_tokens": 0, "output_tokens": 0}, {"duration_00": 1}),
        ({"usage_estimated": True, "thinking_tokens": 2}, {"estimated": 1, "thinking_tokens": 2, "duration_00": 1}),
        (
            {"cache_read_input_tokens": 3, "cache_creation_input_tokens": 4},
            {"cache_read_input_tokens": 3, "cache_creation_input_tokens": 4, "duration_00": 1},
        ),
    ],
)
def test_what_one_request_adds(engine: Engine, fields: dict[str, Any], sums: dict[str, Any]) -> None:
    assert counted(engine, [row(**fields)]) == [GROUP | {"requests": 1} | sums]


@pytest.mark.parametrize(("model", "counted_as"), [("invented", "other"), (None, "")])
def test_a_model_that_its_provider_does_not_know_is_no_name(engine: Engine, model: str | None, counted_as: str) -> None:
    [found] = counted(engine, [row(upstream_model=model, status=404, error_type="not_found_error")])
    assert found == GROUP | {"model": counted_as, "requests": 1, "errors": 1}


def test_each_hour_is_counted_by_one_kind_of_name_too(engine: Engine) -> None:
    counted(engine, [row(), row(caller="bob")], [row(started_at=MOMENT - timedelta(hours=1), route=None)])
    sums = [
        (one["hour"] - HOUR, one["dimension"], one["name"], one["requests"]) for one in found(engine, usage_hours_by)
    ]
    assert sums == [
        *((-1, dimension, name, 1) for dimension, name in (("", ""), ("client", "curl"), ("key", "ann"))),
        *((-1, dimension, name, 1) for dimension, name in (("model", "llama"), ("provider", "groq"), ("route", ""))),
        *((0, dimension, name, 2) for dimension, name in (("", ""), ("client", "curl"))),
        *((0, "key", name, 1) for name in ("ann", "bob")),
        *((0, dimension, name, 2) for dimension, name in (("model", "llama"), ("provider", "groq"), ("route", "r"))),
    ]


def test_batches_add_up(engine: Engine) -> None:
    priced = row(input_tokens=1, cost_usd=0.25, ttft_ms=1)
    rows = counted(engine, [priced, priced], [priced, row(caller="bob")])
    assert rows == [
        GROUP | {"requests": 3, "input_tokens": 3, "cost_usd": 0.75, "duration_00": 3, "ttft_00": 3},
        GROUP | {"key": "bob", "requests": 1, "duration_00": 1},
    ]


def test_a_day_begins_and_ends_in_utc(engine: Engine) -> None:
    rows = counted(engine, [row(), row(started_at=MOMENT + timedelta(seconds=1))])
    assert [one["hour"] for one in rows] == [HOUR, HOUR + 1]
    assert [(one["day"], one["requests"]) for one in found(engine, usage_days)] == [
        (HOUR // 24, 1),
        (HOUR // 24 + 1, 1),
    ]


def test_what_is_not_known_is_empty_and_what_is_long_is_cut(engine: Engine) -> None:
    nothing = {"caller": None, "provider": None, "upstream_model": None, "route": None, "client": None}
    long = {"caller": "k" * 70, "upstream_model": "m" * 300, "route": "r" * 300}
    rows = counted(engine, [row(**nothing), row(**long)])
    assert [(one["key"], one["model"], one["route"]) for one in rows] == [
        ("", "", ""),
        ("k" * 63, "m" * 200, "r" * 200),
    ]


def test_when_a_key_was_last_used_never_goes_back(engine: Engine) -> None:
    later = MOMENT + timedelta(minutes=3)
    counted(engine, [row(), row(started_at=later), row(caller="bob"), row(caller=None)], [row()])
    with engine.connect() as connection:
        uses = {row.key: row.last_used_at for row in connection.execute(select(key_uses))}
    assert uses == {"ann": later, "bob": MOMENT}


def test_the_log_writer_counts(engine: Engine) -> None:
    with write_engine(engine).begin() as connection:
        _insert(connection, [row(), row()])
    assert [one["requests"] for one in found(engine)] == [2]
    assert [one["requests"] for one in found(engine, usage_days)] == [2]


def test_a_log_that_is_there_is_counted_as_one_that_comes(tmp_path: Any) -> None:
    chance = random.Random(7)
    rows = [_any(chance) for _ in range(400)]
    engine = open_engine(f"sqlite:///{tmp_path}/old.db")
    to(engine, "0002")
    added = ("client", "error", "cost_usd", "replay_of")  # by the migration that counts
    with write_engine(engine).begin() as connection:
        old = [{name: value for name, value in one.to_dict().items() if name not in added} for one in rows]
        connection.execute(insert(request_logs), old)
    to(engine, "0003")
    another = open_engine(f"sqlite:///{tmp_path}/new.db")
    to(another, "0003")
    with write_engine(another).begin() as connection:
        count(connection, rows)
    for table in (usage_hours, usage_days, usage_hours_by, key_uses):
        assert found(engine, table) == found(another, table)
    assert len(found(engine)) > 100
    to(engine, "0002")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM request_logs")).scalar() == 400


def _any(chance: random.Random) -> RequestRow:
    status, error_type = chance.choice(
        [(200, None), (200, None), (404, "not_found_error"), (499, "client_closed"), (500, "api_error")]
    )
    edges = [0.0, *HISTOGRAM_MS, *(edge + 0.1 for edge in HISTOGRAM_MS)]
    return row(
        started_at=MOMENT + timedelta(seconds=chance.randrange(-200_000, 200_000)),
        caller=chance.choice([None, "", "ann", "bob", "k" * 70]),
        provider=chance.choice([None, "groq", "openai"]),
        upstream_model=chance.choice([None, "llama", "m" * 300]),
        route=chance.choice([None, "r"]),
        client=None,
        status=status,
        error_type=error_type,
        input_tokens=chance.choice([None, 0, 17]),
        output_tokens=chance.choice([None, 0, 5]),
        cache_read_input_tokens=chance.choice([None, 1000]),
        usage_estimated=chance.random() < 0.2,
        ttft_ms=chance.choice([None, *edges]),
        duration_ms=chance.choice(edges),
    )
