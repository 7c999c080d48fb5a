import threading
from datetime import UTC, datetime, timedelta

import gevent
import pytest
from sqlalchemy import func, insert, select, text

from ccproxy.store import retention as module
from ccproxy.store.logbook import RequestRow
from ccproxy.store.models import audit_events, captures, request_logs, usage_days, usage_hours, usage_hours_by
from ccproxy.store.retention import EVERY, Retention
from ccproxy.store.session import write_engine
from ccproxy.store.storage import used_bytes

NOW = datetime(2026, 11, 28, 6, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LARGE = 1 << 40


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def retention(engine, said):
    return Retention(engine, 30, 3, LARGE, said)


def write(engine, table, rows):
    with write_engine(engine).begin() as connection:
        connection.execute(insert(table), rows)


def requests(engine, ages, **fields):
    """Requests that began so many days ago."""
    made = [RequestRow(request_id=str(age), started_at=NOW - age * DAY, status=200, **fields) for age in ages]
    write(engine, request_logs, [one.to_dict() for one in made])


def bodies(engine, ages, size=10):
    write(
        engine,
        captures,
        [
            {"request_id": f"c{age}", "captured_at": NOW - age * DAY, "request": b"x" * size}
            | {"truncated": False, "size": size}
            for age in ages
        ],
    )


def kept(engine, column):
    with engine.connect() as connection:
        return connection.execute(select(column).order_by(column)).scalars().all()


def test_what_is_too_old_goes_and_nothing_else(engine, retention):
    requests(engine, [0, 29, 29.9, 30.1, 100])
    bodies(engine, [0, 2.9, 3.1, 29])
    periods = {"key": "", "provider": "", "model": "", "route": "", "client": ""}
    hour = int(NOW.timestamp()) // 3600
    write(engine, usage_hours, [{"hour": hour - 24 * age, **periods} for age in (0, 89, 91, 300)])
    write(
        engine, usage_hours_by, [{"hour": hour - 24 * age, "dimension": "", "name": ""} for age in (0, 89, 91, 92, 300)]
    )
    write(engine, usage_days, [{"day": hour // 24 - age, **periods} for age in (0, 400, 4000)])
    event = {"at": NOW - 4000 * DAY, "actor": "key", "address": "::1", "action": "a", "subject": "s"}
    write(engine, audit_events, [event])
    assert retention.sweep(NOW) == 2 + 2 + 2 + 3
    assert kept(engine, request_logs.c.request_id) == ["0", "29", "29.9"]
    assert kept(engine, captures.c.request_id) == ["c0", "c2.9"]
    assert kept(engine, usage_hours.c.hour) == [hour - 24 * 89, hour]
    assert kept(engine, usage_hours_by.c.hour) == [hour - 24 * 89, hour]
    assert len(kept(engine, usage_days.c.day)) == 3
    assert len(kept(engine, audit_events.c.id)) == 1
    assert retention.sweep(NOW) == 0


def test_it_deletes_a_little_at_a_time(engine, retention, monkeypatch):
    monkeypatch.setattr(module, "STEP_ROWS", 7)
    requests(engine, [31 + n / 100 for n in range(30)])
    sizes = []
    real = retention._writer.run
    monkeypatch.setattr(retention._writer, "run", lambda step: sizes.append(real(step)) or sizes[-1])
    assert retention.sweep(NOW) == 30
    assert [size for size in sizes if size] == [7, 7, 7, 7, 2]


def test_large_bodies_are_deleted_a_few_at_a_time(engine, retention, monkeypatch):
    monkeypatch.setattr(module, "STEP_BYTES", 250)
    bodies(engine, [4 + n / 100 for n in range(5)], size=100)
    bodies(engine, [5], size=1000)
    sizes = []
    real = retention._writer.run
    monkeypatch.setattr(retention._writer, "run", lambda step: sizes.append(real(step)) or sizes[-1])
    assert retention.sweep(NOW) == 6
    assert [size for size in sizes if size] == [1, 2, 2, 1]


def test_others_write_in_between(engine, retention, monkeypatch):
    """Whoever wants to write while it deletes gets in, long before it is done."""
    monkeypatch.setattr(module, "STEP_ROWS", 1)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.002)
    requests(engine, [31 + n / 1000 for n in range(60)])
    sweeping = gevent.spawn(retention.sweep, NOW)
    gevent.sleep(0.02)
    requests(engine, [1])
    assert not sweeping.ready()
    assert sweeping.get(timeout=30) == 60
    assert kept(engine, request_logs.c.request_id) == ["1"]


def test_a_database_that_is_too_large_loses_its_oldest(engine, said, monkeypatch):
    monkeypatch.setattr(module, "SPARED_ROWS", 10)
    requests(engine, [n / 10 for n in range(10, 290)], error="x" * 3000)
    bodies(engine, [0.5, 0.6, 2], size=100_000)
    with engine.connect() as connection:
        used = used_bytes(connection)
    most = used // 2
    module_rows = len(kept(engine, request_logs.c.id))
    small = Retention(engine, 30, 3, most, said)
    assert small.sweep(NOW) > 0
    with engine.connect() as connection:
        assert used_bytes(connection) <= most - most // 16, "there is room for what comes before the next round"
        oldest = connection.execute(select(func.min(request_logs.c.started_at))).scalar()
        left = connection.execute(select(func.count()).select_from(request_logs)).scalar()
    assert 0 <= left < module_rows
    assert oldest is None or oldest > NOW - 28 * DAY
    assert said.events == []


def test_the_newest_few_stay_however_large_the_database_is(engine, said, monkeypatch):
    monkeypatch.setattr(module, "SPARED_ROWS", 2)
    requests(engine, [0.001, 0.002, 5])
    bodies(engine, [0.001, 0.5])
    assert Retention(engine, 30, 3, 1, said).sweep(NOW) == 3
    assert kept(engine, request_logs.c.request_id) == ["0.001", "0.002"]
    assert kept(engine, captures.c.request_id) == []
    assert said.texts == ["the database is larger than CCPROXY_LOG_MAX_MB, and not for its log's sake"]


def test_bodies_go_however_new_they_are_where_they_fill_the_database(engine, said):
    requests(engine, [0.001, 0.002])
    with engine.connect() as connection:
        most = used_bytes(connection) + 500_000
    bodies(engine, [0.001 + number / 1_000_000 for number in range(100)], size=50_000)
    assert Retention(engine, 30, 3, most, said).sweep(NOW) == 100
    assert kept(engine, request_logs.c.request_id) == ["0.001", "0.002"]
    assert said.events == []


def test_a_flood_of_the_last_minutes_goes_too(engine, said, monkeypatch):
    monkeypatch.setattr(module, "SPARED_ROWS", 10)
    with engine.connect() as connection:
        empty = used_bytes(connection)
    requests(engine, [n / 1e6 for n in range(500)], error="x" * 3000)
    Retention(engine, 30, 3, empty + 200_000, said).sweep(NOW)
    with engine.connect() as connection:
        assert used_bytes(connection) <= empty + 200_000
    assert 10 <= len(kept(engine, request_logs.c.id)) < 200
    assert said.events == []


def test_of_all_workers_one_gets_its_turn(engine, said):
    workers = [Retention(engine, 30, 3, LARGE, said) for _ in range(4)]
    got = []
    threads = [threading.Thread(target=lambda one=one: got.append(one.claim(NOW))) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(got) == [False, False, False, True]
    assert not workers[0].claim(NOW + EVERY - timedelta(seconds=1))
    assert workers[0].claim(NOW + EVERY)


def test_it_goes_on_by_itself_and_over_a_failure(engine, retention, said, monkeypatch):
    monkeypatch.setattr(module, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(module, "EVERY", timedelta(seconds=0.02))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE chores RENAME TO hidden"))
    retention.start()
    retention.start()  # a second one does nothing
    until(lambda: said.events)
    assert said.texts[0] == "old rows cannot be deleted"
    requests(engine, [10_000])
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO chores"))
    until(lambda: kept(engine, request_logs.c.id) == [])
    retention.stop()
    until(lambda: retention._greenlet.dead)


def until(true, seconds=20.0):
    with gevent.Timeout(seconds, AssertionError("it never came true")):
        while not true():
            gevent.sleep(0.005)
