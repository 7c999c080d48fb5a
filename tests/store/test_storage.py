from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from sqlalchemy import delete, insert, text

from ccproxy.store.logbook import RequestRow
from ccproxy.store.models import captures, request_logs
from ccproxy.store.session import sqlite_path, write_engine
from ccproxy.store.storage import measure, used_bytes

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


def measured(engine):
    with engine.connect() as connection:
        return measure(connection)


def test_an_empty_database(engine, url):
    found = measured(engine)
    assert (found["requests"], found["oldest"], found["captures"]) == (0, None, 0)
    assert found["capture_bytes"] == 0
    assert found["bytes"] >= sqlite_path(url).stat().st_size > 0


def test_what_is_kept_and_what_of_it_is_free(engine):
    rows = [
        RequestRow(request_id=str(n), started_at=MOMENT + timedelta(hours=n), status=200, error="x" * 2000).to_dict()
        for n in range(100)
    ]
    with write_engine(engine).begin() as connection:
        connection.execute(insert(request_logs), rows)
        rows = [{"request_id": name, "captured_at": MOMENT, "request": b"t", "truncated": False} for name in "12"]
        connection.execute(insert(captures), [{**row, "size": size} for row, size in zip(rows, (5, 37), strict=True)])
    before = measured(engine)
    assert (before["requests"], before["oldest"], before["captures"]) == (100, MOMENT, 2)
    assert before["capture_bytes"] == 42
    with engine.connect() as connection:
        used = used_bytes(connection)
    with write_engine(engine).begin() as connection:
        connection.execute(delete(request_logs).where(request_logs.c.id <= 90))
    after = measured(engine)
    assert (after["requests"], after["oldest"]) == (10, MOMENT + timedelta(hours=90))
    assert after["free_bytes"] > before["free_bytes"] + 90 * 2000
    with engine.connect() as connection:
        assert used_bytes(connection) < used - 90 * 2000
        connection.execute(text("SELECT 1"))


def test_of_another_database_nothing_is_known_that_is_free():
    assert used_bytes(SimpleNamespace(dialect=SimpleNamespace(name="postgresql"))) is None
