import sqlite3
from datetime import UTC, datetime, timedelta

import gevent
import pytest
from gevent.event import Event
from sqlalchemy import select, text

from ccproxy.store import logbook as module
from ccproxy.store import session
from ccproxy.store.logbook import BATCH_ROWS, Logbook, RequestRow
from ccproxy.store.models import key_uses, request_logs
from ccproxy.store.session import sqlite_path

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
FULL = {
    "request_id": "6a1b",
    "started_at": MOMENT,
    "caller": "local",
    "client_ip": "127.0.0.1",
    "provider": "groq",
    "model": "groq/llama",
    "upstream_model": "llama",
    "route": "outright",
    "stream": True,
    "status": 529,
    "error_type": "overloaded_error",
    "stop_reason": "end_turn",
    "input_tokens": 1,
    "output_tokens": 2,
    "cache_read_input_tokens": 3,
    "cache_creation_input_tokens": 4,
    "thinking_tokens": 5,
    "usage_estimated": True,
    "ttft_ms": 1.5,
    "duration_ms": 2.5,
    "dropped": ["top_k", "tools[3].cache_control"],
    "attempts": [{"provider": "groq", "status": 529, "error_type": "api_error", "started_ms": 0.5, "ended_ms": 2.5}],
    "session_id": "s",
    "user_agent": "claude-cli/2",
    "client": "claude-cli",
    "error": "the provider answered with HTTP 529",
    "cost_usd": 0.25,
    "replay_of": "req_0",
}


def row(number: int = 0, **fields) -> RequestRow:
    return RequestRow(**{"request_id": str(number), "started_at": MOMENT, "status": 200, **fields})


def stored(engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(select(request_logs.c.request_id).order_by(request_logs.c.id)).scalars())


def totals(engine) -> tuple[int, int]:
    with engine.connect() as connection:
        return tuple(connection.execute(text("SELECT total, failed FROM request_totals")).one())


def until(true, seconds=20.0):
    """Poll with the hub running."""
    with gevent.Timeout(seconds, AssertionError("it never came true")):
        while not true():
            gevent.sleep(0.005)


class Lock:
    """SQLite's write lock, held by somebody else."""

    def __init__(self, url):
        self.connection = sqlite3.connect(sqlite_path(url), isolation_level=None)
        self.connection.execute("BEGIN IMMEDIATE")

    def release(self):
        self.connection.execute("COMMIT")
        self.connection.close()


@pytest.fixture
def logbook(engine, said):
    made = Logbook(engine, report=said)
    yield made
    made.stop(0)


@pytest.fixture
def impatient(monkeypatch):
    """Waits that are long on purpose made short."""
    monkeypatch.setattr(session, "WRITE_SECONDS", 0.02)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)


def test_a_row_is_kept_field_by_field(engine, logbook):
    logbook.record(RequestRow(**FULL))
    logbook.stop()
    with engine.connect() as connection:
        kept = connection.execute(select(request_logs)).mappings().one()
    assert {name: value for name, value in kept.items() if name != "id"} == FULL


def test_a_row_as_a_dictionary_has_every_column():
    assert RequestRow(**FULL).to_dict() == FULL
    assert set(FULL) == {column.name for column in request_logs.columns} - {"id"}


def test_rows_come_in_while_it_runs(engine, logbook):
    logbook.start()
    logbook.start()  # a second one does nothing
    logbook.record(row(1))
    until(lambda: stored(engine) == ["1"])
    logbook.record(row(2))
    until(lambda: stored(engine) == ["1", "2"])
    until(lambda: logbook.queued == 0)


def test_stop_writes_everything_in_order(engine, logbook, said):
    logbook.start()
    count = 5 * BATCH_ROWS + 7
    for number in range(count):
        logbook.record(row(number))
    logbook.stop()
    assert stored(engine) == [str(number) for number in range(count)]
    assert (logbook.queued, logbook.dropped, said.events) == (0, 0, [])


def test_rows_from_before_the_start_and_from_after_a_stop_are_kept_too(engine, logbook):
    logbook.record(row(1))
    logbook.stop()
    logbook.record(row(2))
    logbook.stop()
    logbook.start()
    logbook.record(row(3))
    logbook.stop()
    assert stored(engine) == ["1", "2", "3"]


def test_two_may_stop_it_at_once(engine, logbook):
    logbook.start()
    for number in range(3):
        logbook.record(row(number))
    stopping = [gevent.spawn(logbook.stop) for _ in range(2)]
    for greenlet in stopping:
        greenlet.get(timeout=20)
    assert stored(engine) == ["0", "1", "2"]
    assert (logbook.queued, logbook.dropped) == (0, 0)


def test_one_transaction_for_a_batch(engine, logbook, monkeypatch):
    sizes = []
    insert = module._insert
    monkeypatch.setattr(module, "_insert", lambda c, rows: (sizes.append(len(rows)), insert(c, rows)))
    for number in range(2 * BATCH_ROWS + 1):
        logbook.record(row(number))
    logbook.stop()
    assert sizes == [BATCH_ROWS, BATCH_ROWS, 1]


def test_a_full_queue_drops_and_counts(engine, said):
    logbook = Logbook(engine, limit=3, report=said)
    for number in range(8):
        logbook.record(row(number))
    assert (logbook.queued, logbook.dropped) == (3, 5)
    logbook.start()
    until(lambda: "request log rows dropped" in said.texts)
    logbook.stop()
    assert stored(engine) == ["0", "1", "2"]
    assert said.events == [("request log rows dropped", {"dropped": 5, "total": 5})], "said once"


def test_a_held_lock_stops_neither_callers_nor_the_hub(engine, url, logbook):
    lock = Lock(url)
    logbook.start()
    logbook.record(row(1))
    for number in range(2, 80):  # each turn needs the hub
        gevent.sleep(0.005)
        logbook.record(row(number))
    assert stored(engine) == []
    lock.release()
    until(lambda: len(stored(engine)) == 79)
    assert logbook.dropped == 0


@pytest.mark.usefixtures("impatient")
def test_it_tries_again_until_the_database_takes_them(engine, url, logbook, said):
    lock = Lock(url)
    logbook.start()
    logbook.record(row(1))
    until(lambda: said.texts.count("request log cannot be written") >= 3)
    assert said.events[0][1] == {"error": "database is locked", "queued": 1}
    logbook.record(row(2))
    lock.release()
    until(lambda: stored(engine) == ["1", "2"])


@pytest.mark.usefixtures("impatient")
def test_the_same_when_the_disk_is_full(engine, logbook, said):
    with engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()

    def limit(connection, rows):
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        insert(connection, rows)

    insert = module._insert
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_insert", limit)
        logbook.start()
        for number in range(50):
            logbook.record(row(number, user_agent="x" * 2000))
        until(lambda: len(said.texts) >= 2)
    assert said.events[0][1]["error"] == "database or disk is full"
    until(lambda: len(stored(engine)) == 50)
    assert logbook.dropped == 0


@pytest.mark.usefixtures("impatient")
def test_stop_keeps_its_deadline(engine, url, logbook, said):
    lock = Lock(url)
    logbook.start()
    for number in range(4):
        logbook.record(row(number))
    with gevent.Timeout(20, AssertionError("stop did not end")):
        logbook.stop(0.2)
    assert (logbook.queued, logbook.dropped) == (0, 4)
    assert said.events[-1] == ("request log rows dropped", {"dropped": 4, "total": 4})
    lock.release()


@pytest.mark.parametrize(
    "fields",
    [{"model": "\ud83d"}, {"input_tokens": 2**70}, {"status": None}, {"attempts": [object()]}, {"caller": {}}],
    ids=["lone surrogate", "too large", "null", "no JSON", "wrong type"],
)
def test_a_row_that_cannot_be_stored_costs_no_other(engine, logbook, said, fields):
    for number in range(3):
        logbook.record(row(number, **(fields if number == 1 else {})))
    logbook.stop()
    assert stored(engine) == ["0", "2"]
    assert totals(engine) == (2, 0)
    assert (logbook.queued, logbook.dropped) == (0, 1)
    assert said.texts == ["request log row refused", "request log rows dropped"]
    assert said.events[0][1]["request_id"] == "1"


def test_totals(engine, logbook):
    for status, error in (
        (200, None),
        (400, "invalid_request_error"),
        (529, "overloaded_error"),
        (499, "client_closed"),
    ):
        logbook.record(row(status=status, error_type=error))
    logbook.stop()
    assert totals(engine) == (4, 2), "a client that leaves is nobody's failure"


def test_times_of_any_zone(engine, logbook):
    logbook.record(row(started_at=MOMENT.astimezone(None) + timedelta(0)))
    logbook.stop()
    with engine.connect() as connection:
        assert connection.execute(select(request_logs.c.started_at)).scalar_one() == MOMENT


def last_used(engine):
    with engine.connect() as connection:
        return {row.key: row.last_used_at for row in connection.execute(select(key_uses))}


def test_a_key_in_use_is_noted_without_a_row_and_once_a_minute(logbook, engine):
    logbook.start()
    logbook.used("ann", MOMENT)
    until(lambda: last_used(engine) == {"ann": MOMENT})
    logbook.used("ann", MOMENT + timedelta(seconds=59))
    logbook.used("bob", MOMENT + timedelta(seconds=60))
    until(lambda: "bob" in last_used(engine))
    assert last_used(engine)["ann"] == MOMENT
    logbook.used("ann", MOMENT + timedelta(seconds=60))
    until(lambda: last_used(engine)["ann"] == MOMENT + timedelta(seconds=60))
    assert stored(engine) == []


def test_uses_wait_for_a_locked_database_and_are_written_beside_a_refused_row(logbook, engine, url):
    lock = Lock(url)
    logbook.start()
    logbook.used("ann", MOMENT)
    logbook.record(row(1, status=None))
    logbook.record(row(2))
    gevent.sleep(0.01)
    lock.release()
    until(lambda: last_used(engine) == {"ann": MOMENT} and stored(engine) == ["2"])
    until(lambda: logbook.dropped == 1)


def test_a_row_that_is_written_just_when_patience_ends_is_not_lost(engine, logbook, monkeypatch, capfd):
    written, told = Event(), Event()
    run = logbook._writer.run

    def late(work):
        run(work)
        written.set()
        told.wait()

    monkeypatch.setattr(logbook._writer, "run", late)
    logbook.record(row())
    logbook.start()
    assert written.wait(20)
    logbook._greenlet.join = lambda timeout: told.set()
    logbook.stop()
    assert (stored(engine), logbook.queued, logbook.dropped) == (["0"], 0, 0)
    gevent.idle()
    assert capfd.readouterr().err == "", "gevent prints what a greenlet raises"
